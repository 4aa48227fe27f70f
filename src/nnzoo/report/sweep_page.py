"""The page of a sweep."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError, counted, printable
from nnzoo.figures.words import metric_words
from nnzoo.report.page import Block, Cell, Code, Page, Section, Table, number
from nnzoo.report.sweep_charts import bands, parallel
from nnzoo.runs.reading import read_yaml
from nnzoo.runs.text import short_path
from nnzoo.sweeps.launch import shown_overrides
from nnzoo.sweeps.overview import by_monitor, names_of, read_panels
from nnzoo.sweeps.results import JobResult, read_jobs, rows_of
from nnzoo.sweeps.summary import Combination, combinations, mean_and_deviation

OF_FAILURES = ("status", "error")
"""Columns of the results that the table of jobs has only if a job has failed."""


def sweep_page(folder: Path) -> Page:
    """Return the page of a sweep: bands over the epochs, parallel coordinates, and tables of its
    combinations and of its jobs.

    Raises:
        InputError: if no job has a result.
    """
    jobs = read_jobs(folder)
    if not any(job.completed for job in jobs):
        raise InputError(f"no job of the sweep {folder} is complete")
    ranked = combinations(jobs)
    best = ranked[0]
    failed = sum(not job.completed for job in jobs)
    overview = read_panels(jobs)
    seconds = sum(job.content.get("fit_seconds") or 0.0 for job in jobs)
    values = best.values(best.metric)
    tiles = [
        ("Jobs", str(len(jobs))),
        ("Combinations", str(len(ranked))),
        ("Training time of all jobs", f"{number(seconds)} s"),
    ]
    lead = f"{counted(len(jobs), 'job')} in {counted(len(ranked), 'combination')} of options"
    lead += f", {failed} failed." if failed else "."
    if missing := sum(not (job.folder / "metrics.csv").is_file() for job in jobs):
        lead += f" The curves lack {counted(missing, 'job')} without metrics.csv."
    if len(by_monitor(jobs)) == 1:  # other metrics cannot be compared
        tiles.insert(0, (f"Best {metric_words(best.metric)}", mean_and_deviation(values)))
        by = ", ".join(f"{key}={value}" for key, value in best.overrides.items())
        spread = " (mean over seeds)" if len(values) > 1 else ""
        lead += f" Best{spread}: {printable(by)}." if by else ""
    charts: list[Block] = list(map(bands, overview.panels))
    sections = [
        Section("Over the epochs", charts),
        Section("Parallel coordinates", parallel(jobs)),
        Section("Combinations", [combination_table(ranked)] if len(ranked) < len(jobs) else []),
        Section("Jobs", [job_table(jobs)]),
        Section("Reproduce", reproduce(folder, all(job.completed for job in jobs))),
    ]
    return Page(
        title=f"Sweep: {names_of(jobs)}",
        lead=lead,
        tiles=tiles,
        sections=[section for section in sections if section.blocks],
    )


def combination_table(ranked: Sequence[Combination]) -> Table:
    """Return the table of combinations, best first: each metric as mean ± standard deviation over
    the completed jobs."""
    keys = dict.fromkeys(key for group in ranked for key in group.overrides)
    names = dict.fromkeys(group.metric for group in ranked if group.metric)
    names |= dict.fromkeys(n for group in ranked for job in group.jobs for n in job.metrics)
    rows = []
    for group in ranked:
        row: list[Any] = [typed(group.overrides.get(key, "")) for key in keys]
        row.append(f"{len(group.completed)} of {len(group.jobs)}")
        for name in names:
            values = group.values(name)
            mean = sum(values) / len(values) if values else None
            row.append(Cell(mean_and_deviation(values), mean))
        rows.append(row)
    note = "Mean ± standard deviation over the completed jobs; click on a header to sort."
    return Table([*keys, "completed", *names], rows, note)


def job_table(jobs: Sequence[JobResult]) -> Table:
    """Return the table of jobs, as in ``results.csv``, without options that all of them share."""
    rows = rows_of(jobs)
    hidden = {"folder", *(OF_FAILURES if all(job.completed for job in jobs) else ())}
    if len(jobs) > 1:
        shared = {*jobs[0].overrides.items()}.intersection(*(job.overrides.items() for job in jobs))
        hidden |= {key for key, _ in shared} - {"model", "data"}
    columns = [key for key in rows[0] if key not in hidden]
    cells = [[typed(row[key]) for key in columns] for row in rows]
    note = "The numbers of results.csv but for options of all jobs; click on a header to sort."
    return Table(columns, cells, note)


def typed(value: Any) -> Any:
    """Return a value that was typed as a number, if it is one, as a cell that shows it as typed."""
    if not isinstance(value, str):
        return value
    try:
        return Cell(value, float(value))
    except ValueError:
        return value or None


def reproduce(folder: Path, is_complete: bool) -> list[Block]:
    """Return the command of the sweep, which Hydra wrote into its folder, and that which completes
    it; none without it."""
    try:
        content = read_yaml(folder / "multirun.yaml")
        overrides = shown_overrides(list(map(str, content["hydra"]["overrides"]["task"])))
    except (InputError, KeyError, TypeError):  # a sweep from Python, or a damaged file
        return []
    command = shlex.join(["nnzoo", "train", "-m", *overrides])
    resume = shlex.join(["nnzoo", "train", "-m", f"resume_sweep={short_path(folder)}"])
    rest = [] if is_complete else [Code(resume, "Train what is missing:")]
    return [Code(command, "In a shell:"), *rest]
