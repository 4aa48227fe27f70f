"""Targets of supervised models: what fits them, and errors of numbers."""

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
            "the data (for a CSV file, 'data.target=[COLUMN]' means numbers)"
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
    if task != "regression" and data.target_scale != "none":
        raise InputError("data.target_scale is for numbers to learn; leave it out")


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


def regression_errors(output: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """Return ``rmse``, ``mae`` and ``r2``, (points, targets) twice -> scalars.

    ``r2`` is the explained share of the targets' variance, NaN if they are all equal.
    """
    error = output - wanted
    spread = (wanted - wanted.mean(0)).square().sum()
    varies = spread > 1e-12 * wanted.square().sum()  # equal targets may differ by rounding
    return {
        "rmse": error.square().mean().sqrt(),
        "mae": error.abs().mean(),
        "r2": torch.where(varies, 1 - error.square().sum() / spread, torch.nan),
    }
