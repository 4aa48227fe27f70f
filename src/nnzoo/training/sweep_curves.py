"""The courses of a sweep's jobs in one figure."""

import csv
from collections.abc import Sequence
from pathlib import Path

from nnzoo import figures
from nnzoo.figures.style import wrapped
from nnzoo.training.sweep import Job, overrides

MOST_JOBS = 8
LONGEST = 24
"""Characters of a value that a label shows."""


def draw_curves(jobs: Sequence[Job], file: Path) -> bool:
    """Draw the course of the jobs' curve metric as a PNG file; whether there is such a figure.

    There is where 2 to MOST_JOBS jobs have a course of the same metric. That of a job that failed
    in training goes as far as the job went.
    """
    curves = [course(job) for job in jobs]
    jobs = [job for job, curve in zip(jobs, curves, strict=True) if curve]
    if not 2 <= len(jobs) <= MOST_JOBS:
        return False
    first = jobs[0].result
    if any(job.result["curve"] != first["curve"] for job in jobs):
        return False
    titles = {f"{job.result['model']} on {job.result['data']}" for job in jobs}
    title = titles.pop() if len(titles) == 1 else "sweep"
    metric = first["curve"]["metric"].replace("_", " ")
    figure = figures.training_curve(
        dict(zip(labels(jobs), filter(None, curves), strict=True)),
        xlabel="pass over the data",
        title=f"{title}\n{metric} of each job",
        ylabel=first["curve"]["label"],
    )
    figure.savefig(file, dpi=120)
    return True


def course(job: Job) -> list[float]:
    """The job's curve metric by the number of the pass, nan where it was not measured.

    Empty where it was never measured.
    """
    file = job.folder / "metrics.csv"
    if "curve" not in job.result or not file.exists():
        return []
    metric = job.result["curve"]["metric"]
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not any(row.get(metric) for row in rows):
        return []
    before = int(rows[0]["pass"])  # of the run that a job resumes
    return [float("nan")] * before + [float(row[metric] or "nan") for row in rows]


def labels(jobs: Sequence[Job]) -> list[str]:
    """What tells each job from the others: the overrides that differ, and whether it failed."""
    given = [overrides(job.result) for job in jobs]
    known = dict.fromkeys(key for values in given for key in values)
    keys = [key for key in known if len({values.get(key) for values in given}) > 1]
    short = {key: key.rpartition(".")[2] for key in keys}
    if len(set(short.values())) < len(keys):
        short = {key: key for key in keys}
    names = []
    for values in given:
        shown = {short[key]: values[key] for key in keys if key in values}
        cut = {k: v if len(v) <= LONGEST else f"{v[: LONGEST - 3]}..." for k, v in shown.items()}
        names.append(", ".join(f"{key}={value}" for key, value in cut.items()))
    if len(set(names)) < len(names) or "" in names:
        names = [f"job {job.folder.name} {name}" for job, name in zip(jobs, names, strict=True)]
    failed = [" (failed)" if job.result["status"] == "failed" else "" for job in jobs]
    return [wrapped(name + end, 30) for name, end in zip(names, failed, strict=True)]
