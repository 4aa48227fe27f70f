"""Sweeps: many models trained together, against one after the other and against other programs.

    python -m benchmarks.sweep [PART ...] [--members 100] [--many 1000] [--repeats 3]
                               [--before CHECKOUT] [--quick]

The parts are

    fits      the fits of all seeds one after the other, over those of one population; for the
              autoencoder also scikit-learn's MLPRegressor through joblib
    rates     the fit of members with different learning rates, over that of members with one rate
    commands  the whole command with hydra/launcher=basic, over the default
    many      very many seeds without any figure: the whole command over its own fit, and the peak
              memory; also of another checkout of nnzoo, such as the commit before
    figures   seconds per job that figures=default adds to the command
    gans      GANs one after the other, over one population
    jax       the same autoencoders written by hand in JAX: fit against run, command against program
    curve     seconds per member of one population, by the number of members

Without a PART all are measured. The candidates of a part run in alternation.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Seconds, alternate, arguments_of, ratios, report, spread
from benchmarks.sweep_ways import (
    Sweep,
    command,
    draw_curve,
    jax_program,
    mean_loss,
    one_by_one,
    scikit_learn,
    together,
    together_on_one_core,
)

MODELS = ("autoencoder", "competitive", "sigmoid_classifier")
RATES = {
    "autoencoder": ("model.optimizer.lr", 0.001),
    "competitive": ("model.lr", 0.5),
    "sigmoid_classifier": ("model.optimizer.lr", 0.05),
}
"""The key of the learning rate and its default; others are up to twice as large or small."""

GAN_EPOCHS = 100


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    parser = arguments_of("sweep", __doc__, repeats=3)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--many", type=int, default=1000, help="members of the part many")
    parser.add_argument("--gans", type=int, default=20, help="members of the part gans")
    parser.add_argument("--curve", type=int, nargs="*", default=[1, 10, 30, 100, 300, 1000])
    parser.add_argument("--before", type=Path, help="another checkout, for the part many")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    asked.options = {"trainer.accelerator": "gpu" if asked.device == "cuda" else "cpu"}
    if asked.quick:
        asked.repeats, asked.members, asked.many, asked.gans = 1, 2, 3, 2
        asked.curve = [1, 2]
        asked.options["trainer.max_epochs"] = 2
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.parts or PARTS:
            title, measure = PARTS[name]
            rows = measure(asked, Path(folder))
            if rows:
                file = asked.csv.with_stem(f"{asked.csv.stem}_{name}")
                report(f"{title} on {asked.device}", rows, file)
            if name == "curve":
                draw_curve(rows, asked.csv.with_suffix(".png"))


def fits(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per model: seconds of the fits of all seeds, one by one and together."""
    rows = []
    for model in asked.models:
        sweep = Sweep(model, folder, asked.options)
        seeds = {"seed": range(asked.members)}
        ways: dict[str, Callable[[], Any]] = {
            "one by one": partial(one_by_one, sweep, asked.members),
            "together": partial(together, sweep, seeds),
        }
        if sys.platform == "linux":  # elsewhere there is one process
            ways["in one process"] = partial(together_on_one_core, sweep, seeds)
        if model == "autoencoder":
            epochs = asked.options.get("trainer.max_epochs", 50)
            ways["MLPRegressor"] = partial(scikit_learn, asked.members, epochs)
            scikit_learn(2, 1)  # starts processes
        together(sweep, {"seed": range(2), "trainer.max_epochs": 1})  # loads libraries
        seconds = alternate(ways, asked.repeats)
        row: dict[str, Any] = {"model": model, "members": asked.members}
        for way, found in seconds.items():
            row |= spread(way, found)
            if way != "together":
                row |= ratios(f"{way} / together", found, seconds["together"])
        rows.append(row)
    return rows


