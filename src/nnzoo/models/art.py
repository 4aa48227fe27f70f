"""Fuzzy ART: clusters whose number and size follow from a vigilance."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.resonance import Resonance
from nnzoo.models.training.steps import Clock
from nnzoo.nn.art import art_rule


class FuzzyART(Resonance):
    """Categories that are boxes: a point that no box matches well enough starts a new one.

    ``loss`` is the mean city-block distance of the points to the boxes of their categories, in
    scaled units, divided by the number of features. With complement coding, an epoch whose steps
    all have a loss of 0 ends the training, since it changed nothing. Rule: see
    ``nnzoo.nn.art_rule``.

    Source: G. A. Carpenter, S. Grossberg & D. B. Rosen, 1991, "Fuzzy ART: fast stable learning and
    categorization of analog patterns by an adaptive resonance system".

    Args:
        in_features: number of inputs.
        categories: maximum number of categories; further points are refused.
        vigilance: smallest match of a point with the category that learns it, from 0 to 1; with
            complement coding the sides of a box add up to at most ``1 - vigilance`` times the
            number of features.
        alpha: choice parameter; the smaller it is, the more a point prefers small boxes.
        beta: learning rate; with 1 (fast learning) a box grows until it contains the point.
        complement: whether the inputs are complement coded.
    """

    figures = ("curve", "points", "categories")
    monitor_label = "loss: mean distance to the box, scaled data"

    def __init__(
        self,
        in_features: int,
        categories: int = 100,
        vigilance: float = 0.5,
        alpha: float = 0.001,
        beta: float = 1.0,
        complement: bool = True,
    ) -> None:
        super().__init__(in_features)
        self.save_hyperparameters()
        self.add_layer(categories, vigilance, alpha, beta, complement)

    @property
    def stops_at_zero_loss(self) -> bool:  # type: ignore[override]
        """Whether an epoch with a training loss of 0 ends the training."""
        return self.layer.complement  # otherwise points in a box may start new categories

    # Predictions

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., categories): 1 for the category, 0 for the others."""
        return self.layer(x)

    @property
    def output_names(self) -> list[str]:
        return [f"category {j}" for j in range(self.layer.weight.shape[0])]

    @torch.no_grad()
    def predict_labels(self, x: Any) -> list[str]:
        """Return the name of the category for each of the raw points (..., in_features)."""
        return [self.output_names[j] for j in self.winners(x).reshape(-1).tolist()]

    # Learning

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self.winner_distance(batch.x).mean()

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        layer = self.layer
        numbers = self.vigilance, layer.alpha, self.beta
        new = art_rule(layer.weight, layer.used, self.refused, batch.x, *numbers)
        names = "layer.weight", "layer.used", "refused"
        return dict(zip(names, new, strict=True)) | {"loss": self.loss(batch)}
