"""The jobs of a sweep: their list, their results, and a table of them."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MANIFEST = "jobs.jsonl"
"""The file in a sweep's folder that lists its jobs, one per line."""

NO_RESULT = "the job wrote no result.json"
COLUMNS = ("job", "status", "folder", "error")


class JobResult(NamedTuple):
    """The number and folder of a sweep's job, and the content of its ``result.json``.

    The content of a job that failed before its training is a status, an error and overrides.
    """

    number: int
    folder: Path
    content: dict[str, Any]

    @property
    def completed(self) -> bool:
        """Whether the job ended without an error."""
        return bool(self.content["status"] == "completed")

    @property
    def overrides(self) -> dict[str, str]:
        """The overridden values by key, as they were typed."""
        items = [item.partition("=") for item in self.content["overrides"]]
        return {key.lstrip("+"): value for key, equals, value in items if equals}

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the best epoch that are numbers, by name."""
        metrics = self.content.get("metrics", {})
        return {name: value for name, value in metrics.items() if value is not None}

    @property
    def monitor(self) -> tuple[str, str] | None:
        """The metric that picks the best epoch, and its label; None: unknown."""
        monitor = self.content.get("monitor")
        return monitor and (monitor["metric"], monitor["label"])

    @property
    def value(self) -> float:
        """The monitored metric of the best epoch; NaN: it was not measured."""
        return self.metrics.get(self.monitor[0], math.nan) if self.monitor else math.nan


def read_job(number: int, folder: Path, overrides: Sequence[str] = ()) -> JobResult:
    """Read a job's ``result.json``; a job without a valid one has failed, with these overrides."""
    try:
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        content["status"]
    except (OSError, ValueError, TypeError, KeyError):
        content = {"status": "failed", "error": NO_RESULT, "overrides": list(overrides)}
    return JobResult(number, folder, content)


def add_to_manifest(sweep_folder: Path, jobs: Iterable[tuple[int, str, list[str]]]) -> None:
    """Add jobs, each with its number, folder and overrides, to the list of a sweep's jobs.

    Several processes may call it at the same time: each adds its lines in one write.
    """
    sweep_folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(job)}\n" for job in jobs)
    with (sweep_folder / MANIFEST).open("a", encoding="utf-8") as file:
        file.write(lines)


def read_jobs(sweep_folder: Path) -> list[JobResult]:
    """Read the results of a sweep's jobs, by number; none if it has no list of jobs.

    Of several lines for one job, the last counts.
    """
    file = sweep_folder / MANIFEST
    listed: dict[int, tuple[str, list[str]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            number, folder, overrides = json.loads(line)
        except ValueError:  # the line is cut off
            continue
        listed[number] = folder, overrides
    return [
        read_job(number, Path(folder), overrides)
        for number, (folder, overrides) in sorted(listed.items())
    ]


def completed(sweep_folder: Path) -> dict[str, JobResult]:
    """Return a sweep's completed jobs, in folders at any depth, by the hashes of their configs."""
    found: dict[str, JobResult] = {}
    for file in sorted(sweep_folder.rglob("result.json")):
        job = read_job(0, file.parent)
        if job.completed and "hash" in job.content:
            found.setdefault(job.content["hash"], job)
    return found


def write_results(jobs: Sequence[JobResult], file: Path) -> list[dict[str, Any]]:
    """Write a table of jobs as a CSV file, and return its rows.

    The columns are job, status, folder, error, each overridden key, best_epoch, and each metric of
    the best epoch. Missing cells are empty.
    """
    from nnzoo.runs.files import write_csv

    keys = dict.fromkeys(key for job in jobs for key in job.overrides)
    metrics = dict.fromkeys(name for job in jobs for name in job.metrics)
    columns = [*COLUMNS, *keys, "best_epoch", *metrics]
    rows = []
    for job in jobs:
        best = job.content.get("best") or {}
        row = {"job": job.number, "status": job.content["status"], "folder": str(job.folder)}
        row |= {"error": job.content["error"], "best_epoch": best.get("epoch")}
        row |= job.overrides | job.metrics
        rows.append({key: "" if row.get(key) is None else row[key] for key in columns})
    write_csv(file, rows, COLUMNS)
    return rows
