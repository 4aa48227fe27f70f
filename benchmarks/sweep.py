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
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measure import alternate, arguments_of, ratios, report, spread
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

Row = dict[str, Any]


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
    options: dict[str, Any] = {"trainer.accelerator": "gpu" if asked.device == "cuda" else "cpu"}
    if asked.quick:
        asked.repeats, asked.members, asked.many, asked.gans = 1, 2, 3, 2
        asked.curve = [1, 2]
        options["trainer.max_epochs"] = 2
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.parts or PARTS:
            title, measure = PARTS[name]
            models = {"gans": ["gan"], "jax": ["autoencoder"]}.get(name, asked.models)
            sweeps = [Sweep(model, Path(folder), options) for model in models]
            rows = [
                {"model": sweep.model} | row for sweep in sweeps for row in measure(sweep, asked)
            ]
            if rows:
                file = asked.csv.with_stem(f"{asked.csv.stem}_{name}")
                report(f"{title} on {asked.device}", rows, file)
            if name == "curve":
                draw_curve(rows, asked.csv.with_suffix(".png"))


def compare(
    members: int, ways: dict[str, Callable[[], Any]], reference: str, repeats: int
) -> list[Row]:
    """Return one row: the seconds of each way, and the ratios of the others to the reference."""
    seconds = alternate(ways, repeats)
    row: Row = {"members": members}
    for way, found in seconds.items():
        row |= spread(way, found)
        if way != reference:
            row |= ratios(f"{way} / {reference}", found, seconds[reference])
    return [row]


def fits(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The fits of all seeds, one by one and together."""
    seeds = {"seed": range(asked.members)}
    ways: dict[str, Callable[[], Any]] = {
        "one by one": partial(one_by_one, sweep, asked.members),
        "together": partial(together, sweep, seeds),
    }
    if sys.platform == "linux":  # elsewhere there is one process
        ways["in one process"] = partial(together_on_one_core, sweep, seeds)
    if sweep.model == "autoencoder":
        epochs = sweep.options.get("trainer.max_epochs", 50)
        ways["MLPRegressor"] = partial(scikit_learn, asked.members, epochs)
        scikit_learn(2, 1)  # starts processes
    together(sweep, {"seed": range(2), "trainer.max_epochs": 1})  # loads libraries
    return compare(asked.members, ways, "together", asked.repeats)


def rates(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The fit with different learning rates and with one."""
    if sweep.model not in RATES:
        return []
    key, rate = RATES[sweep.model]
    n = asked.members
    different = [rate * 2 ** (2 * k / max(n - 1, 1) - 1) for k in range(n)]
    ways = {
        "different rates": partial(together, sweep, {key: different}),
        "one rate": partial(together, sweep, {key: [rate] * n}),
    }
    return compare(n, ways, "one rate", asked.repeats)


def commands(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The command with both launchers, jobs without figures."""
    ways = {
        "basic": partial(command, sweep, asked.members, "hydra/launcher=basic"),
        "default": partial(command, sweep, asked.members),
    }
    return compare(asked.members, ways, "default", asked.repeats)


def many(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The command and its fit, and the peak memory, of each checkout."""
    programs = {"nnzoo": sweep}
    if asked.before is not None:
        programs["nnzoo before"] = replace(sweep, checkout=asked.before.resolve())
    options = ("hydra/launcher=fused", "figures=none")
    ways = {
        name: partial(command, program, asked.many, *options) for name, program in programs.items()
    }
    found = alternate(ways, asked.repeats)
    rows = []
    for name, runs in found.items():
        fit = [run.found["fit"] for run in runs]
        rows.append(
            {
                "program": name,
                "members": asked.many,
                **spread("command", runs),
                **spread("fit", fit),
                **ratios("command / fit", runs, fit),
                **spread("MB of the largest process", [run.found["megabytes"] for run in runs]),
                **ratios("nnzoo / it", found["nnzoo"], runs),
            }
        )
    return rows


def figures(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The command with and without figures, and the seconds per job that they add."""
    ways = {
        "without": partial(command, sweep, asked.members),
        "with figures": partial(command, sweep, asked.members, "figures=default"),
    }
    seconds = alternate(ways, asked.repeats)
    pairs = zip(seconds["with figures"], seconds["without"], strict=True)
    row: Row = {"members": asked.members}
    for way, found in seconds.items():
        row |= spread(way, found)
    return [row | spread("drawing per job", [(a - b) / asked.members for a, b in pairs])]


def gans(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The fits of GANs one by one and together."""
    sweep = replace(sweep, options={"trainer.max_epochs": GAN_EPOCHS} | sweep.options)
    ways = {
        "one by one": partial(one_by_one, sweep, asked.gans),
        "together": partial(together, sweep, {"seed": range(asked.gans)}),
    }
    return compare(asked.gans, ways, "together", asked.repeats)


def jax(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """The command against a program in JAX, for each number of members."""
    if find_spec("jax") is None:
        print("JAX is not installed: pip install -e '.[bench]'")
        return []
    rows = []
    for members in dict.fromkeys((1, asked.members, asked.many)):
        ways = {
            "nnzoo": partial(command, sweep, members),
            "JAX": partial(jax_program, sweep, members),
        }
        ours, theirs = alternate(ways, asked.repeats).values()
        fit, run = [one.found["fit"] for one in ours], [one.found["run"] for one in theirs]
        rows.append(
            {
                "members": members,
                **spread("nnzoo fit", fit),
                **spread("JAX run", run),
                **ratios("fit / run", fit, run),
                **spread("JAX compilation", [one.found["compile"] for one in theirs]),
                **spread("nnzoo command", ours),
                **spread("JAX program", theirs),
                **ratios("command / program", ours, theirs),
                "nnzoo loss": mean_loss(ours[-1].found["folder"]),
                "JAX loss": theirs[-1].found["loss"],
            }
        )
    return rows


def curve(sweep: Sweep, asked: argparse.Namespace) -> list[Row]:
    """One population, by the number of members."""
    rows = []
    for members in asked.curve:
        seconds = together(sweep, {"seed": range(members)})
        rows.append({"members": members, "together": seconds, "per member": seconds / members})
    return rows


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
