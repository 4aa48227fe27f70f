"""The results of a sweep's jobs, and a table of them."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

NO_RESULT = "the job wrote no result.json"
COLUMNS = ("job", "status", "folder", "error")


class JobResult(NamedTuple):
    """A job of a sweep.

    Attributes:
        folder: with its files.
        number: of the job within the sweep.
        result: content of its ``result.json``; without that file, its status, its error and, where
            known, its overrides.
    """

    folder: Path
    number: int
    result: dict[str, Any]

    @property
    def completed(self) -> bool:
        """Whether the job ended without an error."""
        return self.result["status"] == "completed"

    @property
    def overrides(self) -> dict[str, str]:
        """The overridden values by key, as they were typed."""
        items = [item.partition("=") for item in self.result.get("overrides") or []]
        return {key.lstrip("+"): value for key, equals, value in items if equals}

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the best epoch that are numbers, by name."""
        metrics = self.result.get("metrics") or {}
        return {name: value for name, value in metrics.items() if value is not None}

    @property
    def monitor(self) -> dict[str, str]:
        """The ``metric`` that picks the best epoch, its ``label`` and its ``mode``, where known."""
        return self.result.get("monitor") or {}

    @property
    def best(self) -> dict[str, Any]:
        """The ``epoch`` and ``value`` of the monitored metric at its best, where known."""
        return self.result.get("best") or {}

    @property
    def value(self) -> float | None:
        """The monitored metric of the best epoch, if it was measured."""
        return self.metrics.get(self.monitor.get("metric", ""), self.best.get("value"))


def find_jobs(sweep_folder: Path) -> list[Path]:
    """Return the folders of a sweep's jobs: those with a ``config.yaml`` or a ``result.json``.

    They may lie at any depth. They are sorted by job number, or by path if neither ``result.json``
    nor the names of the folders give each job a number.
    """
    found = []
    for path, children, files in os.walk(sweep_folder):
        if Path(path) != Path(sweep_folder) and {"config.yaml", "result.json"} & set(files):
            found.append(Path(path))
            children.clear()  # a job contains no jobs
        else:
            children[:] = [child for child in children if not child.startswith(".")]
    found.sort()
    numbers = _numbers(found, [_read(folder) for folder in found])
    return [folder for _, folder in sorted(zip(numbers, found, strict=True))]


def read_jobs(
    folders: Iterable[Path],
    numbers: Sequence[int] | None = None,
    overrides: Sequence[Sequence[str]] | None = None,
) -> list[JobResult]:
    """Read the ``result.json`` of each job; a job without a valid one has failed.

    Args:
        folders: of the jobs.
        numbers: of the jobs; None: see ``find_jobs``.
        overrides: of the jobs, for those that have no ``result.json``.
    """
    folders = list(folders)
    results = [_read(folder) for folder in folders]
    if numbers is None:
        numbers = _numbers(folders, results)
    for i, result in enumerate(results):
        if not result:
            result |= {"status": "failed", "error": NO_RESULT}
        if overrides is not None:
            result.setdefault("overrides", list(overrides[i]))
    return [JobResult(*job) for job in zip(folders, numbers, results, strict=True)]


def table(jobs: Sequence[JobResult]) -> list[dict[str, Any]]:
    """Return a row per job, all with the same columns; missing cells are empty.

    The columns are job, status, folder, error, each overridden key, best_epoch, and each metric of
    the best epoch.
    """
    keys = dict.fromkeys(key for job in jobs for key in job.overrides)
    metrics = dict.fromkeys(name for job in jobs for name in job.metrics)
    rows = []
    for job in jobs:
        row = {"job": job.number, "status": job.result["status"], "folder": str(job.folder)}
        row |= {"error": job.result.get("error"), **job.overrides}
        row |= {"best_epoch": job.best.get("epoch"), **job.metrics}
        rows.append(filled(row, [*COLUMNS, *keys, "best_epoch", *metrics]))
    return rows


def write_results(jobs: Sequence[JobResult], file: Path) -> list[dict[str, Any]]:
    """Write the rows of ``table`` as a CSV file, and return them."""
    from nnzoo.runs.files import write_csv

    rows = table(jobs)
    write_csv(file, rows, COLUMNS)
    return rows


def config_hash(config: dict[str, Any]) -> str:
    """Return a hash of a resolved config that does not depend on the job's folder."""
    folder = str(config.get("run", {}).get("folder") or "")

    def canonical(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): canonical(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [canonical(item) for item in value]
        inside = folder and isinstance(value, str) and f"{value}/".startswith(f"{folder}/")
        return value[len(folder) :] if inside else value

    kept = canonical({k: v for k, v in config.items() if k not in ("hydra", "resume_sweep")})
    for node in (kept.get("run"), *(kept.get("callbacks") or {}).values()):
        if isinstance(node, dict):
            node.pop("folder", None)
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def completed(folder: Path) -> dict[str, Path]:
    """Return the folders of a sweep's completed jobs by the hashes of their configs."""
    found: dict[str, Path] = {}
    for job in read_jobs(find_jobs(folder)):
        if job.completed and isinstance(key := job.result.get("hash"), str):
            found.setdefault(key, job.folder)
    return found


def filled(row: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Return a row with these columns; missing cells are empty."""
    return {key: "" if row.get(key) is None else row[key] for key in columns}


def _read(folder: Path) -> dict[str, Any]:
    """Return the content of a job's ``result.json``; empty if there is no valid one."""
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return result if isinstance(result, dict) and "status" in result else {}


def _numbers(folders: Sequence[Path], results: Sequence[dict[str, Any]]) -> list[int]:
    """Return the jobs' numbers from their results, otherwise from the folders' names, otherwise
    their positions.

    A source counts if it gives each job a different number.
    """
    names = [re.fullmatch(r"[A-Za-z_-]*(\d+)", folder.name) for folder in folders]
    for source in (
        [result.get("job") for result in results],
        [int(name[1]) if name else None for name in names],
    ):
        numbers = [number for number in source if isinstance(number, int)]
        if len(set(numbers)) == len(folders):
            return numbers
    return list(range(len(folders)))
