"""What Levenberg-Marquardt requires of a model and its data; see ``nnzoo.nn.levenberg_marquardt``.

It learns from ``residuals`` of all training points at once.
"""

from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.limits import check_jacobian, jacobian_bytes

NAME = "levenberg_marquardt"
"""Name of the optimizer."""

PROBED = 64
"""Points on which the residuals are compared with the loss."""


def no_squares(loss: str, fix: str = "use another optimizer, such as lbfgs") -> InputError:
    """Return the error that a loss, or that of a model, is not a sum of squares."""
    return InputError(f"{loss} is not a sum of squares, which {NAME} needs; {fix}")


def uses_squares(model: Any) -> bool:
    """Return whether a model's optimizer is Levenberg-Marquardt."""
    return bool(model.optimizer_config.get("name") == NAME)


@torch.no_grad()
def check_squares(model: Any, data: Any) -> None:
    """Raise an InputError if Levenberg-Marquardt cannot train a model on a data module: its loss is
    not a sum of squares, or the Jacobian does not fit into memory.
    """
    points = len(data.raw[0].x)
    batch = next(data.scaled_slices(data.raw[0])).like(model.prototype).split(PROBED)[0]
    residuals = model.residuals(batch)
    total, loss = residuals.double().square().sum(), model.loss(batch).double()
    total = total if model.loss_is_sum else total / len(batch.x)
    if not torch.isclose(total, loss, rtol=1e-3, equal_nan=True):  # a subclass changed one of them
        kind = type(model).__name__
        raise no_squares(f"the loss of {kind} ({loss:g}, and its residuals give {total:g})")
    check_jacobian(NAME, *_shape(points, residuals, model))


@torch.no_grad()
def squares_bytes(model: Any, part: Batch) -> int:
    """Return the bytes that a step of Levenberg-Marquardt from some points takes."""
    return jacobian_bytes(*_shape(len(part.x), model.residuals(part.split(1)[0]), model))


def _shape(points: int, residuals: Tensor, model: Any) -> tuple[int, int]:
    """Return the shape of the Jacobian of so many points, whose residuals are like others."""
    numbers = sum(own.numel() for own in model.parameters() if own.requires_grad)
    return points * residuals[0].numel(), numbers
