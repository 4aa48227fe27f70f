"""The jobs of a sweep: their list, their results, and a table of them."""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.runs.find import MANIFEST

_seen: defaultdict[Path, list[str]] = defaultdict(list)
"""The lines that this process has added, by the sweep's folder, in case the file is removed."""

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

    A completed job that is not among them but has the number of one of them gets a new number.
    Several processes may call it at the same time: each adds its lines in one write.

    Raises:
        RunError: if it cannot be written.
    """
    from nnzoo.runs.files import writing

    jobs, before = list(jobs), _listed(sweep_folder)
    numbers, folders = {number for number, *_ in jobs}, {folder for _, folder, _ in jobs}
    moved = [
        before[number]
        for number in sorted(numbers & set(before))
        if before[number][0] not in folders and read_job(number, Path(before[number][0])).completed
    ]
    free = count(max([*numbers, *before], default=-1) + 1)
    jobs += [(next(free), folder, overrides) for folder, overrides in moved]
    listed = [json.dumps(job) for job in jobs]
    _seen[sweep_folder] += listed
    file = sweep_folder / MANIFEST
    with writing(file):
        sweep_folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{line}\n" for line in listed).encode()
        with file.open("ab+") as opened:
            if opened.tell():
                opened.seek(-1, os.SEEK_END)
                if opened.read(1) != b"\n":  # a full disk has cut the last line off
                    lines = b"\n" + lines
            opened.write(lines)


def forget_jobs(sweep_folder: Path) -> None:
    """Forget the jobs that this process has listed: another sweep starts in the folder."""
    _seen.pop(sweep_folder, None)


def read_jobs(sweep_folder: Path) -> list[JobResult]:
    """Read the results of a sweep's jobs, by number; none if it has no list of jobs.

    Jobs that this process has listed count even if their files are gone.
    """
    return [
        read_job(number, Path(folder), overrides)
        for number, (folder, overrides) in sorted(_listed(sweep_folder).items())
    ]


def _listed(sweep_folder: Path) -> dict[int, tuple[str, list[str]]]:
    """Return the folder and the overrides of a sweep's jobs, by number.

    If several lines have the same number or folder, the last one counts.
    """
    file = sweep_folder / MANIFEST
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    listed: dict[int, tuple[str, list[str]]] = {}
    numbers: dict[str, int] = {}
    for line in (*_seen.get(sweep_folder, ()), *text.splitlines()):
        try:
            number, folder, overrides = json.loads(line)
        except (TypeError, ValueError):  # the line is incomplete, or not nnzoo's
            continue
        if not (isinstance(number, int) and isinstance(folder, str)):
            continue
        previous = numbers.get(folder, number)
        if previous != number and listed.get(previous, ("",))[0] == folder:
            del listed[previous]
        numbers[folder] = number
        listed[number] = folder, overrides
    return listed


def completed(sweep_folder: Path) -> dict[str, JobResult]:
    """Return a sweep's completed jobs, in folders at any depth, by the hashes of their configs."""
    found: dict[str, JobResult] = {}
    for file in sorted(sweep_folder.rglob("result.json")):
        job = read_job(0, file.parent)
        if job.completed and "hash" in job.content:
            found.setdefault(job.content["hash"], job)
    return found


def rows_of(jobs: Sequence[JobResult]) -> list[dict[str, Any]]:
    """Return the rows of the table of jobs.

    The columns are job, status, folder, error, each overridden key, best_epoch, and each metric of
    the best epoch. Missing cells are empty.
    """
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
    return rows


def write_results(jobs: Sequence[JobResult], file: Path) -> list[dict[str, Any]]:
    """Write a table of jobs as a CSV file, and return its rows; see ``rows_of``."""
    from nnzoo.runs.files import csv_bytes, write_files

    rows = rows_of(jobs)
    write_files({file: csv_bytes(rows, COLUMNS)})
    return rows
