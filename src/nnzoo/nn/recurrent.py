"""Recurrent layers, which read sequences step by step."""

from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.errors import check_choice, check_int
from nnzoo.nn.mlp import ACTIVATIONS


class ElmanLayer(nn.Module):
    """A hidden layer whose units also get their own activations of the step before.

    (..., time, in_features) -> (..., time, units): ``h_t = f(W [x_t, h_{t-1}] + b)``. The context
    ``h_0`` before the first step is ``f(0)``: 0 for tanh, and 0.5 for sigmoid, as in the source.

    Source: J. L. Elman, 1990, "Finding structure in time".

    Args:
        in_features: number of inputs of each step.
        units: number of hidden units, and of context units.
        activation: one of ``nnzoo.nn.ACTIVATIONS`` except softmax.
        truncate: the gradient does not pass from a step to the one before at every ``truncate``-th
            step; 1: the context is an input like any other, as in the source; None: it passes
            through the whole sequence (backpropagation through time).

    Raises:
        InputError: if a number is less than 1, or the activation is unknown.
    """

    def __init__(
        self,
        in_features: int,
        units: int,
        activation: str = "tanh",
        truncate: int | None = None,
    ) -> None:
        super().__init__()
        self.in_features = check_int("in_features", in_features)
        self.units = check_int("units", units)
        known = {name: make for name, make in ACTIVATIONS.items() if name != "softmax"}
        check_choice("activation", activation, known)
        self.truncate = None if truncate is None else check_int("truncate", truncate)
        self.linear = nn.Linear(in_features + units, units)
        self.activation = known[activation]()

    def forward(self, x: Tensor) -> Tensor:
        return over_time(self._steps, x)

    def _steps(self, x: Tensor) -> Tensor:
        own, recurrent = self.linear.weight.tensor_split([self.in_features], 1)
        # The inputs of all steps are multiplied at once, so that a step is only two operations.
        net_inputs = nn.functional.linear(x, own, self.linear.bias)
        back = recurrent.t()
        h = self.activation(torch.zeros_like(net_inputs[:, 0]))
        states = []
        for t, net_input in enumerate(net_inputs.unbind(1)):
            if self.truncate and t % self.truncate == 0:
                h = h.detach()
            h = self.activation(torch.addmm(net_input, h, back))
            states.append(h)
        return torch.stack(states, 1)


def over_time(function: Any, x: Tensor) -> Tensor:
    """Call a function of sequences (sequences, time, features) with x (..., time, features); the
    result has the leading dimensions of x."""
    if x.ndim == 3:
        result: Tensor = function(x)
        return result
    flat = x[None] if x.ndim == 2 else x.flatten(0, -3)
    result = function(flat)
    return result.reshape(*x.shape[:-1], result.shape[-1])
