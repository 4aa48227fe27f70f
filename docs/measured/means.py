"""Metrics of sweeps by their options."""

from collections.abc import Sequence
from statistics import mean
from typing import Any


def mean_by(results: Sequence[Any], metric: str, *options: str) -> dict[tuple[str, ...], float]:
    """Return the means of a metric of the jobs of a sweep, by the values of some options."""
    found: dict[tuple[str, ...], list[float]] = {}
    for result in results:
        values = dict(override.split("=", 1) for override in result["overrides"])
        key = tuple(values[option] for option in options)
        found.setdefault(key, []).append(result["metrics"][metric])
    return {key: mean(values) for key, values in found.items()}
