"""Learning vector quantization: prototypes that learn one point at a time."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import check_choice
from nnzoo.models.bases.online import Online
from nnzoo.models.bases.prototypes import Prototypes
from nnzoo.models.bases.winner_take_all import WinnerTakeAll
from nnzoo.models.parts.initial import as_lists
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn.decay import decayed, progress_of
from nnzoo.nn.lvq import RULES, lvq_rule

RATES = {"lvq1": 0.1, "lvq2.1": 0.01, "lvq3": 0.01, "olvq1": 0.3}
"""Default learning rates of the rules."""


class LVQ(Online, WinnerTakeAll, Prototypes):
    """Prototypes with classes that move towards points of their class and away from others.

    ``loss`` is the share of points whose nearest prototype has another class, in training of each
    batch before its step. Of epochs with equal losses the last one is the best. The learning rate
    falls linearly during the training. Rules: see ``nnzoo.nn.lvq_rule``.

    Source: T. Kohonen, 1986, "Learning vector quantization for pattern recognition"; olvq1, lvq2.1,
    lvq3: T. Kohonen et al., 1996, "LVQ_PAK: the learning vector quantization program package".

    Args:
        in_features: number of inputs.
        units: number of output units, one for two classes; see ``Supervised``.
        prototypes: number of prototypes of each class, or a list, one number per class.
        rule: lvq1, olvq1, lvq2.1 or lvq3.
        start: initial prototypes, computed from the points of each class: ``refined``, by k-means
            and LBG-U, for one prototype the mean; ``kmeans++``; or ``sample``, random points.
        lr: learning rate at the start; with olvq1, the initial and highest rate of each prototype.
            None: 0.1 for lvq1, 0.3 for olvq1, 0.01 for lvq2.1 and lvq3.
        lr_end: learning rate at the end, which olvq1 ignores; None: as at the start.
        window: relative width of the window of lvq2.1 and lvq3.
        epsilon: factor of the steps of lvq3 if both prototypes have the class of the point.
        class_weight: ``balanced`` or None; see ``Supervised``. The steps of a point are multiplied
            by the weight of its class.
        initial_weight: given prototypes, (prototypes, in_features) in raw units, in the order of
            the classes, instead of ``start``.
    """

    units_option = "model.prototypes"
    prefers_later = True  # with lower rates

    rates: Tensor
    window: Tensor
    epsilon: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        prototypes: int | Sequence[int] = 3,
        rule: str = "lvq1",
        start: str = "refined",
        lr: float | None = None,
        lr_end: float | None = 0.0005,
        window: float = 0.2,
        epsilon: float = 0.2,
        class_weight: str | None = None,
        initial_weight: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(in_features, units, prototypes, start, class_weight)
        self.monitor_label = f"loss: share of wrong classes{self.weighting}"
        initial_weight, prototypes = as_lists(initial_weight), as_lists(prototypes)
        self.save_hyperparameters()
        self.rule = check_choice("model.rule", rule, RULES)
        lr = RATES[rule] if lr is None else lr
        self.add_layer(in_features, len(self.prototype_classes), lr, lr_end)
        self.add_coefficient("window", window, low=0, high=1)
        self.add_coefficient("epsilon", epsilon, low=0, high=1)
        self.register_buffer("rates", torch.full((len(self.prototype_classes),), float(lr)))
        self.set_given(initial_weight)

    @property
    def prototype(self) -> Tensor:
        return self.rates.new_empty(0)  # not the layer's weights, which are always float64

    def distances(self, x: Tensor) -> Tensor:
        return self.layer.distances(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        wrong = self.class_distances(batch.x).argmin(-1) != self.labels(batch)
        return self.weighted(wrong.to(batch.x), batch).mean()

    @torch.no_grad()
    def initialize_from(self, batch: Batch) -> None:
        super().initialize_from(batch)
        self.rates.copy_(self.lr.expand_as(self.rates))

    def _start(self, batch: Batch) -> None:
        if not self.layer.weight.any():  # as the constructor left it
            self.initialize_from(batch)

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights and rates after the batch, and the loss before it."""
        times = progress_of(clock.progress, clock.share, len(batch.x), device=self.lr.device)
        lr_end = self.lr if self.rule == "olvq1" else self.lr_end
        lr = decayed(times, self.lr, lr_end, "linear")
        factors = self.weighted(torch.ones_like(lr), batch)
        points = self.prototype_classes, batch.x, self.labels(batch), lr, factors
        state: tuple[Tensor, Tensor] = (self.layer.weight, self.rates)
        weight, rates = lvq_rule(*state, *points, self.window, self.epsilon, rule=self.rule)
        return {"layer.weight": weight, "rates": rates, "loss": self.loss(batch)}
