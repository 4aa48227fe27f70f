"""Targets of data: which ones a supervised model can learn."""

from typing import Any

from torch import Tensor

from nnzoo.batch import is_binary
from nnzoo.errors import InputError, counted


def check_data(data: Any, units: int, task: str, for_numbers: str) -> None:
    """Raise an InputError if a model cannot learn a data module's targets; it names an entry for
    numbers if these are the reason."""
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
        check_binary(data.points.y, for_numbers)


def units_and_task(data: Any, for_numbers: str) -> tuple[int, str]:
    """Return the number of output units and the task for a data module.

    Args:
        data: a data module; an InputError if it has no targets.
        for_numbers: the task for targets other than 0 and 1.
    """
    require_targets(data)
    if data.n_classes is None:
        task = "multilabel" if is_binary(data.points.y) else for_numbers
        return data.n_targets, task
    return 1 if data.n_classes <= 2 else data.n_classes, "classification"


def require_targets(data: Any) -> None:
    """Raise an InputError if a data module has no targets."""
    if data.n_classes is None and data.n_targets is None:
        raise InputError(
            "this model learns from labels, but the data have none; name a column in data.target, "
            "or choose labeled data, such as data=blobs"
        )


def check_binary(y: Tensor, for_numbers: str = "mlp") -> None:
    """Raise an InputError, with the entry of a model for numbers, if targets are not all 0 or 1."""
    if not is_binary(y):
        raise InputError(
            f"this model learns labels 0 and 1, or classes; model={for_numbers} learns numbers"
        )
