"""What Levenberg-Marquardt and Bayesian regularization require of a model and its data.

They learn from ``residuals`` of all training points at once; see ``nnzoo.nn.levenberg_marquardt``.
"""

from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.limits import check_jacobian, jacobian_bytes

NAMES = LEVENBERG_MARQUARDT, BAYESIAN = "levenberg_marquardt", "bayesian_regularization"
"""Names of the optimizers."""

PROBED = 64
"""Points on which the residuals are compared with the loss."""


def no_squares(loss: str, fix: str = "use another optimizer, such as lbfgs") -> InputError:
    """Return the error that a loss, or that of a model, is not a sum of squares."""
    return InputError(f"{loss} is not a sum of squares, which {' and '.join(NAMES)} need; {fix}")


def uses_squares(model: Any) -> bool:
    """Return whether a model's optimizer is one of these."""
    return model.optimizer_config.get("name") in NAMES


def keeps_last(model: Any, data: Any) -> bool:
    """Return whether the best epoch is the last: the training loss is lowest before the decay of
    Bayesian regularization has grown."""
    return model.optimizer_config.get("name") == BAYESIAN and data.raw[1] is None


def shares(model: Any, points: int) -> tuple[float, float]:
    """Return the factor of the residuals of so many points in a step, and that of the sum of the
    squares of the products in the loss.

    Levenberg-Marquardt minimizes the loss; Bayesian regularization counts residuals.
    """
    share = 1.0 if model.loss_is_sum else 1 / points
    return (1.0, share) if model.optimizer_config["name"] == BAYESIAN else (share**0.5, 1.0)


@torch.no_grad()
def check_squares(model: Any, data: Any) -> None:
    """Raise an InputError if such an optimizer cannot train a model on a data module: its loss is
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
    check_jacobian(model.optimizer_config["name"], *_shape(points, residuals, model))


@torch.no_grad()
def squares_bytes(model: Any, part: Batch) -> int:
    """Return the bytes that a step from some points takes."""
    return jacobian_bytes(*_shape(len(part.x), model.residuals(part.split(1)[0]), model))


def _shape(points: int, residuals: Tensor, model: Any) -> tuple[int, int]:
    """Return the shape of the Jacobian of so many points, whose residuals are like others."""
    numbers = sum(own.numel() for own in model.parameters() if own.requires_grad)
    return points * residuals[0].numel(), numbers
