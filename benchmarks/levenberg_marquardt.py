"""Levenberg-Marquardt on the parabola: against Adam, torch-levenberg-marquardt and SciPy.

    pip install torch-levenberg-marquardt
    python -m benchmarks.levenberg_marquardt [--repeats 3] [--quick]

Networks with two hidden layers of 10 tanh units learn ``y = 2 x^2 + 7``, both sides standardized,
from 20 seeds. The first table compares the time to a mean squared error of 1e-7 within 100 steps
from equal first weights; SciPy's ``least_squares`` gets an exact Jacobian in NumPy. The second
compares the time to the error that Adam has after 500 epochs. Processor's time is of this process.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits
from torch import Tensor

from benchmarks.measure import Seconds, alternate, arguments_of, ratios, report, spread
from nnzoo import create_data
from nnzoo.data import DataModule
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.engine.stopping import EarlyStopping
from nnzoo.models import MLP
from nnzoo.runs import trainer as runs_trainer
from nnzoo.runs.isolated import isolated

SEEDS = range(101, 121)
GOAL, STEPS, ADAM_EPOCHS = 1e-7, 100, 500
LM = {"name": "levenberg_marquardt"}


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    asked = arguments_of("levenberg_marquardt", __doc__, repeats=3).parse_args(arguments)
    torch.set_num_threads(1)
    threadpool_limits(1)  # of NumPy and SciPy
    seeds, repeats = (SEEDS[:2], 1) if asked.quick else (SEEDS, asked.repeats)
    whole = create_data("parabola", scale="standard", target_scale="standard", batch_size=None)
    parts = create_data("parabola", scale="standard", target_scale="standard")
    train(whole, seeds[:1], LM, 5, GOAL)  # loads libraries
    ways: dict[str, Callable[[], Seconds]] = {
        "nnzoo, together": partial(train, whole, seeds, LM, STEPS, GOAL),
        "nnzoo, one by one": partial(one_by_one, whole, seeds, LM, STEPS, [GOAL] * len(seeds)),
        "SciPy least_squares": partial(by_scipy, whole, seeds),
    }
    if find_spec("torch_levenberg_marquardt") is None:
        print("torch-levenberg-marquardt is not installed")
    else:
        ways["torch-levenberg-marquardt"] = partial(by_peer, whole, seeds)
    rows = table("to 1e-7", ways, repeats)

    epochs = 20 if asked.quick else ADAM_EPOCHS
    adam = {"name": "adam", "lr": 0.01}
    reached = train(parts, seeds, adam, epochs).found["errors"]
    ways = {
        "levenberg_marquardt": partial(one_by_one, whole, seeds, LM, STEPS, reached),
        "adam": partial(one_by_one, parts, seeds, adam, epochs, [None] * len(seeds)),
    }
    rows += table("to the error of Adam", ways, repeats)
    report("Levenberg-Marquardt", rows, asked.csv)


def table(task: str, ways: dict[str, Callable[[], Seconds]], repeats: int) -> list[dict[str, Any]]:
    """Return a row for each way, with the ratio of each to the first."""
    found = alternate(ways, repeats)
    used = {way: [one.found["processor"] for one in all_] for way, all_ in found.items()}
    first = next(iter(ways))
    rows = []
    for way in ways:
        errors = found[way][0].found["errors"]
        row: dict[str, Any] = {"task": task, "way": way, "seeds": len(errors)}
        row |= {"at most 1e-7": sum(error <= GOAL for error in errors)}
        row |= {"median error": float(np.median(errors)), "largest error": max(errors)}
        row |= spread("seconds", found[way]) | spread("CPU seconds", used[way])
        row |= ratios(f"it / {first}", found[way], found[first])
        rows.append(row | ratios("CPU ratio", used[way], used[first]))
    return rows


def timed(work: Callable[[], list[float]]) -> Seconds:
    """Return the seconds of a work that returns errors, with them and the processor's time."""
    wall, processor = time.perf_counter(), time.process_time()
    errors = work()
    used = time.process_time() - processor
    return Seconds(time.perf_counter() - wall, processor=used, errors=errors)


def new_model(seed: int, data: DataModule, optimizer: dict[str, Any]) -> MLP:
    """Return a network with the first weights of a seed."""
    torch.manual_seed(seed)
    model = MLP(1, 1, "regression", hidden=(10, 10), optimizer=optimizer)
    model.set_scaling(data)
    return model


