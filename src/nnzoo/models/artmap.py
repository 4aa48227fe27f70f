"""Fuzzy ARTMAP: categories of fuzzy ART, each of which belongs to a class."""

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.of_classes import OfClasses
from nnzoo.models.bases.resonance import Resonance
from nnzoo.models.training.steps import Clock
from nnzoo.nn.art import artmap_rule


class FuzzyARTMAP(Resonance, OfClasses):
    """Boxes with classes; a point in the box of another class raises the vigilance for its search.

    A point has the class of the category with the largest choice function. ``loss`` is the share of
    points of which this is wrong, in training before each step. Rule: see
    ``nnzoo.nn.artmap_rule``.

    Source: G. A. Carpenter, S. Grossberg, N. Markuzon, J. H. Reynolds & D. B. Rosen, 1992, "Fuzzy
    ARTMAP: a neural network architecture for incremental supervised learning of analog
    multidimensional maps".

    Args:
        in_features, alpha, beta, complement: see ``FuzzyART``.
        units: number of output units, one for two classes; see ``Supervised``.
        categories: maximum number of categories; further points are refused.
        vigilance: smallest match at the start of each search, from 0 to 1.
        match_tracking: by how much the match must exceed that of a category of another class, from
            0 to 1.

    Attributes:
        map_field: (categories, classes), 1 for the class of a category.
    """

    figures = ("curve", "points", "boundary", "categories", "confusion")
    gives_probabilities = False
    monitor_label = "loss: share of wrong classes"

    map_field: Tensor
    match_tracking: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        categories: int = 1000,
        vigilance: float = 0.0,
        alpha: float = 0.001,
        beta: float = 1.0,
        match_tracking: float = 0.001,
        complement: bool = True,
    ) -> None:
        super().__init__(in_features, units=units, task="classification")
        self.save_hyperparameters()
        self.add_layer(categories, vigilance, alpha, beta, complement)
        self.add_coefficient("match_tracking", match_tracking, low=0, high=1)
        self.register_buffer("map_field", torch.zeros(categories, self.classes))

    # Predictions

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): 1 for the class of the category, 0 for the
        others."""
        found = self.map_field[self.layer.winners(x)]
        return (found[..., 1:] if self.units == 1 else found).to(x.dtype)

    @property
    def category_classes(self) -> Tensor:
        """The classes of the categories in use, (categories in use,)."""
        return self.map_field[: self.in_use].argmax(1)

    # Learning

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        right = self.map_field[self.layer.winners(batch.x)]
        return (1 - right.gather(1, self.labels(batch)[:, None]).to(batch.x)).mean()

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        self.map_field.zero_()

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        layer = self.layer
        state = layer.weight, layer.used, self.refused, self.map_field
        numbers = self.vigilance, layer.alpha, self.beta, self.match_tracking
        new = artmap_rule(*state, batch.x, self.labels(batch), *numbers)
        names = "layer.weight", "layer.used", "refused", "map_field"
        return dict(zip(names, new, strict=True)) | {"loss": self.loss(batch)}
