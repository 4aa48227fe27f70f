"""Optimizers whose steps are of all training points.

Some of them compute in float64, and evaluate a model several times in a step.
"""

from typing import Any

from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.models.training.least_squares import NAMES, check_squares, shares, uses_squares
from nnzoo.nn.bayesian_regularization import NUMBERS

IN_DOUBLE = (*NAMES, "scg")
"""Those that compute in float64; they have no learning rate."""

UNSCHEDULED = ("gda", "gdx", *IN_DOUBLE)
"""Those that follow no schedule: they set their rates, or have none."""

WHOLE = ("quickprop", *UNSCHEDULED)
"""Their names: they compare the errors or slopes of steps, which are those of equal points."""


def check_whole(model: Any, data: Any) -> None:
    """Raise an InputError if a model has such an optimizer, which cannot train it: a batch is not
    the whole training part of a data module, there is a schedule for the learning rate, or see
    ``check_squares``."""
    name = model.optimizer_config.get("name")
    if name not in WHOLE:
        return
    if uses_squares(model):
        check_squares(model, data)
    if model.scheduler_config is not None and name in UNSCHEDULED:
        raise InputError(f"{name} does not follow a schedule: set model.scheduler=null")
    points = len(data.raw[0].x)
    if data.batch_points() < points:
        raise not_whole(name, f"data.batch_size is {data.batch_points()} of {points}")


def in_double(model: Any) -> bool:
    """Return whether a model's optimizer computes in float64."""
    return model.optimizer_config.get("name") in IN_DOUBLE


def take_step(model: Any, optimizer: Any, batch: Batch, noise: Tensor | None) -> Tensor:
    """Take a step of a model in float64 by an optimizer of Lightning; return the loss before it."""
    like = model.prototype.double()
    batch, noise = batch.like(like), None if noise is None else noise.to(like)
    if not uses_squares(model):
        loss: Tensor = optimizer.step(lambda: model.loss(batch, noise))
        return loss
    scale, share = shares(model, len(batch.x))
    error: Tensor = optimizer.step(lambda: scale * model.residuals(batch, noise))
    return share * error


def estimates(model: Any, optimizer: Any) -> dict[str, Tensor]:
    """Return what Bayesian regularization has estimated in a step, by name, as scalars."""
    kept = [number for state in optimizer.state.values() for number in state.items()]
    double = model.prototype.double()
    return {name: double.new_tensor(value) for name, value in kept if name in NUMBERS}


def not_whole(name: str, batch: str) -> InputError:
    """Return the error that a batch is not the whole training part."""
    return InputError(
        f"{name} takes each step from all training points, and {batch}: add data.batch_size=null"
    )
