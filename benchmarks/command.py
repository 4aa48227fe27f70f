"""The whole command, from the shell to the figures, and the cost of imports.

    python -m benchmarks.command [--repeats 5] [--before CHECKOUT] [--quick]

``python scripts/train.py model=autoencoder`` against the program of the tutorial in Keras on each
backend that is installed, and against the same command of another checkout of nnzoo, such as the
commit before. Each run is a new process. In each round nnzoo also runs under a stopwatch, for the
seconds of its stages. Then ``import nnzoo`` and ``import nnzoo.nn`` against ``import torch``.
"""

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

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

COMMAND = ("scripts/train.py", "model=autoencoder")


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    parser = arguments_of("command", __doc__, repeats=5)
    parser.add_argument("--before", type=Path, help="another checkout of nnzoo")
    add_backends(parser)
    asked = parser.parse_args(arguments)
    repeats = 1 if asked.quick else asked.repeats
    with tempfile.TemporaryDirectory() as folder:
        rows = commands(Path(folder), asked, repeats)
    report("whole command, seconds", rows, asked.csv)
    rows = imports(1 if asked.quick else 3 * repeats)
    report("imports, milliseconds", rows, asked.csv.with_stem(f"{asked.csv.stem}_imports"))


def commands(folder: Path, asked: argparse.Namespace, repeats: int) -> list[dict[str, Any]]:
    """Return a row for each program, with the seconds of its stages."""
    stages: dict[str, list[dict[str, float]]] = defaultdict(list)
    epochs = "1" if asked.quick else "50"
    trainer = "gpu" if asked.device == "cuda" else "cpu"
    options = (*COMMAND[1:], f"trainer={trainer}", f"trainer.max_epochs={epochs}")
    train = (COMMAND[0], *options)
    ways: dict[str, Callable[[], Any]] = {"nnzoo": partial(run_nnzoo, folder, train, stages)}
    if asked.before is not None:
        ways["nnzoo before"] = partial(run_before, folder, asked.before.resolve(), options)
    for backend in installed(asked.backends):
        name = f"keras on {backend}"
        ways[name] = partial(run_keras, folder, backend, epochs, stages[name])
    if not asked.quick:
        alternate(ways, 1)  # reads the libraries from the disk
        for found in stages.values():
            found.clear()
    seconds = alternate(ways, repeats)
    rows = []
    for way, found in seconds.items():
        row: dict[str, Any] = {"program": way}
        if measured := stages[way]:
            shares = {name: median(run[name] for run in measured) for name in measured[0]}
            # Of separate runs, because the stopwatch slows nnzoo down a little.
            row |= shares | {"start and exit": 2 * shares["whole"] - sum(shares.values())}
        row |= spread("whole", found) | ratios("nnzoo / it", seconds["nnzoo"], found)
        rows.append(row)
    return rows


def run_nnzoo(folder: Path, train: tuple[str, ...], stages: dict[str, Any]) -> Seconds:
    """Run the command as a user does, and once more under a stopwatch."""
    run = tempfile.mkdtemp(dir=folder)
    whole = _timed([*train, f"hydra.run.dir={run}/plain"])
    file = Path(run) / "stages.json"
    watched = _timed(["-m", "benchmarks.stages", str(file), *train, f"hydra.run.dir={run}/watched"])
    stages["nnzoo"].append(json.loads(file.read_text()) | {"whole": watched})
    return Seconds(whole)


def run_before(folder: Path, checkout: Path, options: tuple[str, ...]) -> Seconds:
    """Run the command of another checkout."""
    run = tempfile.mkdtemp(dir=folder)
    environment = os.environ | {"PYTHONPATH": str(checkout / "src")}
    script = str(checkout / COMMAND[0])
    return Seconds(_timed([script, *options, f"hydra.run.dir={run}/plain"], environment))


def run_keras(folder: Path, backend: str, epochs: str, stages: list[dict[str, float]]) -> Seconds:
    """Run the program of the tutorial on a backend."""
    run = tempfile.mkdtemp(dir=folder)
    file = Path(run) / "stages.json"
    command = ["-m", "benchmarks.keras_tutorial", str(file), run, epochs]
    whole = _timed(command, backend_environment(backend))
    stages.append(json.loads(file.read_text()) | {"whole": whole})
    return Seconds(whole)


def imports(repeats: int) -> list[dict[str, Any]]:
    """Return a row for each module.

    ``nnzoo.nn`` is imported in the process that has just imported torch: torch takes longer, and
    differs more from process to process, than ``nnzoo.nn`` takes.
    """
    alone, both = [], []
    for _ in range(repeats):
        alone += _imported("nnzoo")
        both.append(_imported("torch", "nnzoo.nn"))
    torch, nn = ([torch for torch, _ in both], [nn for _, nn in both])
    return [
        {
            "import": module,
            **spread("ms", [1000 * value for value in seconds]),
            **ratios("it / torch", seconds, torch),
        }
        for module, seconds in (("nnzoo", alone), ("torch", torch), ("torch, nnzoo.nn", nn))
    ]


def _imported(*modules: str) -> list[float]:
    """Return the seconds from the first import of a new process to the end of each."""
    code = "import time; start = time.perf_counter()\n"
    code += "".join(f"import {m}; print(time.perf_counter() - start)\n" for m in modules)
    return [float(line) for line in run_python(["-c", code]).split()]


def _timed(arguments: list[str], environment: dict[str, str] | None = None) -> float:
    """Return the seconds of ``python ARGUMENTS``."""
    start = time.perf_counter()
    run_python(arguments, environment)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