def rates(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per model: seconds of the fit with different learning rates and with one."""
    rows = []
    for model in (model for model in asked.models if model in RATES):
        key, rate = RATES[model]
        n = asked.members
        different = [rate * 2 ** (2 * k / max(n - 1, 1) - 1) for k in range(n)]
        sweep = Sweep(model, folder, asked.options)
        ways = {
            "different rates": partial(together, sweep, {key: different}),
            "one rate": partial(together, sweep, {key: [rate] * n}),
        }
        rows.append(_compared({"model": model, "members": n}, ways, asked.repeats))
    return rows


def commands(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per model: seconds of the command with both launchers, jobs without figures."""
    rows = []
    for model in asked.models:
        sweep = Sweep(model, folder, asked.options)
        ways = {
            "basic": partial(command, sweep, asked.members, "hydra/launcher=basic"),
            "default": partial(command, sweep, asked.members),
        }
        rows.append(_compared({"model": model, "members": asked.members}, ways, asked.repeats))
    return rows


def many(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return rows per model and checkout: seconds of the command and of its fit, peak memory."""
    rows = []
    for model in asked.models:
        sweeps = {"nnzoo": Sweep(model, folder, asked.options)}
        if asked.before is not None:
            sweeps["nnzoo before"] = Sweep(model, folder, asked.options, asked.before.resolve())
        found: dict[str, list[Any]] = {name: [] for name in sweeps}
        for _ in range(asked.repeats):
            for name, sweep in sweeps.items():
                done = command(sweep, asked.many, "hydra/launcher=fused", "figures=none")
                found[name].append(done)
        for name, runs in found.items():
            wholes, own = [run.seconds for run in runs], [run.fit_seconds for run in runs]
            ours = [run.seconds for run in found["nnzoo"]]
            rows.append(
                {
                    "model": model,
                    "program": name,
                    "members": asked.many,
                    **spread("command", wholes),
                    **spread("fit", own),
                    **ratios("command / fit", wholes, own),
                    **spread("MB of the largest process", [run.megabytes for run in runs]),
                    **ratios("nnzoo / it", ours, wholes),
                }
            )
    return rows


def figures(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per model: seconds per job that figures add to the command."""
    rows = []
    for model in asked.models:
        sweep = Sweep(model, folder, asked.options)
        ways = {
            "without": partial(command, sweep, asked.members),
            "with figures": partial(command, sweep, asked.members, "figures=default"),
        }
        seconds = alternate(ways, asked.repeats)
        pairs = zip(seconds["with figures"], seconds["without"], strict=True)
        row = {"model": model, "jobs": asked.members}
        for way, found in seconds.items():
            row |= spread(way, found)
        per_job = [(more - less) / asked.members for more, less in pairs]
        rows.append(row | spread("drawing per job", per_job))
    return rows


def gans(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return one row: seconds of the fits of GANs one by one and together."""
    options = {"trainer.max_epochs": GAN_EPOCHS} | asked.options
    sweep = Sweep("gan", folder, options)
    ways = {
        "one by one": partial(one_by_one, sweep, asked.gans),
        "together": partial(together, sweep, {"seed": range(asked.gans)}),
    }
    return [_compared({"model": "gan", "members": asked.gans}, ways, asked.repeats)]


def jax(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per number of members: nnzoo against a program in JAX."""
    from importlib.util import find_spec

    if find_spec("jax") is None:
        print("JAX is not installed: pip install -e '.[bench]'")
        return []
    rows = []
    sweep = Sweep("autoencoder", folder, asked.options)
    for members in dict.fromkeys((1, asked.members, asked.many)):
        ours, theirs = [], []
        for _ in range(asked.repeats):
            ours.append(command(sweep, members))
            theirs.append(jax_program(sweep, members))
        fit, run = [one.fit_seconds for one in ours], [one.run for one in theirs]
        whole, program = [one.seconds for one in ours], [one.seconds for one in theirs]
        rows.append(
            {
                "members": members,
                **spread("nnzoo fit", fit),
                **spread("JAX run", run),
                **ratios("fit / run", fit, run),
                **spread("JAX compilation", [one.compilation for one in theirs]),
                **spread("nnzoo command", whole),
                **spread("JAX program", program),
                **ratios("command / program", whole, program),
                "nnzoo loss": mean_loss(ours[-1].folder),
                "JAX loss": theirs[-1].loss,
            }
        )
    return rows


def curve(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row per model and number of members: seconds of one population."""
    rows = []
    for model in asked.models:
        for members in asked.curve:
            sweep = Sweep(model, folder, asked.options)
            seconds = float(together(sweep, {"seed": range(members)}))
            row = {"model": model, "members": members, "together": seconds}
            rows.append(row | {"per member": seconds / members})
    return rows


def _compared(
    row: dict[str, Any], ways: dict[str, Callable[[], Seconds]], repeats: int
) -> dict[str, Any]:
    """Add the seconds of two ways to a row, and the ratio of the first to the second."""
    seconds = alternate(ways, repeats)
    first, second = seconds
    for way, found in seconds.items():
        row |= spread(way, found)
    return row | ratios(f"{first} / {second}", seconds[first], seconds[second])


PARTS = {
    "fits": ("fits of all seeds, seconds", fits),
    "rates": ("fits with different learning rates, seconds", rates),
    "commands": ("whole commands, seconds", commands),
    "many": ("very many seeds, seconds", many),
    "figures": ("figures of all jobs, seconds", figures),
    "gans": ("GANs, seconds", gans),
    "jax": ("autoencoders in JAX, seconds", jax),
    "curve": ("one population, seconds", curve),
}

if __name__ == "__main__":
    main()
