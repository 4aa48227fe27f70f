"""The least-mean-squares rule."""

import torch
from torch import Tensor

AT_ONCE = 256
"""Number of points whose errors are computed together; the equations are quadratic in it."""


def lms_rule(
    weight: Tensor, bias: Tensor, x: Tensor, target: Tensor, lr: Tensor
) -> tuple[Tensor, Tensor]:
    """Learn the points one at a time, in order, and return the new weights and biases.

    ``w += lr e x`` and ``b += lr e``, with the error ``e = t - (w·x + b)`` before the threshold:
    steps against the gradient of ``e^2 / 2``.

    Source: B. Widrow & M. E. Hoff, 1960, "Adaptive switching circuits".

    Args:
        weight, bias: (units, in_features) and (units,); not modified.
        x: (points, in_features).
        target: (points, units).
        lr: learning rate of each point, (points,).
    """
    for points, expected, rate in zip(
        x.split(AT_ONCE), target.split(AT_ONCE), lr.split(AT_ONCE), strict=True
    ):
        # Error i is that of the first weights, less what each earlier step j changes at point i:
        # the sum over j < i of lr_j e_j (x_j·x_i + 1). These are triangular equations.
        changes = (points @ points.T + 1).tril(-1) * rate
        first = expected - points @ weight.T - bias
        # There is no solver for half precision.
        wide = torch.promote_types(first.dtype, torch.float32)
        options = {"upper": False, "unitriangular": True}
        errors = torch.linalg.solve_triangular(changes.to(wide), first.to(wide), **options)
        steps = rate[:, None] * errors.to(first.dtype)
        weight = weight + steps.T @ points
        bias = bias + steps.sum(0)
    return weight, bias


def lms_batch_rule(
    weight: Tensor, bias: Tensor, x: Tensor, target: Tensor, lr: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the weights and biases after the mean of the steps of all points, each from the old
    weights; ``lr`` is one rate. The rest is as in ``lms_rule``."""
    step = lr * (target - x @ weight.T - bias) / len(x)
    return weight + step.T @ x, bias + step.sum(0)
