"""Targets of supervised models: tasks, checks, losses and errors."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.errors import InputError


def task_of(data: Any, tasks: Sequence[str], name: str) -> tuple[int, str]:
    """Return the number of output units and the task that fit a data module.

    Args:
        data: a data module.
        tasks: of the model; the last one is used for numbers other than 0 and 1.
        name: of the model, for messages.

    Raises:
        InputError: if the data have no targets.
    """
    require_targets(data, name)
    if data.n_classes is None:
        return data.n_targets, "multilabel" if is_binary(data.points.y) else tasks[-1]
    return 1 if data.n_classes <= 2 else data.n_classes, "classification"


def require_targets(data: Any, name: str) -> None:
    """Raise an InputError if a data module has no targets."""
    if data.n_classes is None and data.n_targets is None:
        raise InputError(
            f"{name} learns from labels and the data have none; "
            "choose labeled data, such as data=blobs"
        )


def check_data(data: Any, units: int, task: str, name: str) -> None:
    """Raise an InputError if a model cannot learn a data module's targets."""
    require_targets(data, name)
    if (task == "classification") != (data.n_classes is not None):
        has = "class labels" if data.n_targets is None else "numbers to learn"
        raise InputError(
            f"model.task is {task} but the data have {has}; leave it null to take it from "
            "the data (for a CSV file, data.target=[COLUMN] means numbers)"
        )
    if data.n_targets is not None:
        if units != data.n_targets:
            raise InputError(
                f"model.units is {units} but the data have {data.n_targets} targets; "
                "leave it null to take it from the data"
            )
        check_numbers(data.points.y, task, name)
    elif units == 1 and data.n_classes > 2:
        raise InputError(
            f"one output unit separates two classes but the data have {data.n_classes}; "
            "leave model.units null for one unit per class"
        )
    elif 1 < units < data.n_classes:
        raise InputError(
            f"model.units is {units} but the data have {data.n_classes} classes; "
            "leave it null to take it from the data"
        )
    if task != "regression" and data.target_scale != "none":
        raise InputError("data.target_scale is for numbers to learn; leave it out")


def check_numbers(y: Tensor, task: str, name: str) -> None:
    """Raise an InputError if a task of labels 0 and 1 has other numbers."""
    if task == "multilabel" and not is_binary(y):
        raise InputError(f"{name} learns labels 0 and 1, or classes; model=mlp learns numbers")


def check_labels(y: Tensor, points: int, units: int) -> None:
    """Raise an InputError unless y holds a class index for each point."""
    labels, classes = y.reshape(-1), max(2, units)
    wrong = bool((labels != labels.long()).any()) or labels.min() < 0 or labels.max() >= classes
    if len(labels) != points or wrong:
        raise InputError(f"labels must be class indices 0 to {classes - 1}, one per point")


def binary_cross_entropy(z: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of sigmoid units.

    Args:
        z: net inputs, (points, units).
        target: zeros and ones, (points, units).
    """
    # This is ln(1 + exp(-z)) or ln(1 + exp(z)), to full precision; torch's general form is a
    # difference of numbers as large as z.
    return F.softplus(torch.addcmul(z, z, target, value=-2), threshold=40).mean()


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


def is_binary(y: Tensor) -> bool:
    """Return whether all numbers are 0 or 1."""
    return bool(((y == 0) | (y == 1)).all())
