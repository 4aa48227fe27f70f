"""Elman's simple recurrent network."""

from typing import Any, ClassVar

from torch import Tensor, nn

from nnzoo.errors import check_int
from nnzoo.models.bases.recurrent import Recurrent
from nnzoo.nn import ACTIVATIONS, ElmanLayer


class Elman(Recurrent):
    """A network whose hidden units also get their own activations of the step before.

    ``h_t = f(W [x_t, h_{t-1}] + b)`` and ``o_t = g(V h_t + c)``. The loss is the mean of
    ``(o - t)^2`` over sequences, steps and units.

    Source: J. L. Elman, 1990, "Finding structure in time".

    Args:
        in_features: number of inputs of each step.
        units, task, washout, time_steps: see ``nnzoo.models.bases.recurrent.Recurrent``.
        hidden: number of hidden units.
        activation: activation of the hidden units, one of ``nnzoo.nn.ACTIVATIONS`` except softmax.
        output_activation: the same for the output units; None: sigmoid for targets 0 and 1,
            otherwise identity.
        truncate: number of steps after which the gradient is cut off; 1: the context is an input
            like any other, as in the source; None: it passes through the whole sequence.
        optimizer, scheduler: see ``Model``; the default is Adam with lr 0.01.

    Raises:
        InputError: if a number is too small, or a name is unknown.
    """

    chain: ClassVar = {
        "": "input and context",
        "layer": "hidden layer",
        "head": "output layer",
        "output": "",
    }

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "regression",
        hidden: int = 10,
        activation: str = "tanh",
        output_activation: str | None = None,
        truncate: int | None = None,
        washout: int = 0,
        time_steps: int | None = None,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        options = {"optimizer": optimizer, "scheduler": scheduler}
        super().__init__(in_features, units, task, washout, time_steps, **options)
        self.save_hyperparameters()
        output_name = self.output_name(activation, output_activation)
        self.layer = ElmanLayer(
            in_features, check_int("model.hidden", hidden), activation, truncate
        )
        self.head = nn.Linear(hidden, units)
        self.output = ACTIVATIONS[output_name]()

    def forward(self, x: Tensor) -> Tensor:
        """(..., time, in_features) scaled -> (..., time, units)."""
        return self.output(self.head(self.layer(x)))
