"""What all benchmarks share: options, alternating rounds, ratios, a table and a CSV file."""

import argparse
import csv as csv_file
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = (
    *("nnzoo", "torch", "lightning", "hydra-core", "numpy", "scikit-learn", "matplotlib"),
    *("keras", "jax", "tensorflow", "tensorflow-cpu"),
)


class Seconds(float):
    """Seconds that a candidate measured itself, without its preparations.

    Attributes:
        found: further results by name.
    """

    def __new__(cls, seconds: float, **found: Any) -> "Seconds":
        new = super().__new__(cls, seconds)
        new.found = found
        return new


def arguments_of(name: str, description: str | None, repeats: int) -> argparse.ArgumentParser:
    """Return a parser with the options of all benchmarks."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--repeats", type=int, default=repeats, help="number of rounds")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--csv", type=Path, default=Path(f"benchmarks/results/{name}.csv"))
    return parser


def environment() -> dict[str, Any]:
    """Return versions, number of cores, threads of torch, processor and GPU."""
    import torch

    found: dict[str, Any] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "processor": _processor(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def alternate(candidates: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[Any]]:
    """Time candidates in the order A B C A B C ..., so that drift affects all of them equally.

    Args:
        candidates: by name; if one returns ``Seconds``, these count instead of the whole call.
        repeats: number of rounds.

    Returns:
        Seconds by name, ``repeats`` numbers each, as they were returned or timed.
    """
    seconds: dict[str, list[Any]] = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            returned = candidate()
            whole = time.perf_counter() - start
            seconds[name].append(returned if isinstance(returned, Seconds) else whole)
    return seconds


def ratios(name: str, ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Return the ``spread`` of the ratios of the rounds, on which drift has the least effect."""
    return spread(name, [a / b for a, b in zip(ours, theirs, strict=True)])


def spread(name: str, found: Sequence[float]) -> dict[str, float]:
    """Return three columns: the median as ``name``, and ``name min``, ``name max``."""
    return {name: statistics.median(found), f"{name} min": min(found), f"{name} max": max(found)}


def run_python(arguments: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run ``python ARGUMENTS`` in the repository and return its standard output.

    Raises:
        RuntimeError: if it fails, with its error output.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment or dict(os.environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def report(title: str, rows: list[dict[str, Any]], csv: Path) -> None:
    """Print rows as a table; write them as CSV, each with the environment."""
    from rich.console import Console
    from rich.table import Table

    where = environment()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=title, caption=", ".join(f"{k} {v}" for k, v in where.items()))
    shown = _shown(columns)
    for column in shown:
        is_number = any(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_cell(row, column) for column in shown))
    # A pipe has no width, and rich would cut the table to 80 columns.
    console = Console()
    (console if console.is_terminal else Console(width=320)).print(table)
    csv.parent.mkdir(parents=True, exist_ok=True)
    with csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv_file.DictWriter(file, [*columns, *where])
        writer.writeheader()
        writer.writerows(row | where for row in rows)
    print(f"written to {csv}")


def as_line(row: dict[str, Any]) -> str:
    """Return a row in one line of text."""
    return ", ".join(f"{column} {_cell(row, column)}" for column in _shown(row))


def _shown(columns: Iterable[str]) -> list[str]:
    """Return the columns of a table, which shows minima and maxima in the cells of others."""
    known = list(columns)
    ends = {f"{column} {end}" for column in known for end in ("min", "max")}
    return [column for column in known if column not in ends]


def _cell(row: dict[str, Any], column: str) -> str:
    """Return the text of a cell; if rounds differ, with the minimum and maximum in brackets."""
    values = (row.get(key, "") for key in (column, f"{column} min", f"{column} max"))
    text, low, high = (f"{v:.3g}" if isinstance(v, float) else str(v) for v in values)
    return text if low == high else f"{text} ({low} to {high})"


def _processor() -> str:
    """Return the name of the processor, which Linux stores only in a file."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
