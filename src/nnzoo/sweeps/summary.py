"""Means over seeds of a sweep's jobs, grouped by their other overrides and ranked."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnzoo.sweeps.results import JobResult

SEEDS = ("seed", "data.seed", "data.fold")
"""Overrides that only repeat a job with other initial weights, points or parts."""


class Combination(NamedTuple):
    """Jobs that differ only in their seeds.

    Attributes:
        overrides: by key; only those that differ between combinations.
        jobs: in order.
    """

    overrides: dict[str, str]
    jobs: list[JobResult]

    @property
    def completed(self) -> list[JobResult]:
        """The jobs that ended without an error."""
        return [job for job in self.jobs if job.completed]

    @property
    def metric(self) -> str:
        """The metric that the jobs monitor; empty if unknown."""
        return next((job.monitor[0] for job in self.jobs if job.monitor), "")

    def values(self, metric: str) -> list[float]:
        """Return the values of a metric in the completed jobs that have it."""
        return [job.metrics[metric] for job in self.completed if metric in job.metrics]


def combinations(jobs: Sequence[JobResult]) -> list[Combination]:
    """Group jobs by all overrides except seeds, and sort the groups, best first.

    They are sorted by the mean of the monitored metric over completed jobs. Groups with different
    monitored metrics are not compared; groups without a completed job come last.
    """
    given = [{k: v for k, v in job.overrides.items() if k not in SEEDS} for job in jobs]
    known = dict.fromkeys(key for values in given for key in values)
    keys = [key for key in known if len({values.get(key) for values in given}) > 1]
    groups: dict[tuple[tuple[str, str], ...], Combination] = {}
    for job, values in zip(jobs, given, strict=True):
        differing = {key: values[key] for key in keys if key in values}
        group = groups.setdefault(tuple(differing.items()), Combination(differing, []))
        group.jobs.append(job)
    metrics = list(dict.fromkeys(group.metric for group in groups.values()))

    def rank(group: Combination) -> tuple[bool, int, float]:
        values = group.values(group.metric)
        mean = sum(values) / len(values) if values else math.inf
        return not group.completed, metrics.index(group.metric), mean

    return sorted(groups.values(), key=rank)


def summary(jobs: Sequence[JobResult]) -> list[dict[str, str]]:
    """Return a row of text per combination of overrides other than seeds, best first.

    The columns are the overrides that differ, the numbers of completed and failed jobs, and each
    metric over the completed jobs as ``mean ± standard deviation`` in 4 significant digits; the
    monitored metric comes first. There are no rows for fewer than two seeds.
    """
    given = [job.overrides for job in jobs]
    if all(len({values[key] for values in given if key in values}) < 2 for key in SEEDS):
        return []
    groups = combinations(jobs)
    keys = dict.fromkeys(key for group in groups for key in group.overrides)
    names = dict.fromkeys(group.metric for group in groups if group.metric)
    names |= dict.fromkeys(name for job in jobs for name in job.metrics)
    rows = []
    for group in groups:
        row = {key: group.overrides.get(key, "") for key in keys}
        row["completed"] = str(len(group.completed))
        row["failed"] = str(len(group.jobs) - len(group.completed))
        rows.append(row | {name: mean_and_deviation(group.values(name)) for name in names})
    return rows


def mean_and_deviation(values: Sequence[float]) -> str:
    """Return ``mean ± standard deviation`` in 4 significant digits; empty without values."""
    if not values:
        return ""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = f"{np.mean(values):.4g}"
        return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.4g}"
