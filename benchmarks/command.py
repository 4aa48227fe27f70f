"""The whole command, from the shell's prompt to the pictures, and what an import costs.

    python -m benchmarks.command [--repeats 5] [--quick]

``python scripts/train.py model=autoencoder`` against the tutorial's program in Keras on each
backend that is installed, each in a fresh process; nnzoo also once more per round under a
stopwatch, which tells the shares. Then ``import nnzoo`` and ``import nnzoo.nn`` against ``import
torch``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Seconds, alternate, arguments_of, ratio, report
from benchmarks.peers import add_backends, backend_environment, installed

ROOT = Path(__file__).parents[1]
COMMAND = ("scripts/train.py", "model=autoencoder")


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line says."""
    parser = arguments_of("command", __doc__, repeats=5)
    add_backends(parser)
    asked = parser.parse_args(arguments)
    repeats = 1 if asked.quick else asked.repeats
    with tempfile.TemporaryDirectory() as folder:
        rows = commands(Path(folder), asked, repeats)
    report("whole command, seconds", rows, asked.csv)
    rows = imports(1 if asked.quick else 3 * repeats)
    report("imports, milliseconds", rows, asked.csv.with_stem(f"{asked.csv.stem}_imports"))


def commands(folder: Path, asked: argparse.Namespace, repeats: int) -> list[dict[str, Any]]:
    """A row for each program, with the shares of its stages."""
    stages: dict[str, list[dict[str, float]]] = defaultdict(list)
    epochs = "1" if asked.quick else "50"
    trainer = "gpu" if asked.device == "cuda" else "cpu"
    train = (*COMMAND, f"trainer={trainer}", f"trainer.max_epochs={epochs}")
    ways: dict[str, Callable[[], Any]] = {"nnzoo": partial(run_nnzoo, folder, train, stages)}
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
        told = stages[way]
        shares = {name: median(run[name] for run in told) for name in told[0]}
        # Of whole runs of their own, since the stopwatch slows nnzoo down a little.
        rows.append(
            {
                "program": way,
                **shares,
                "start and exit": median(run["whole"] for run in told)
                - sum(share for name, share in shares.items() if name != "whole"),
                "whole": median(found),
                "nnzoo / it": ratio(seconds["nnzoo"], found),
            }
        )
    return rows


def run_nnzoo(folder: Path, train: tuple[str, ...], stages: dict[str, Any]) -> Seconds:
    """The command as it is typed; and again under a stopwatch, for the shares."""
    run = tempfile.mkdtemp(dir=folder)
    whole = _timed([*train, f"hydra.run.dir={run}/plain"])
    told = Path(run) / "stages.json"
    watched = _timed(["-m", "benchmarks.stages", str(told), *train, f"hydra.run.dir={run}/watched"])
    stages["nnzoo"].append(json.loads(told.read_text()) | {"whole": watched})
    return Seconds(whole)


def run_keras(folder: Path, backend: str, epochs: str, stages: list[dict[str, float]]) -> Seconds:
    """The tutorial's program on a backend."""
    run = tempfile.mkdtemp(dir=folder)
    told = Path(run) / "stages.json"
    whole = _timed(
        ["-m", "benchmarks.keras_tutorial", str(told), run, epochs], backend_environment(backend)
    )
    stages.append(json.loads(told.read_text()) | {"whole": whole})
    return Seconds(whole)


def imports(repeats: int) -> list[dict[str, Any]]:
    """A row for each module; ``nnzoo.nn`` right after torch, of which it is made, in its process:
    two processes' imports of torch differ by more than it takes."""
    alone, both = [], []
    for _ in range(repeats):
        alone += _imported("nnzoo")
        both.append(_imported("torch", "nnzoo.nn"))
    torch, nn = ([torch for torch, _ in both], [nn for _, nn in both])
    return [
        {
            "import": module,
            "ms": 1000 * median(seconds),
            "least": 1000 * min(seconds),
            "most": 1000 * max(seconds),
            "it / torch": ratio(seconds, torch),
        }
        for module, seconds in (("nnzoo", alone), ("torch", torch), ("torch, nnzoo.nn", nn))
    ]


def _imported(*modules: str) -> list[float]:
    """Seconds from the start of a fresh process's first import to the end of each."""
    code = "import time; start = time.perf_counter()\n"
    code += "".join(f"import {m}; print(time.perf_counter() - start)\n" for m in modules)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return [float(line) for line in done.stdout.split()]


def _timed(arguments: list[str], environment: dict[str, str] | None = None) -> float:
    """The seconds that ``python ARGUMENTS`` takes in the repository."""
    import time

    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment or dict(os.environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr}")
    return seconds


if __name__ == "__main__":
    main()
