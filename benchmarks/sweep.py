"""A sweep over seeds: one run after the other, and as one stacked model.

    python -m benchmarks.sweep [--members 100] [--repeats 3] [--curve 1 10 100 1000] [--quick]

For each model the seconds that the fits of all seeds take one after the other, against those of
the fused fit, on all cores and in one process; then the whole commands; for the autoencoder also
scikit-learn's MLPRegressor through joblib on all cores; and the fused fit of more and more members,
as a figure.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Seconds, alternate, arguments_of, ratio, report

ROOT = Path(__file__).parents[1]
MODELS = ("autoencoder", "competitive", "sigmoid_classifier")


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line says."""
    parser = arguments_of("sweep", __doc__, repeats=3)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--curve", type=int, nargs="*", default=[1, 10, 30, 100, 300, 1000])
    asked = parser.parse_args(arguments)
    more = ["trainer=gpu" if asked.device == "cuda" else "trainer=cpu"]
    if asked.quick:
        asked.members, asked.repeats, asked.curve = 2, 1, [1, 2]
        more.append("trainer.max_epochs=1")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for model in asked.models:
            rows.append(fits(model, asked, more, Path(folder)))
            print(f"{model}: the fits of all seeds are measured", flush=True)
        report(f"{asked.members} seeds: the fits, seconds", rows, asked.csv)
        rows = [commands(model, asked, more, Path(folder)) for model in asked.models]
        report(
            f"{asked.members} seeds: the whole command, seconds",
            rows,
            asked.csv.with_stem(f"{asked.csv.stem}_commands"),
        )
        rows = [
            {"members": n, **fused_seconds(model, n, more, Path(folder)), "model": model}
            for model in asked.models
            for n in asked.curve
        ]
    report("fused fits, seconds", rows, asked.csv.with_stem(f"{asked.csv.stem}_curve"))
    draw(rows, asked.csv.with_suffix(".png"))


def fits(model: str, asked: argparse.Namespace, more: list[str], folder: Path) -> dict[str, Any]:
    """The fits of all seeds one after the other, against the fused ones."""
    ways: dict[str, Callable[[], Any]] = {
        "serial": partial(serial, model, asked.members, more, folder),
        "fused": partial(fused, model, asked.members, more, folder),
    }
    if sys.platform == "linux":  # where several processes share out the members
        ways["one process"] = partial(fused_on_one_core, model, asked.members, more, folder)
    if model == "autoencoder":
        ways["MLPRegressor, joblib"] = partial(scikit_learn, asked.members, asked.quick)
    fused(model, 2, [*more, "trainer.max_epochs=1"], folder)  # what is imported once
    seconds = alternate(ways, asked.repeats)
    row: dict[str, Any] = {"model": model, "members": asked.members}
    for way, found in seconds.items():
        row[way] = median(found)
        if way != "fused":
            row[f"{way} / fused"] = ratio(found, seconds["fused"])
    return row


def commands(
    model: str, asked: argparse.Namespace, more: list[str], folder: Path
) -> dict[str, Any]:
    """The whole command with the basic and with the fused launcher, without pictures."""
    ways = {
        launcher: partial(command, model, asked.members, launcher, more, folder)
        for launcher in ("fused", "basic")
    }
    seconds = alternate(ways, asked.repeats)
    row: dict[str, Any] = {launcher: median(found) for launcher, found in seconds.items()}
    return {"model": model, **row, "basic / fused": ratio(seconds["basic"], seconds["fused"])}


def command(model: str, members: int, launcher: str, more: list[str], folder: Path) -> None:
    """Run the command."""
    arguments = [
        *(sys.executable, str(ROOT / "scripts" / "train.py"), "-m", f"model={model}", *more),
        *(f"seed=range(0,{members})", "figures=none", f"hydra/launcher={launcher}"),
        f"hydra.sweep.dir={tempfile.mkdtemp(dir=folder)}/sweep",
    ]
    subprocess.run(arguments, check=True, capture_output=True)


def serial(model: str, members: int, more: list[str], folder: Path) -> Seconds:
    """The seconds of the fits of all seeds, one after the other."""
    from benchmarks.tasks import config
    from nnzoo.training.run import train

    overrides = [f"model={model}", *more]
    results = [
        train(config(folder, *overrides, f"seed={seed}"), quiet=True) for seed in range(members)
    ]
    return Seconds(sum(result["fit_seconds"] for result in results))


def fused(model: str, members: int, more: list[str], folder: Path) -> Seconds:
    """The seconds of the fused fit of all seeds."""
    from nnzoo.sweeps import fit_many

    given: dict[str, Any] = {"seed": range(members)}
    for item in more:
        key, value = item.split("=")
        given |= {"trainer.accelerator": value} if key == "trainer" else {key: int(value)}
    place = Path(tempfile.mkdtemp(dir=folder))
    fit_many(model, grid=given, folder=place)
    results = [json.loads(file.read_text()) for file in place.glob("*/result.json")]
    return Seconds(sum(result["fit_seconds"] for result in results))


def fused_on_one_core(*arguments: Any) -> Seconds:
    """``fused`` in a single process."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(cores)])
    try:
        return fused(*arguments)
    finally:
        os.sched_setaffinity(0, cores)


def fused_seconds(model: str, members: int, more: list[str], folder: Path) -> dict[str, float]:
    """The seconds of a fused fit, and of each of its members."""
    seconds = float(fused(model, members, more, folder))
    return {"fused": seconds, "a member": seconds / members}


def scikit_learn(members: int, quick: bool) -> None:
    """The same network, data and passes by MLPRegressor, through joblib on all cores."""
    from joblib import Parallel, delayed

    import nnzoo

    x = nnzoo.create_data("blobs", scale="minmax").train.x.numpy()
    Parallel(n_jobs=-1)(delayed(regress)(x, seed, 1 if quick else 50) for seed in range(members))


def regress(x: Any, seed: int, epochs: int) -> None:
    """Train one MLPRegressor to rebuild its input."""
    import warnings

    from sklearn.neural_network import MLPRegressor

    warnings.simplefilter("ignore")  # it did not converge, as it was told
    options = {"batch_size": 32, "max_iter": epochs, "tol": 0, "n_iter_no_change": epochs}
    MLPRegressor(hidden_layer_sizes=(32, 16, 32), random_state=seed, **options).fit(x, x)


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """The seconds of a member by the number of members, as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogLocator

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        axes.loglog(
            [row["members"] for row in own], [row["a member"] for row in own], marker="o",
            label=model,
        )  # fmt: skip
    axes.set(xlabel="members trained as one", ylabel="seconds of fit for each member")
    axes.set_title("the more members, the less each costs")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)
    print(f"drawn to {file}")


if __name__ == "__main__":
    main()
