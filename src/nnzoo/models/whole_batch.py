"""Optimizers whose steps are of all training points, and have no schedule."""

from typing import Any

from nnzoo.errors import InputError

WHOLE = ("gda", "gdx", "levenberg_marquardt")
"""Their names: they compare the errors of steps, which are those of equal points."""


def check_whole(model: Any, data: Any) -> None:
    """Raise an InputError if a model has such an optimizer, and a batch is not the whole training
    part of a data module, or there is a schedule for the learning rate."""
    name = model.optimizer_config.get("name")
    if name not in WHOLE:
        return
    if model.scheduler_config is not None:
        raise InputError(f"{name} does not follow a schedule: leave model.scheduler out")
    points = len(data.raw[0].x)
    if data.batch_points() < points:
        raise not_whole(name, f"data.batch_size is {data.batch_points()} of {points}")


def not_whole(name: str, batch: str) -> InputError:
    """Return the error that a batch is not the whole training part."""
    return InputError(
        f"{name} takes each step from all training points, and {batch}: add data.batch_size=null"
    )
