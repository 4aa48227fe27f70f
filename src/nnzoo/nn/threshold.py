"""Threshold units and the perceptron rule."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import check_int


class ThresholdUnit(nn.Module):
    """Units that fire if their weighted input exceeds a threshold.

    ``output = 1 if w·x + b > 0 else 0``; the threshold on ``w·x`` is ``-b``. Weights and biases
    start at zero. The output has no gradient: train the units with ``perceptron_rule``.

    Source: F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and
    organization in the brain".

    Attributes:
        weight: (units, in_features).
        bias: (units,).

    Raises:
        InputError: if a size is not a whole number of at least 1.
    """

    def __init__(self, in_features: int, units: int = 1) -> None:
        super().__init__()
        check_int("in_features", in_features)
        check_int("units", units)
        self.weight = nn.Parameter(torch.zeros(units, in_features), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(units), requires_grad=False)

    def net_input(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): ``w·x + b``, before the threshold."""
        return F.linear(x, self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): zeros and ones."""
        return (self.net_input(x) > 0).to(x.dtype)


def perceptron_rule(
    weight: Tensor, bias: Tensor, x: Tensor, target: Tensor, lr: float | Tensor
) -> tuple[Tensor, Tensor]:
    """Learn the points one at a time, in order, and return the new weights and biases.

    ``w += lr (t - o) x`` and ``b += lr (t - o)``, with ``o = 1 if w·x + b > 0 else 0``.

    Source: F. Rosenblatt, 1958; see ``ThresholdUnit``.

    Args:
        weight, bias: (units, in_features) and (units,); not modified.
        x: (points, in_features).
        target: (points, units): zeros and ones.
        lr: learning rate, a float or a 0-d tensor; or one for each point, (points,).
    """
    rates = lr if isinstance(lr, Tensor) and lr.ndim else [lr] * len(x)
    for point, expected, rate in zip(x, target, rates, strict=True):
        error = rate * (expected - (weight @ point + bias > 0).to(weight.dtype))
        weight = weight + torch.outer(error, point)
        bias = bias + error
    return weight, bias
