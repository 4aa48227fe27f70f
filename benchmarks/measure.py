"""What all benchmarks share: where they ran, candidates in turn, a table and a CSV."""

import argparse
import csv as csv_file
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    *("nnzoo", "torch", "lightning", "hydra-core", "numpy", "scikit-learn", "matplotlib"),
    *("keras", "jax", "tensorflow", "tensorflow-cpu"),
)


class Seconds(float):
    """Seconds that a candidate took by its own count, without what it prepared."""


def arguments_of(name: str, description: str | None, repeats: int) -> argparse.ArgumentParser:
    """What all benchmarks are told on the command line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--repeats", type=int, default=repeats, help="rounds")
    parser.add_argument("--quick", action="store_true", help="hardly any work: does it run?")
    parser.add_argument("--csv", type=Path, default=Path(f"benchmarks/results/{name}.csv"))
    return parser


def environment() -> dict[str, Any]:
    """Where a measurement ran: versions, cores, torch's threads, processor and graphics card."""
    import torch

    found: dict[str, Any] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processor": _processor(),
        "card": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def alternate(candidates: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """The seconds of each candidate, run in turn, A B C A B C ..., so that all meet the same drift.

    Args:
        candidates: by name; a ``Seconds`` that one returns counts in place of the whole call.
        repeats: rounds.

    Returns:
        By name, ``repeats`` numbers in the order measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            told = candidate()
            whole = time.perf_counter() - start
            seconds[name].append(float(told) if isinstance(told, Seconds) else whole)
    return seconds


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios round by round, which the machine's drift changes least."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def report(title: str, rows: list[dict[str, Any]], csv: Path) -> None:
    """Print rows as a table and write them, with the environment in each, as CSV."""
    from rich.console import Console
    from rich.table import Table

    where = environment()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=title, caption=", ".join(f"{k} {v}" for k, v in where.items()))
    for column in columns:
        table.add_column(column, justify="right" if _is_number(rows, column) else "left")
    for row in rows:
        table.add_row(*(as_text(row.get(column, "")) for column in columns))
    # A pipe has no width, and a table cut to 80 columns loses numbers.
    console = Console()
    (console if console.is_terminal else Console(width=240)).print(table)
    csv.parent.mkdir(parents=True, exist_ok=True)
    with csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv_file.DictWriter(file, [*columns, *where])
        writer.writeheader()
        writer.writerows(row | where for row in rows)
    print(f"written to {csv}")


def _is_number(rows: list[dict[str, Any]], column: str) -> bool:
    return any(isinstance(row.get(column), int | float) for row in rows)


def as_text(value: Any) -> str:
    """A cell of a table."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _processor() -> str:
    """The processor's name; Linux tells it in a file alone."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
