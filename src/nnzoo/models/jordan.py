"""Jordan's sequential network."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch, as_numbers, check_finite
from nnzoo.errors import InputError, check_float, check_int
from nnzoo.models.bases.recurrent import Recurrent
from nnzoo.models.bases.supervised import Supervised
from nnzoo.nn import JordanLayer


class Jordan(Recurrent):
    """A network whose hidden units also get a state, the decaying sum of the outputs so far.

    ``s_t = decay s_{t-1} + o_{t-1}``, ``h_t = f(W [x_t, s_t] + b)`` and ``o_t = g(V h_t + c)``. The
    loss is the mean of ``(o - t)^2`` over sequences, steps and units. States and outputs are in
    scaled units.

    Source: M. I. Jordan, 1986, "Serial order: a parallel distributed processing approach".

    Args:
        in_features: number of inputs of each step; plan units, if they are constant.
        units, task, washout, time_steps: see ``nnzoo.models.bases.recurrent.Recurrent``.
        hidden: number of hidden units.
        activation: activation of the hidden units, one of ``nnzoo.nn.ACTIVATIONS`` except softmax.
        output_activation: the same for the output units; None: sigmoid for targets 0 and 1,
            otherwise identity.
        decay: share of the state that is kept from a step to the next, from 0 to below 1; mu of the
            source.
        forcing: probability that, in training, the state gets the target of a step instead of the
            output; 1: teacher forcing. The metrics are always those without it, but for the
            ``loss`` of the training part. It may differ between models trained together, except
            that 0 turns it off.
        truncate: number of steps after which the gradient is cut off; 1: the state is an input
            like any other, as in the source; None: it passes through the whole sequence.
        optimizer, scheduler: see ``Model``; the default is Adam with lr 0.01.

    Raises:
        InputError: if a number is outside its range, or a name is unknown.
    """

    figures = (*Recurrent.figures, "paths")
    chain: ClassVar = {
        "": "input and state",
        "layer.linear": "hidden layer",
        "layer.activation": "",
        "layer.head": "output layer",
        "layer.output": "",
    }
    forcing: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "regression",
        hidden: int = 10,
        activation: str = "tanh",
        output_activation: str | None = None,
        decay: float = 0.5,
        forcing: float = 0.0,
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
        check_int("model.hidden", hidden)
        check_float("model.decay", decay, low=0, below=1)
        self.layer = JordanLayer(
            in_features, hidden, units, activation, output_name, decay, truncate
        )
        self.add_coefficient("forcing", forcing, low=0, high=1)
        self.is_forced = forcing > 0

    def forward(self, x: Tensor) -> Tensor:
        """(..., time, in_features) scaled -> (..., time, units)."""
        output: Tensor = self.layer(x)
        return output

    @torch.no_grad()
    def predict_from(self, x: Any, before: Any) -> Tensor:
        """Return what ``predict`` returns if the outputs before the first step had always been
        ``before``, (units,) or (sequences, units) in raw units.

        Raises:
            InputError: as ``predict``, or if ``before`` has another shape or numbers that are not
                finite.
        """
        scaled = self.scaled(x)
        raw = as_numbers(before).to(scaled.device)
        sequences = scaled.shape[:-2].numel()
        if raw.shape not in ((self.units,), (sequences, self.units)):
            raise InputError(
                f"the outputs before must be ({self.units},) or ({sequences}, {self.units}), got "
                f"the shape {tuple(raw.shape)}"
            )
        scaling = self.output_scaling
        outputs = (raw if scaling is None else scaling(raw)).to(scaled)
        check_finite(outputs, raw)
        state = outputs / (1 - self.layer.decay)
        found: Tensor = self.layer(scaled, state)
        return found if scaling is None else scaling.inverse(found)

    # Learning

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor | None:
        """Return uniform numbers, (sequences, time), or None without forcing."""
        if not self.is_forced:
            return None
        return torch.rand(batch.x.shape[:2], generator=generator).to(batch.x.device)

    def learned(self, batch: Batch, noise: Tensor | None) -> Tensor:
        if noise is None:
            return super().learned(batch, noise)
        forced = Supervised.y(self, batch).to(batch.x.dtype), noise < self.forcing
        return self.counted(self.layer(batch.x, forced=forced))