def train(
    data: DataModule,
    seeds: Sequence[int],
    optimizer: dict[str, Any],
    epochs: int,
    goal: float | None = None,
) -> Seconds:
    """Train networks together by nnzoo's engine; each stops at the goal, if there is one."""

    def stopping() -> EarlyStopping | None:
        if goal is None:
            return None
        stops = EarlyStopping(patience=epochs, stopping_threshold=goal)
        stops.set_monitor("loss", ["loss"])
        return stops

    members = [
        Member(
            new_model(seed, data, optimizer),
            data,
            seed,
            Progress(epochs),
            write=lambda progress: None,
            stopping=stopping(),
        )
        for seed in seeds
    ]

    def work() -> list[float]:
        with isolated():
            runs_trainer.silence_warnings()
            engine = Engine(members, Plan(epochs, every=epochs if goal is None else 1))
            options = {"accelerator": "cpu", "devices": 1, "max_epochs": 1, "logger": False}
            runs_trainer.fit(
                runs_trainer.pl.Trainer(**options, **runs_trainer.DEFAULTS),
                engine.interrupts,
                engine,
            )
        return [member.progress.best.value for member in members if member.progress.best]

    return timed(work)


def one_by_one(
    data: DataModule,
    seeds: Sequence[int],
    optimizer: dict[str, Any],
    epochs: int,
    goals: Sequence[float | None],
) -> Seconds:
    """Train networks one after the other by nnzoo's engine, each to its own goal."""
    found = [
        train(data, [seed], optimizer, epochs, goal)
        for seed, goal in zip(seeds, goals, strict=True)
    ]
    processor = sum(one.found["processor"] for one in found)
    errors = [error for one in found for error in one.found["errors"]]
    return Seconds(sum(found), processor=processor, errors=errors)


def by_peer(data: DataModule, seeds: Sequence[int]) -> Seconds:
    """Train by torch-levenberg-marquardt, in float64, with its defaults."""
    from torch_levenberg_marquardt.loss import MSELoss
    from torch_levenberg_marquardt.training import LevenbergMarquardtModule

    x, y = data.train.x.double(), float64(data.train.y)

    def work() -> list[float]:
        errors = []
        for seed in seeds:
            net = new_model(seed, data, LM).net.double()
            module = LevenbergMarquardtModule(net, MSELoss())
            for _ in range(STEPS):
                module.training_step(x, y)
                with torch.no_grad():
                    error = float((net(x) - y).square().mean())
                if error <= GOAL:
                    break
            errors.append(error)
        return errors

    return timed(work)


def by_scipy(data: DataModule, seeds: Sequence[int]) -> Seconds:
    """Train by SciPy's ``least_squares``, whose trust region replaces the damping."""
    x, y = data.train.x.double().numpy(), float64(data.train.y).numpy()[:, 0]

    def work() -> list[float]:
        errors = []
        for seed in seeds:
            net = new_model(seed, data, LM).net.double()
            start = torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
            best = [np.inf]

            def residuals(w: Any, best: list[float] = best) -> Any:
                r = network(w, x)[-1][:, 0] - y
                best[0] = min(best[0], float((r**2).mean()))
                if best[0] <= GOAL:
                    raise StopIteration
                return r

            with suppress(StopIteration):
                least_squares(residuals, start, lambda w: jacobian(w, x), max_nfev=STEPS)
            errors.append(best[0])
        return errors

    return timed(work)


def network(w: Any, x: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Return the second and third layer's weights, and the outputs of all layers."""
    w1, b1, w2, b2, w3, b3 = np.split(w, np.cumsum([10, 10, 100, 10, 10]))
    w2, w3 = w2.reshape(10, 10), w3.reshape(1, 10)
    one = np.tanh(x * w1 + b1)
    two = np.tanh(one @ w2.T + b2)
    return w2, w3, one, two, two @ w3.T + b3


def jacobian(w: Any, x: Any) -> Any:
    """Return the derivatives of the outputs by the weights, (points, 141)."""
    w2, w3, one, two, _ = network(w, x)
    d2 = w3 * (1 - two**2)
    d1 = d2 @ w2 * (1 - one**2)
    by_w2 = (d2[:, :, None] * one[:, None]).reshape(len(x), -1)
    return np.hstack([d1 * x, d1, by_w2, d2, two, np.ones_like(x)])


def float64(values: Tensor | None) -> Tensor:
    """Return targets, which the parabola has, in float64."""
    assert values is not None
    return values.double()


if __name__ == "__main__":
    main()
