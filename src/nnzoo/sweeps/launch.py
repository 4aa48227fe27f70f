"""The back end of the launcher: it trains the jobs of a sweep and lists them in its folder."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from nnzoo.engine.interrupts import outside
from nnzoo.errors import RunError, printable
from nnzoo.runs.copying import moved
from nnzoo.runs.files import fresh_folder, remove_run, write_json
from nnzoo.sweeps.cluster import train_on_cluster
from nnzoo.sweeps.executors import check_executor
from nnzoo.sweeps.results import JobResult, add_to_manifest, completed, read_jobs
from nnzoo.sweeps.sweep import Spec, train_sweep

NOT_SHOWN = ("figures=none", "resume_sweep=")
"""Starts of overrides that concern the sweep and not its jobs."""


def launch(
    jobs: Sequence[Spec],
    sweep_folder: Path,
    members: int | None = None,
    executor: str | None = None,
    **options: Any,
) -> list[float]:
    """Train the jobs of a sweep, together where possible; skip jobs that are complete.

    Args:
        jobs: all jobs of the sweep, or a batch of them.
        sweep_folder: where they are listed.
        members: maximum number that train together; None: as many as are fast and fit into memory.
        executor: one of ``executors.EXECUTORS``; None: this process and forks of it.
        options: options of the executor.

    Returns:
        The monitored value of each job's best epoch, NaN for a job that failed.
    """
    outside.check()
    if executor is not None:
        check_executor(executor)
    resumes = any(job.config["resume_sweep"] is not None for job in jobs)
    done = completed(sweep_folder) if resumes else {}
    taken = {job.folder for job in done.values()}
    previous = {job.folder for job in read_jobs(sweep_folder)} if resumes else set()
    values: dict[int, float] = {}
    first: dict[str, int] = {}
    specs = []
    listed = []
    for job in jobs:
        overrides = shown_overrides(job.overrides)
        key = config_hash(job.config)
        if (same := first.setdefault(key, job.number)) != job.number:
            print(f"note: job {job.number} repeats job {same}: {' '.join(overrides)}", flush=True)
        if key in done:
            folder = done[key].folder
            values[job.number] = done[key].value
        else:
            folder = free_folder(Path(job.config["run"]["folder"]), taken, previous)
            taken.add(folder)
            config = moved(job.config, job.config["run"]["folder"], str(folder))
            config["run"] |= {"job": job.number, "hash": key}
            specs.append(Spec(config, overrides, job.number))
        listed.append((job.number, str(folder), overrides))
    add_to_manifest(sweep_folder, listed)
    if len(specs) < len(jobs):
        print(f"{len(jobs) - len(specs)} of {len(jobs)} jobs are complete already", flush=True)
    report = partial(print, flush=True)
    if executor is None:
        results = train_sweep(specs, members, report)
    else:
        results = train_on_cluster(specs, sweep_folder, executor, options, members, report)
    for result in results:
        values[result.number] = result.value
        file = result.folder / "result.json"
        if not file.exists():  # the job failed before its training
            with suppress(OSError, RunError):  # a full disk must not end other jobs
                result.folder.mkdir(parents=True, exist_ok=True)
                write_json(file, {**result.content, "job": result.number})
        print(job_line(result), flush=True)
    return [values[job.number] for job in jobs]


def shown_overrides(overrides: Sequence[str]) -> list[str]:
    """Return overrides as they are printed and listed."""
    texts = [override.lstrip("+") for override in overrides]
    return [text for text in texts if not text.startswith(NOT_SHOWN)]


def config_hash(config: dict[str, Any]) -> str:
    """Return a hash of a resolved config that does not depend on the job's folder."""
    kept = moved(config, config["run"]["folder"], "")
    kept["run"].pop("folder")
    kept.pop("resume_sweep", None)
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def free_folder(folder: Path, taken: set[Path], previous: set[Path]) -> Path:
    """Return an empty folder for a job that is not complete.

    Args:
        folder: the job's own folder, from which files of an incomplete run are removed.
        taken: folders of other jobs.
        previous: folders in which jobs of this sweep ran before.

    Returns:
        The job's own folder, or a new one if another job or other files are in it.
    """
    if folder in previous - taken:
        remove_run(folder)
    if folder not in taken and folder.is_dir() and not any(folder.iterdir()):
        return folder
    return Path(fresh_folder(str(folder)))


def job_line(job: JobResult) -> str:
    """Return a line about a finished job."""
    if job.completed:
        outcome = "  ".join(f"{name} {value:.4g}" for name, value in job.metrics.items())
    else:
        outcome = f"failed: {job.content['error']}"
    return printable(f"job {job.number}: {' '.join(job.content['overrides'])}  {outcome}")
