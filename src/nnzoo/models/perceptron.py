"""Threshold units trained by the perceptron rule."""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.online import Online
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.parts.initial import as_lists, set_values
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn import ThresholdUnit, perceptron_rule


class Perceptron(Online, Supervised):
    """Threshold units that learn one point at a time, until an epoch without errors.

    ``loss`` is half the sum of squared errors; in training, of each batch before its step.

    Source: F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and
    organization in the brain". Rule: see ``nnzoo.nn.perceptron_rule``.

    Args:
        in_features: number of inputs.
        units: number of units: one for two classes, one per class, or one per label.
        task: classification or multilabel; see ``Supervised``.
        lr: learning rate; if weights start at zero, it only scales them.
        initial_weight: given weights, (units, in_features); None: zeros.
        initial_bias: given biases, (units,); None: zeros.
    """

    figures = (*Supervised.figures, "decision")
    chain: ClassVar = {"layer": "threshold units"}
    gives_probabilities = False
    monitor_label = "loss: half the sum of squared errors"
    loss_is_sum = True
    stops_at_zero_loss = True

    lr: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "classification",
        lr: float = 0.01,
        initial_weight: Sequence[Any] | None = None,
        initial_bias: Sequence[float] | None = None,
    ) -> None:
        super().__init__(in_features, units, task)
        initial_weight, initial_bias = as_lists(initial_weight), as_lists(initial_bias)
        self.save_hyperparameters()
        self.add_coefficient("lr", lr, above=0)
        self.layer = ThresholdUnit(in_features, units)
        set_values("model.initial_weight", self.layer.weight, initial_weight)
        set_values("model.initial_bias", self.layer.bias, initial_bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units), zeros and ones."""
        return self.layer(x)

    def scores(self, x: Tensor) -> Tensor:
        return self.layer.net_input(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return 0.5 * (self.targets(batch) - self.layer(batch.x)).square().sum()

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(timed=False),)

    def update(self, batch: Batch, clock: Clock | None) -> dict[str, Tensor]:
        """Return the weights after ``nnzoo.nn.perceptron_rule``, and the loss before.

        A weight of a point multiplies its learning rate.
        """
        old = self.layer.weight, self.layer.bias
        lr = self.weighted(self.lr.expand(len(batch.x)), batch) if self.is_weighted else self.lr
        weight, bias = perceptron_rule(*old, batch.x, self.targets(batch), lr)
        return {"layer.weight": weight, "layer.bias": bias, "loss": self.loss(batch)}

    def weights(self) -> dict[str, Tensor]:
        """Return ``w`` (units, in_features), ``b`` (units,) and the ``threshold`` on w·x, -b."""
        weight, bias = self.layer.weight.detach(), self.layer.bias.detach()
        return {"w": weight, "b": bias, "threshold": 0 - bias}  # not -0.0
