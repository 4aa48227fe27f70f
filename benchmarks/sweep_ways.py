"""Ways to train the members of a sweep, each timed."""

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.measure import ROOT, Seconds, run_python

PEAK = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""Runs a command and prints the peak memory of the largest of its processes, in kB on Linux."""


@dataclass(frozen=True)
class Sweep:
    """What is trained.

    Attributes:
        model: of the catalogue.
        folder: for files.
        options: that all members share, by key of the command line.
        checkout: of nnzoo, for the command.
    """

    model: str
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    checkout: Path = ROOT

    @property
    def overrides(self) -> list[str]:
        """The model and the options as on the command line."""
        return [f"model={self.model}", *(f"{k}={v}" for k, v in self.options.items())]

    def new_folder(self) -> Path:
        """Return a new folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))


def command(sweep: Sweep, members: int, *overrides: str) -> Seconds:
    """Run the whole command for so many seeds.

    Its ``found`` has the ``folder`` of the sweep, the seconds of the ``fit`` of all members, and
    ``megabytes``, the peak memory of the largest process.
    """
    folder = sweep.new_folder() / "sweep"
    environment = os.environ | {"PYTHONPATH": str(sweep.checkout / "src")}
    script = str(sweep.checkout / "scripts" / "train.py")
    arguments = [script, "-m", *sweep.overrides, f"seed=range(0,{members})", *overrides]
    start = time.perf_counter()
    printed = run_python(["-c", PEAK, *arguments, f"hydra.sweep.dir={folder}"], environment)
    seconds = time.perf_counter() - start
    megabytes = int(printed) / (1024 if sys.platform == "linux" else 2**20)
    fit = fit_seconds(folder, members)
    return Seconds(seconds, folder=folder, fit=fit, megabytes=megabytes)


def fit_seconds(folder: Path, members: int) -> float:
    """Return the seconds of the fits of all jobs below a folder.

    ``fit_seconds`` of a job is the time of its fit over the number of jobs that trained in it.

    Raises:
        RuntimeError: if a job is missing or failed.
    """
    results = [json.loads(file.read_text()) for file in folder.glob("*/result.json")]
    completed = [result for result in results if result["status"] == "completed"]
    if len(completed) < members:
        raise RuntimeError(f"{members - len(completed)} of {members} jobs failed in {folder}")
    return sum(result["fit_seconds"] for result in completed)


def mean_loss(folder: Path) -> float:
    """Return the mean over the jobs of a sweep of the training loss in the last epoch."""
    losses = []
    for file in folder.glob("*/metrics.csv"):
        with file.open(newline="", encoding="utf-8") as opened:
            losses.append(float(list(csv.DictReader(opened))[-1]["loss"]))
    return fmean(losses)


def one_by_one(sweep: Sweep, members: int) -> Seconds:
    """Train seeds one after the other; return the seconds of their fits."""
    from benchmarks.tasks import train_one

    runs = [train_one(sweep.folder, *sweep.overrides, f"seed={seed}") for seed in range(members)]
    return Seconds(sum(run["fit_seconds"] for run in runs))


def together(sweep: Sweep, grid: Mapping[str, Sequence[Any]]) -> Seconds:
    """Train a grid by ``fit_many``; return the seconds of the fit."""
    from nnzoo.sweeps import fit_many

    folder = sweep.new_folder()
    fitted = fit_many(sweep.model, grid={**sweep.options, **grid}, folder=folder)
    return Seconds(fit_seconds(folder, len(fitted.table)))


def together_on_one_core(sweep: Sweep, grid: Mapping[str, Sequence[Any]]) -> Seconds:
    """Train as ``together``, in a single process."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(cores)])
    try:
        return together(sweep, grid)
    finally:
        os.sched_setaffinity(0, cores)


def scikit_learn(members: int, epochs: int) -> None:
    """Train the same networks by MLPRegressor, through joblib on all cores."""
    from joblib import Parallel, delayed

    import nnzoo

    x = nnzoo.create_data("blobs", scale="minmax").train.x.numpy()
    Parallel(n_jobs=-1)(delayed(regress)(x, seed, epochs) for seed in range(members))


def regress(x: Any, seed: int, epochs: int) -> None:
    """Train one MLPRegressor to reconstruct its input."""
    import warnings

    from sklearn.neural_network import MLPRegressor

    warnings.simplefilter("ignore")  # it warns that it did not converge
    options = {"batch_size": 32, "max_iter": epochs, "tol": 0, "n_iter_no_change": epochs}
    MLPRegressor(hidden_layer_sizes=(32, 16, 32), random_state=seed, **options).fit(x, x)


def jax_program(sweep: Sweep, members: int) -> Seconds:
    """Run the whole program in JAX that trains so many autoencoders.

    Its ``found`` has the seconds of ``compile`` and ``run``, and the mean training ``loss`` of the
    last epoch.
    """
    from benchmarks.tasks import save, task

    options = [f"{key}={value}" for key, value in sweep.options.items()]
    file = save(task("autoencoder", sweep.folder, *options), sweep.folder)
    command = ["-m", "benchmarks.jax_sweep", str(file), str(members), f"{file}.output.npz"]
    start = time.perf_counter()
    printed = run_python(command)
    seconds = time.perf_counter() - start
    return Seconds(seconds, **json.loads(printed.splitlines()[-1]))


def draw_curve(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw the seconds per member by the number of members as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogLocator

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        members, seconds = ([row[key] for row in own] for key in ("members", "per member"))
        axes.loglog(members, seconds, marker="o", label=model)
    axes.set(xlabel="members trained together", ylabel="seconds of fit per member")
    axes.set_title("seconds per member of one population")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
    print(f"drawn to {file}")
