"""The back end of the launcher: trains the jobs of a sweep and lists them in its folder."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.runs.files import fresh_folder, write_json
from nnzoo.runs.run import Result
from nnzoo.sweeps.results import completed, config_hash, read_jobs
from nnzoo.sweeps.sweep import Spec, train_sweep

MANIFEST = "jobs.jsonl"
"""The file in a sweep's folder that lists its jobs, one per line."""

NOT_SHOWN = ("figures=none",)
"""Overrides that the command adds to all jobs of a sweep."""

RESUME = "resume_sweep="
"""Start of the override that resumes a sweep."""


class Launched(NamedTuple):
    """A job that the launcher trains.

    Attributes:
        number: of the job in the sweep.
        overrides: of the job.
        folder: for its files.
        config: returns its config, in plain containers, for a folder.
    """

    number: int
    overrides: list[str]
    folder: str
    config: Callable[[str], dict[str, Any]]


def launch(jobs: Sequence[Launched], sweep_folder: str, members: int | None = None) -> list[float]:
    """Train the jobs of a sweep, together where possible; skip jobs that are complete.

    Args:
        jobs: all jobs of the sweep, or a batch of them.
        sweep_folder: of the sweep.
        members: the most that train as one; None: as many as are fast and fit into memory.

    Returns:
        The monitored value of each job's best epoch, NaN for a job that failed.
    """
    root = Path(sweep_folder)
    resumes = any(o.lstrip("+").startswith(RESUME) for job in jobs for o in job.overrides)
    done = completed(root) if resumes else {}
    values = [float("nan")] * len(jobs)
    specs: list[tuple[int, Spec]] = []
    listed = []
    for index, job in enumerate(jobs):
        overrides = shown_overrides(job.overrides)
        config = job.config(job.folder)
        key = config_hash(config)
        if key in done:
            (found,) = read_jobs([done[key]])
            values[index] = found.value if found.value is not None else float("nan")
            listed.append([job.number, str(done[key]), overrides])
            continue
        folder = free_folder(job.folder, set(done.values()))
        if folder != job.folder:
            config = job.config(folder)
        config["run"] |= {"job": job.number, "hash": key}
        specs.append((index, Spec(config, overrides, number=job.number)))
        listed.append([job.number, folder, overrides])
    add_to_manifest(root, listed)
    if len(specs) < len(jobs):
        print(f"{len(jobs) - len(specs)} of {len(jobs)} jobs are complete already", flush=True)
    report = partial(print, flush=True)
    for position, result in train_sweep([spec for _, spec in specs], members, report):
        index, spec = specs[position]
        values[index] = result.value
        file = Path(spec.config["run"]["folder"]) / "result.json"
        if not file.exists():  # it failed before its training
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, {**result.content, "job": spec.number})
        print(job_line(spec.number, result), flush=True)
    return values


def launch_alone(job: Launched, sweep_folder: str) -> float:
    """Train one job by itself, unless it is complete; for other launchers.

    Returns:
        The monitored value of its best epoch, NaN if it failed.
    """
    return launch([job], sweep_folder, members=1)[0]


def shown_overrides(overrides: Sequence[str]) -> list[str]:
    """Return overrides as a user sees them."""
    texts = [override.lstrip("+") for override in overrides]
    return [text for text in texts if text not in NOT_SHOWN and not text.startswith(RESUME)]


def free_folder(folder: str, taken: set[Path]) -> str:
    """Return a folder for a job that is not complete.

    Files of an incomplete run in it are removed. If a completed job has taken the folder, the
    result is a new one.
    """
    path = Path(folder)
    if path in taken:
        return fresh_folder(folder)
    if path.is_dir():
        for name in ("config.yaml", "metrics.csv", "result.json"):
            (path / name).unlink(missing_ok=True)
        for file in (path / "checkpoints").glob("*.ckpt"):
            file.unlink()
    return folder


def add_to_manifest(sweep_folder: Path, jobs: Sequence[Sequence[Any]]) -> None:
    """Add jobs, ``[number, folder, overrides]`` each, to the list of a sweep's jobs.

    Several processes may call it at the same time: each adds its lines in one write.
    """
    sweep_folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(job)}\n" for job in jobs)
    with (sweep_folder / MANIFEST).open("a", encoding="utf-8") as file:
        file.write(lines)


def read_manifest(sweep_folder: Path) -> list[list[Any]]:
    """Return the jobs that ``add_to_manifest`` wrote; none if there is no file.

    Of several lines for one job, the last counts.
    """
    listed: dict[int, list[Any]] = {}
    try:
        lines = (sweep_folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    for line in lines:
        try:
            number, folder, overrides = json.loads(line)
        except (TypeError, ValueError):  # a line is cut off
            continue
        listed[number] = [number, folder, overrides]
    return [listed[number] for number in sorted(listed)]


def job_line(number: int, result: Result) -> str:
    """Return a line about a finished job."""
    content = result.content
    if content["status"] == "failed":
        outcome = f"failed: {content['error']}"
    else:
        metrics = content["metrics"].items()
        outcome = "  ".join(f"{name} {value:.4g}" for name, value in metrics)
    return f"job {number}: {' '.join(content['overrides'])}  {outcome}"
