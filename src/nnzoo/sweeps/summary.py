"""Means over seeds of a sweep's jobs, grouped by their other overrides and ranked."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnzoo.sweeps.results import JobResult, filled

SEEDS = ("seed", "data.seed")
"""Overrides that only repeat a job."""


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
        return next((job.monitor["metric"] for job in self.jobs if job.monitor), "")

    @property
    def sign(self) -> int:
        """1 if a low metric is better, -1 if a high one is."""
        return -1 if any(job.monitor.get("mode") == "max" for job in self.jobs) else 1


def combinations(jobs: Sequence[JobResult]) -> list[Combination]:
    """Group jobs by all overrides except seeds, and sort the groups, best first.

    They are sorted by the mean of the monitored metric over completed jobs. Groups with different
    monitored metrics are not compared; groups without a completed job come last.
    """
    given = [{k: v for k, v in job.overrides.items() if k not in SEEDS} for job in jobs]
    known = dict.fromkeys(key for values in given for key in values)
    keys = [key for key in known if len({values.get(key) for values in given}) > 1]
    groups: dict[tuple[str | None, ...], Combination] = {}
    for job, values in zip(jobs, given, strict=True):
        differing = {key: values[key] for key in keys if key in values}
        group = groups.setdefault(tuple(map(values.get, keys)), Combination(differing, []))
        group.jobs.append(job)
    metrics = list(dict.fromkeys(group.metric for group in groups.values()))

    def rank(group: Combination) -> tuple[bool, int, float]:
        values = [value for job in group.completed if (value := job.value) is not None]
        mean = group.sign * _statistics(values)[0] if values else math.inf
        return not group.completed, metrics.index(group.metric), mean

    return sorted(groups.values(), key=rank)


def summary(jobs: Sequence[JobResult]) -> list[dict[str, Any]]:
    """Return a row per combination of overrides other than seeds, best first.

    The columns are the overrides that differ, the numbers of completed and failed jobs, and each
    metric's mean and standard deviation over the completed jobs, METRIC_mean and METRIC_sd; the
    monitored metric comes first. There are no rows for fewer than two seeds.
    """
    given = [job.overrides for job in jobs]
    if all(len({values[key] for values in given if key in values}) < 2 for key in SEEDS):
        return []
    groups = combinations([job for job in jobs if job.overrides])
    keys = dict.fromkeys(key for group in groups for key in group.overrides)
    names = [group.metric for group in groups if group.metric]
    names = list(dict.fromkeys([*names, *(name for job in jobs for name in job.metrics)]))
    spreads = [f"{name}_{what}" for name in names for what in ("mean", "sd")]
    rows = []
    for group in groups:
        counts = {"completed": len(group.completed)}
        counts["failed"] = len(group.jobs) - len(group.completed)
        row: dict[str, Any] = {**group.overrides, **counts}
        for name in names:
            values = [job.metrics.get(name) for job in group.completed]
            if name == group.metric:
                values = [job.value for job in group.completed]
            if known := [value for value in values if value is not None]:
                row[f"{name}_mean"], row[f"{name}_sd"] = _statistics(known)
        rows.append(filled(row, [*keys, "completed", "failed", *spreads]))
    return rows


def format_summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return rows of ``summary`` as text, each metric as ``mean ± sd`` in 4 significant digits."""
    formatted = []
    for row in rows:
        line = {}
        for key, value in row.items():
            name = key.removesuffix("_mean")
            if name != key and f"{name}_sd" in row:
                shown = [f"{v:.4g}" for v in (value, row[f"{name}_sd"]) if v != ""]
                line[name] = " ± ".join(shown)
            elif not (key.endswith("_sd") and f"{key.removesuffix('_sd')}_mean" in row):
                line[key] = str(value)
        formatted.append(line)
    return formatted


def _statistics(values: Sequence[float]) -> tuple[float, float | str]:
    """Return mean and standard deviation; the latter is empty for a single value."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else ""
