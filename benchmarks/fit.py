"""Training one model: nnzoo against a plain torch loop, scikit-learn and Keras.

    python -m benchmarks.fit [TASK ...] [--device cuda] [--repeats 5] [--quick]

The seconds of nnzoo are its ``fit_seconds``, with metrics and checkpoints. The plain loop measures
and writes nothing. Keras runs on each backend that is installed: its first ``fit``, which includes
compilation, and a second ``fit`` of the compiled model.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import (
    Seconds,
    alternate,
    arguments_of,
    ratios,
    report,
    run_python,
    spread,
)
from benchmarks.peers import add_backends, backend_environment, installed
from benchmarks.tasks import OVERRIDES, Task, plain_loop, save, task, train_one

QUICK = ("trainer.max_epochs=2",)


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    parser = arguments_of("fit", __doc__, repeats=5)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(OVERRIDES)}")
    add_backends(parser)
    asked = parser.parse_args(arguments)
    names = asked.tasks or list(OVERRIDES)
    if unknown := set(names) - set(OVERRIDES):
        parser.error(f"no task {', '.join(sorted(unknown))}; there are {', '.join(OVERRIDES)}")
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            rows += measure(name, Path(folder), asked)
    report(f"fit on {asked.device}", rows, asked.csv)


def measure(name: str, folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for each way to train a task."""
    trainer = "trainer=gpu" if asked.device == "cuda" else "trainer=cpu"
    options = (trainer, *(QUICK if asked.quick else ()))
    todo = task(name, folder, *options)
    ways: dict[str, Callable[[], Any]] = {
        "nnzoo": lambda: Seconds(train_one(folder, *todo.overrides)["fit_seconds"]),
        "torch loop": partial(plain_loop, todo, torch.device(asked.device)),
    }
    if asked.device == "cpu":
        ways["scikit-learn"] = partial(sklearn_fit, todo)
    compiled: dict[str, list[float]] = {}
    ways |= keras_ways(todo, folder, asked.backends, compiled)
    alternate({way: ways[way] for way in ("nnzoo", "torch loop")}, 1)  # loads libraries
    compiled.clear()
    seconds = alternate(ways, 1 if asked.quick else asked.repeats)
    return [
        {
            "task": name,
            "steps": todo.steps,
            "way": way,
            **spread("seconds", found),
            **ratios("nnzoo / it", seconds["nnzoo"], found),
        }
        for way, found in (seconds | compiled).items()
    ]


def sklearn_fit(task: Task) -> None:
    """Train the network of scikit-learn with the same sizes for as many epochs.

    Its regressor has no sigmoid output, so it computes a little less than the others.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if task.loss == "mse" else MLPClassifier
    model = kind(
        hidden_layer_sizes=task.widths[1:-1],
        activation={"sigmoid": "logistic"}.get(task.hidden, task.hidden),
        batch_size=task.batch,
        learning_rate_init=task.rate,
        max_iter=task.epochs,
        alpha=0,
        tol=0,
        n_iter_no_change=task.epochs,  # otherwise it stops early
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(task.x.numpy(), task.y.numpy())
    assert model.n_iter_ == task.epochs


def keras_ways(
    task: Task, folder: Path, backends: list[str], compiled: dict[str, list[float]]
) -> dict[str, Callable[[], Seconds]]:
    """Return a way to train by Keras for each backend that is installed.

    Args:
        task: the training.
        folder: for a file with the task.
        backends: that are wanted.
        compiled: receives the seconds of ``fit`` of compiled models.
    """
    if not (backends := installed(backends)):
        return {}
    path = save(task, folder)

    def fit(backend: str) -> Seconds:
        command = ["-m", "benchmarks.keras_fit", str(path)]
        seconds = json.loads(run_python(command, backend_environment(backend)).splitlines()[-1])
        compiled.setdefault(f"keras on {backend}, compiled", []).append(seconds["compiled"])
        return Seconds(seconds["fit"])

    return {f"keras on {backend}": partial(fit, backend) for backend in backends}


if __name__ == "__main__":
    main()
