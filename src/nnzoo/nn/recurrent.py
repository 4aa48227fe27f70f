"""Recurrent layers, which read sequences step by step."""

from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.errors import check_choice, check_float, check_int
from nnzoo.nn.mlp import ACTIVATIONS

OF_EACH_UNIT = {name: make for name, make in ACTIVATIONS.items() if name != "softmax"}
"""Activations of recurrent layers, by name."""


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
        check_choice("activation", activation, OF_EACH_UNIT)
        self.truncate = None if truncate is None else check_int("model.truncate", truncate)
        self.linear = nn.Linear(in_features + units, units)
        self.activation = OF_EACH_UNIT[activation]()

    def forward(self, x: Tensor) -> Tensor:
        return over_time(self._steps, x)

    def _steps(self, x: Tensor) -> Tensor:
        net_inputs, back = split_inputs(self.linear, x)
        h = self.activation(torch.zeros_like(net_inputs[:, 0]))
        states = []
        for t, net_input in enumerate(net_inputs.unbind(1)):
            if self.truncate and t % self.truncate == 0:
                h = h.detach()
            h = self.activation(torch.addmm(net_input, h, back))
            states.append(h)
        return torch.stack(states, 1)


class JordanLayer(nn.Module):
    """Hidden and output units, of which the hidden ones also get a state, fed by the outputs.

    (..., time, in_features) -> (..., time, units): ``s_t = decay s_{t-1} + o_{t-1}``,
    ``h_t = f(W [x_t, s_t] + b)`` and ``o_t = g(V h_t + c)``. The first state is 0.

    Source: M. I. Jordan, 1986, "Serial order: a parallel distributed processing approach".

    Args:
        in_features: number of inputs of each step.
        hidden: number of hidden units.
        units: number of output units, and of state units.
        activation: f, one of ``nnzoo.nn.ACTIVATIONS`` except softmax.
        output_activation: g, the same for the output units.
        decay: share of the state that is kept from a step to the next, from 0 to below 1; mu of the
            source.
        truncate: the gradient does not pass from a step to the one before at every ``truncate``-th
            step; 1: the state is an input like any other, as in the source; None: it passes through
            the whole sequence.

    Raises:
        InputError: if a number is outside its range, or an activation is unknown.
    """

    decay: Tensor

    def __init__(
        self,
        in_features: int,
        hidden: int,
        units: int,
        activation: str = "tanh",
        output_activation: str = "identity",
        decay: float = 0.5,
        truncate: int | None = None,
    ) -> None:
        super().__init__()
        self.in_features = check_int("in_features", in_features)
        self.units = check_int("units", units)
        check_choice("activation", activation, OF_EACH_UNIT)
        check_choice("output_activation", output_activation, OF_EACH_UNIT)
        kept = torch.tensor(check_float("decay", decay, low=0, below=1), dtype=torch.float64)
        self.register_buffer("decay", kept, persistent=False)
        self.truncate = None if truncate is None else check_int("model.truncate", truncate)
        self.linear = nn.Linear(in_features + units, check_int("hidden", hidden))
        self.activation = OF_EACH_UNIT[activation]()
        self.head = nn.Linear(hidden, units)
        self.output = OF_EACH_UNIT[output_activation]()

    def forward(
        self, x: Tensor, state: Tensor | None = None, forced: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the outputs of sequences.

        Args:
            x: (..., time, in_features).
            state: the first state, (units,) or (sequences, units); None: 0.
            forced: outputs (sequences, time, units) that the state gets instead of the layer's own,
                and at which steps it gets them, (sequences, time).
        """
        return over_time(lambda sequences: self._steps(sequences, state, forced), x)

    def _steps(
        self, x: Tensor, state: Tensor | None, forced: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        net_inputs, back = split_inputs(self.linear, x)
        s = torch.zeros_like(net_inputs[:, 0, :1]).expand(-1, self.units)
        s = s if state is None else s + state
        outputs = []
        for t, net_input in enumerate(net_inputs.unbind(1)):
            if self.truncate and t % self.truncate == 0:
                s = s.detach()
            output = self.output(self.head(self.activation(torch.addmm(net_input, s, back))))
            outputs.append(output)
            if forced is not None:
                output = torch.where(forced[1][:, t, None], forced[0][:, t], output)
            s = self.decay * s + output
        return torch.stack(outputs, 1)


def split_inputs(linear: nn.Linear, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the net inputs from x (sequences, time, features) alone, and the transposed weights of
    what is fed back, for a layer of both; then a step of a sequence is only two operations."""
    own, recurrent = linear.weight.tensor_split([x.shape[-1]], 1)
    return nn.functional.linear(x, own, linear.bias), recurrent.t()


def over_time(function: Any, x: Tensor) -> Tensor:
    """Call a function of sequences (sequences, time, features) with x (..., time, features); the
    result has the leading dimensions of x."""
    if x.ndim == 3:
        result: Tensor = function(x)
        return result
    flat = x[None] if x.ndim == 2 else x.flatten(0, -3)
    result = function(flat)
    return result.reshape(*x.shape[:-1], result.shape[-1])
