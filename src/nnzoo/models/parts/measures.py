"""Metrics of supervised models, computed from sums that add up over batches of points."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

# Sums are float64, since a variance is a small difference of them: for numbers a thousand times
# larger than their standard deviation it loses 6 of 16 digits, and in float32 nearly all 7.


def class_sums(correct: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """Return the ``points`` of each class and the ``hits`` among them, (classes,) each.

    Args:
        correct: (points,) whether each point was predicted correctly.
        labels: (points,) class indices below ``classes``.
    """
    zeros = torch.zeros(classes, dtype=torch.long, device=labels.device)
    hits = zeros.scatter_add(0, labels, correct.long())
    points = zeros.scatter_add(0, labels, torch.ones_like(labels))
    return {"points": points.double(), "hits": hits.double()}


def accuracy(sums: Mapping[str, Tensor]) -> Tensor:
    """Return the share of all points that were predicted correctly, a scalar."""
    return sums["hits"].sum() / sums["points"].sum()


def balanced_accuracy(sums: Mapping[str, Tensor]) -> Tensor:
    """Return the mean of the recalls of the classes that occur, a scalar."""
    points = sums["points"]
    return (sums["hits"] / points.clamp(min=1)).sum() / (points > 0).sum()


def regression_sums(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Return the sums that ``regression_errors`` needs, (targets,) each, of outputs and targets
    (points, targets)."""
    y = target.double()
    error = output.double() - y
    return {
        "points": torch.ones_like(y).sum(0),
        "absolute_errors": error.abs().sum(0),
        "squared_errors": error.square().sum(0),
        "y": y.sum(0),
        "squared_y": y.square().sum(0),
    }


def regression_errors(sums: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """Return ``rmse``, ``mae`` and ``r2`` of a regression, means over the targets.

    If there are several targets, ``rmse_NAME`` is the ``rmse`` of each. ``r2`` is the share of a
    target's variance that is explained; it ignores constant targets and is NaN without others.

    Args:
        sums: from ``regression_sums``, of all points.
        names: names of the targets.
    """
    points, errors = sums["points"], sums["squared_errors"]
    rmse = (errors / points).sqrt()
    spread = sums["squared_y"] - sums["y"].square() / points
    varies = spread > 1e-12 * sums["squared_y"]  # the variance of a constant is a rounding error
    r2 = torch.where(varies, 1 - errors / spread, torch.nan)
    each = {f"rmse_{name}": value for name, value in zip(names, rmse, strict=True)}
    return {
        "rmse": rmse.mean(),
        "mae": (sums["absolute_errors"] / points).mean(),
        "r2": r2.nanmean(),
        **(each if len(names) > 1 else {}),
    }
