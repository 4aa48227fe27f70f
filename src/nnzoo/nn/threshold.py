"""Threshold units and the perceptron rule."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import whole


class ThresholdUnit(nn.Module):
    """Units that fire when their weighted input exceeds a threshold.

    ``output = 1 if w·x + b > 0 else 0``; the threshold on ``w·x`` is ``-b``. Weights start at zero.
    The output has no gradient: train the units with ``perceptron_rule``.

    Source: F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and
    organization in the brain".

    Args:
        in_features: number of inputs of each unit.
        units: number of units.

    Attributes:
        weight: (units, in_features).
        bias: (units,).

    Raises:
        InputError: if a size is not a whole number of at least 1.
    """

    def __init__(self, in_features: int, units: int = 1) -> None:
        super().__init__()
        whole("in_features", in_features)
        whole("units", units)
        self.weight = nn.Parameter(torch.zeros(units, in_features), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(units), requires_grad=False)

    def net_input(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): ``w·x + b``, before the threshold."""
        return F.linear(x, self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units), zeros and ones."""
        return (self.net_input(x) > 0).to(x.dtype)


def perceptron_rule(
    weight: Tensor, bias: Tensor, x: Tensor, target: Tensor, lr: float
) -> tuple[Tensor, Tensor]:
    """The weights and biases after one pass of the perceptron rule, one point at a time, in order.

    ``w += lr (t - o) x`` and ``b += lr (t - o)``, with ``o = 1 if w·x + b > 0 else 0``.

    Args:
        weight: (units, in_features); not changed.
        bias: (units,); not changed.
        x: (points, in_features).
        target: (points, units), zeros and ones.
        lr: learning rate.

    Returns:
        The new weight and bias, in the same shapes.
    """
    for point, wanted in zip(x, target, strict=True):
        error = lr * (wanted - (weight @ point + bias > 0).to(weight.dtype))
        weight = weight + torch.outer(error, point)
        bias = bias + error
    return weight, bias
