"""Threshold units trained by the perceptron rule."""

from typing import ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import number
from nnzoo.models.supervised import Supervised
from nnzoo.nn import ThresholdUnit, perceptron_rule


class Perceptron(Supervised):
    """Threshold units that learn one point at a time, in the order given.

    Training stops when a pass begins with no error. ``loss`` is half the sum of squared errors; in
    ``metrics.csv`` it is that of the whole set before each pass, where each epoch is one pass.

    Source: F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and
    organization in the brain". Rule: see ``nnzoo.nn.perceptron_rule``.

    Args:
        in_features: number of inputs.
        units: number of units: one for two classes, one a class, or one a label.
        task: classification or multilabel; see ``Supervised``.
        lr: learning rate; from a zero start it scales the weights and nothing else.

    Raises:
        InputError: if a size or the rate is not positive.
    """

    figures = (*Supervised.figures, "decision")
    curve_label = "loss: half the sum of squared errors"
    loss_is_sum = True
    varying: ClassVar = {"lr": "lr"}

    begun_weight: Tensor
    begun_bias: Tensor
    errors: Tensor

    def __init__(
        self, in_features: int, units: int = 1, task: str = "classification", lr: float = 0.01
    ) -> None:
        super().__init__(in_features, units, task)
        self.save_hyperparameters()
        self.lr = number("model.lr", lr, above=0)
        self.layer = ThresholdUnit(in_features, units)
        # Of a pass: the weights it began with, and their loss so far.
        self.register_buffer("begun_weight", self.layer.weight.detach().clone(), persistent=False)
        self.register_buffer("begun_bias", self.layer.bias.detach().clone(), persistent=False)
        self.register_buffer("errors", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units), zeros and ones."""
        return self.layer(x)

    def scores(self, x: Tensor) -> Tensor:
        return self.layer.net_input(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Half the sum of squared errors of the batch."""
        return self._error(batch, self.layer.weight, self.layer.bias)

    def begin_pass(self) -> dict[str, Tensor]:
        return {
            "begun_weight": self.layer.weight,
            "begun_bias": self.layer.bias,
            "errors": torch.zeros_like(self.errors),
        }

    def update(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        # A pass is judged by the weights it begins with, also where it takes several batches.
        loss = self._error(batch, self.begun_weight, self.begun_bias)
        weight, bias = perceptron_rule(
            self.layer.weight, self.layer.bias, batch.x, self.targets(batch), self.lr
        )
        changed = {"layer.weight": weight, "layer.bias": bias, "errors": self.errors + loss}
        return changed, loss

    def finished(self) -> Tensor:
        return self.errors == 0

    def _error(self, batch: Batch, weight: Tensor, bias: Tensor) -> Tensor:
        output = torch.func.functional_call(self.layer, {"weight": weight, "bias": bias}, batch.x)
        return 0.5 * (self.targets(batch) - output).square().sum()

    def weights(self) -> dict[str, Tensor]:
        """``w`` (units, in_features), ``b`` (units,), and the threshold on ``w·x``, ``-b``."""
        weight, bias = self.layer.weight.detach(), self.layer.bias.detach()
        return {"w": weight, "b": bias, "threshold": 0 - bias}
