"""Many trainings in one process: what does each of them leave behind?

    python -m benchmarks.soak [PART ...] [--count 500] [--first 50] [--quick]

The parts are

    runs    short trainings one after the other, of each model of the catalogue in turn and one by
            Lightning's loop; every seventh draws its figures
    sweep   a sweep of as many jobs, in groups of ten

Reported are the memory, the objects that Python tracks, threads, open files, figures, processes and
temporary files after the first trainings and after the last one. It is an error if memory or
objects grow by more than 5 %, or if more is open than before.

Memory is that of the process after ``gc.collect()`` and ``malloc_trim``. The C library keeps freed
blocks for later, which is no leak; ``malloc_trim`` returns them to the system.
"""

import argparse
import ctypes
import gc
import sys
import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from benchmarks.measure import report
from nnzoo.catalogue import composed, list_models
from nnzoo.runs.run import train
from nnzoo.sweeps.sweep import Spec, train_sweep

LIMIT = 1.05
"""The largest ratio of memory, and of objects, after the last training to that after the first."""

COUNTED = ("threads", "files", "figures", "processes", "temporary files")
BY_LIGHTNING = "mlp by Lightning's loop"

State = dict[str, Any]


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks.

    Raises:
        RuntimeError: if something grew.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--count", type=int, default=500, help="trainings of each part")
    parser.add_argument("--first", type=int, default=50, help="trainings before the first look")
    parser.add_argument("--quick", action="store_true", help="40 and 20 trainings")
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/soak.csv"))
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if asked.quick:
        asked.count, asked.first = 40, 20
    rows = [soak(name, asked.count, asked.first) for name in asked.parts or PARTS]
    report("many trainings in one process", rows, asked.csv)
    if grown := [text for row in rows for text in growth(row)]:
        raise RuntimeError("; ".join(grown))


def soak(part: str, count: int, first: int) -> dict[str, Any]:
    """Return a row with the state after the first trainings and after the last one."""
    former = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as temporary:
        states: list[State] = []

        def look(done: int) -> None:
            if done in (first, count):
                states.append(state(Path(temporary)))

        tempfile.tempdir = temporary
        try:
            PARTS[part](Path(folder), count, look)
        finally:
            tempfile.tempdir = former
    before, after = states
    row: dict[str, Any] = {"part": part, "trainings": count}
    for key in before:
        row |= {f"{key} after {first}": before[key], key: after[key]}
    return row | {
        "memory growth": after["MB"] / before["MB"],
        "objects growth": after["objects"] / before["objects"],
    }


def growth(row: dict[str, Any]) -> list[str]:
    """Return what grew in a row, as text."""
    found = [
        f"{row['part']}: {key} {row[key]:.3f}"
        for key in ("memory growth", "objects growth")
        if row[key] > LIMIT
    ]
    for key in COUNTED:
        (before,) = (value for name, value in row.items() if name.startswith(f"{key} after "))
        if row[key] > before:
            found.append(f"{row['part']}: {key} {before} -> {row[key]}")
    return found


def state(temporary: Path) -> State:
    """Return what this process holds at the moment."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    own = Path("/proc/self")
    pages = int((own / "statm").read_text().split()[1])
    tasks = list((own / "task").iterdir())
    pyplot = sys.modules.get("matplotlib.pyplot")
    return {
        "MB": pages * 4096 / 2**20,
        "objects": len(gc.get_objects()),
        "threads": len(tasks),
        "files": len(list((own / "fd").iterdir())),
        "figures": len(pyplot.get_fignums()) if pyplot else 0,
        "processes": sum(len((task / "children").read_text().split()) for task in tasks),
        "temporary files": len(list(temporary.rglob("*"))),
    }


def kinds() -> list[tuple[str, dict[str, Any]]]:
    """Return the name and config of each kind of training, of two epochs."""
    typed = {name: [f"model={name}"] for name in list_models()}
    typed[BY_LIGHTNING] = ["model=mlp", "data=iris", "++model.optimizer.name=lbfgs"]
    found = []
    for name, overrides in typed.items():
        names = [f"run.{key}=soak" for key in ("folder", "model", "data")]
        short = ["trainer.max_epochs=2", "trainer.accelerator=cpu"]
        config: Any = OmegaConf.to_container(composed([*overrides, *names, *short]), resolve=True)
        found.append((name, config))
    return found


def changed(config: dict[str, Any], folder: Path, seed: int, draw: bool) -> dict[str, Any]:
    """Return a copy of a config with another folder and seed, with figures or without."""
    config = deepcopy(config)
    config["run"]["folder"], config["seed"], config["figures"]["draw"] = str(folder), seed, draw
    return config


def runs(folder: Path, count: int, look: Callable[[int], None]) -> None:
    """Train one after the other, as ``nnzoo train`` does."""
    configs = kinds()
    for k in range(count):
        name, config = configs[k % len(configs)]
        (result,) = train([changed(config, folder / str(k), k, draw=k % 7 == 6)])
        if result.error is not None:
            raise RuntimeError(f"{name}: {result.error}")
        del result
        look(k + 1)


def sweep(folder: Path, count: int, look: Callable[[int], None]) -> None:
    """Train the jobs of one sweep."""
    configs = kinds()
    specs = [
        Spec(changed(configs[k % len(configs)][1], folder / str(k), k, False), [], k)
        for k in range(count)
    ]
    for done, job in enumerate(train_sweep(specs, members=10), start=1):
        if not job.completed:
            raise RuntimeError(f"job {job.number}: {job.content['error']}")
        look(done)


PARTS = {"runs": runs, "sweep": sweep}

if __name__ == "__main__":
    main()
