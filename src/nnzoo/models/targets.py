"""Targets of supervised models: what fits them, and errors of numbers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.errors import InputError, counted


def check_data(data: Any, units: int, task: str) -> None:
    """Raise an InputError if a model cannot learn a data module's targets."""
    classes, targets = data.n_classes, data.n_targets
    require_targets(data)
    if (task == "classification") != (classes is not None):
        has = "class labels" if targets is None else "numbers to learn"
        raise InputError(
            f"model.task is {task} but the data have {has}; leave it null to take it from "
            "the data (for a table, 'data.target=[COLUMN]' means numbers)"
        )
    if task == "classification" and units == 1 and classes > 2:
        raise InputError(
            f"one output unit separates two classes but the data have {classes}; "
            "leave model.units null for one unit per class"
        )
    fits = units == targets if classes is None else units == 1 or units >= classes
    if not fits:
        has = counted(targets, "target") if classes is None else counted(classes, "class")
        hint = "leave it null to take it from the data"
        raise InputError(f"model.units is {units} but the data have {has}; {hint}")
    if task == "multilabel":
        check_binary(data.points.y)


def require_targets(data: Any) -> None:
    """Raise an InputError if a data module has no targets."""
    if data.n_classes is None and data.n_targets is None:
        raise InputError(
            "this model learns from labels and the data have none; "
            "choose labeled data, such as data=blobs"
        )


def check_batch(y: Tensor, points: int, units: int, task: str) -> None:
    """Raise an InputError if y does not hold the targets of some points for a task."""
    if task == "classification":
        labels, classes = y.reshape(-1), max(2, units)
        wrong = bool((labels != labels.long()).any()) or labels.min() < 0 or labels.max() >= classes
        if len(labels) != points or wrong:
            raise InputError(f"labels must be class indices 0 to {classes - 1}, one per point")
    elif y.numel() != points * units:
        raise InputError(f"targets must be {counted(units, 'number')} per point")
    elif task == "multilabel":
        check_binary(y)


def check_binary(y: Tensor) -> None:
    """Raise an InputError if a model of labels 0 and 1 gets other numbers."""
    if not is_binary(y):
        raise InputError("this model learns labels 0 and 1, or classes; model=mlp learns numbers")


def is_binary(y: Tensor) -> bool:
    """Return whether all numbers are 0 or 1."""
    return bool(((y == 0) | (y == 1)).all())


def regression_errors(
    output: Tensor, wanted: Tensor, divisor: Tensor, names: Sequence[str]
) -> dict[str, Tensor]:
    """Return the errors of a regression, means over the targets.

    ``rmse`` and ``mae`` are in raw units, and ``rmse_NAME`` is that of each of several targets.
    ``r2`` is the explained share of a target's variance; targets of equal values are left out, and
    it is NaN if there are no others.

    Args:
        output, wanted: (points, targets), in the scale trained on.
        divisor: (targets,), of the scaling of the targets.
        names: of the targets.
    """
    # Differences are scaled back, not the numbers, which may be large beside them.
    error = output - wanted
    rmse = error.square().mean(0).sqrt() * divisor
    spread = (wanted - wanted.mean(0)).square().sum(0)
    varies = spread > 1e-12 * wanted.square().sum(0)  # equal targets may differ by rounding
    r2 = torch.where(varies, 1 - error.square().sum(0) / spread, torch.nan)
    each = {f"rmse_{name}": value for name, value in zip(names, rmse, strict=True)}
    return {
        "rmse": rmse.mean(),
        "mae": (error.abs().mean(0) * divisor).mean(),
        "r2": r2.nanmean(),
        **(each if len(names) > 1 else {}),
    }


def mean_recall(correct: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the mean of the recalls of the classes that occur, a scalar.

    Args:
        correct: (points,) whether each point was predicted correctly.
        labels: (points,) class indices below ``classes``.
    """
    zeros = torch.zeros(classes, dtype=torch.long, device=labels.device)
    found = zeros.scatter_add(0, labels, correct.long())
    points = zeros.scatter_add(0, labels, torch.ones_like(labels))
    return (found / points.clamp(min=1)).sum() / (points > 0).sum()


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Return a weight for each class, (classes,): points / (classes that occur * points of it).

    Their mean over the points is 1. That of a class that does not occur is 1. This is
    ``class_weight="balanced"`` of scikit-learn, from G. King, L. Zeng, 2001, "Logistic regression
    in rare events data".

    Args:
        labels: (points,) class indices below ``classes``.
    """
    points = torch.bincount(labels.long(), minlength=classes).double()
    weights = len(labels) / ((points > 0).sum() * points)
    return torch.where(points > 0, weights, 1.0)
