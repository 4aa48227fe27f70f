"""Training one model: nnzoo's ``fit`` as a user runs it, against a plain torch loop, scikit-learn
and Keras.

    python -m benchmarks.fit [TASK ...] [--device cuda] [--repeats 5] [--quick]

nnzoo's seconds are those of ``Trainer.fit`` with metrics, CSV and checkpoints on. The plain loop
measures and writes nothing. Keras is timed on each backend that is installed: its whole ``fit``,
compiling included as a user waits for it, and the ``fit`` of the model once it is compiled.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.measure import Seconds, alternate, arguments_of, ratio, report
from benchmarks.peers import add_backends, backend_environment, installed
from benchmarks.tasks import OVERRIDES, Task, config, plain_loop, task
from nnzoo.training.run import train

QUICK = ("trainer.max_epochs=1", "++data.repeat=2")


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line says."""
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
    """A row for each way to do a task."""
    accelerator = "gpu" if asked.device == "cuda" else "cpu"
    options = (f"trainer={accelerator}", *(QUICK if asked.quick else ()))
    todo = task(name, folder, *options)
    ways: dict[str, Callable[[], Any]] = {
        "nnzoo": partial(nnzoo_fit, todo, folder),
        "torch loop": partial(plain_loop, todo, torch.device(asked.device)),
    }
    if asked.device == "cpu":
        ways["scikit-learn"] = partial(sklearn_fit, todo)
    compiled: dict[str, list[float]] = {}
    ways |= keras_ways(todo, folder, asked.backends, compiled)
    alternate({way: ways[way] for way in ("nnzoo", "torch loop")}, 1)  # first use loads libraries
    compiled.clear()
    seconds = alternate(ways, 1 if asked.quick else asked.repeats)
    rows = []
    for way, found in (seconds | compiled).items():
        rows.append(
            {
                "task": name,
                "steps": todo.steps,
                "way": way,
                "seconds": median(found),
                "least": min(found),
                "most": max(found),
                "nnzoo / it": ratio(seconds["nnzoo"], found),
            }
        )
    return rows


def nnzoo_fit(task: Task, folder: Path) -> Seconds:
    """nnzoo's fit, of a run without pictures."""
    return Seconds(train(config(folder, *task.overrides), quiet=True)["fit_seconds"])


def sklearn_fit(task: Task) -> None:
    """scikit-learn's network of the same sizes, for as many passes.

    Its regressor has no sigmoid output, and so a little less to do than the others.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if task.loss == "mse" else MLPClassifier
    model = kind(
        hidden_layer_sizes=task.widths[1:-1],
        activation={"sigmoid": "logistic"}.get(task.hidden, task.hidden),
        batch_size=task.batch,
        learning_rate_init=task.rate,
        max_iter=task.passes,
        alpha=0,
        tol=0,
        n_iter_no_change=task.passes,  # it would stop early
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(task.x.numpy(), task.y.numpy())
    assert model.n_iter_ == task.passes


def keras_ways(
    task: Task, folder: Path, backends: list[str], compiled: dict[str, list[float]]
) -> dict[str, Callable[[], Seconds]]:
    """Keras's fit on each backend that is installed.

    Args:
        task: what is learnt.
        folder: for a file that hands it over.
        backends: those wanted.
        compiled: gets the seconds of the fits of compiled models.
    """
    if not (backends := installed(backends)):
        return {}
    path = Path(tempfile.mkdtemp(dir=folder)) / "task.npz"
    said = {key: getattr(task, key) for key in ("widths", "hidden", "output", "loss", "rate")}
    said |= {"passes": task.passes, "batch": task.batch, "steps_per_execution": 1}
    np.savez(path, x=task.x.numpy(), y=task.y.numpy(), task=json.dumps(said))

    def fit(backend: str) -> Seconds:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.keras_fit", str(path)],
            env=backend_environment(backend),
            capture_output=True,
            text=True,
        )
        if told.returncode:
            raise RuntimeError(f"Keras on {backend} failed:\n{told.stderr}")
        seconds = json.loads(told.stdout.splitlines()[-1])
        compiled.setdefault(f"keras on {backend}, compiled", []).append(seconds["compiled"])
        return Seconds(seconds["fit"])

    return {f"keras on {backend}": partial(fit, backend) for backend in backends}


if __name__ == "__main__":
    main()
