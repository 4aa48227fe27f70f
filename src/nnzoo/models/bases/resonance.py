"""Base of models of fuzzy adaptive resonance: categories that grow with the points."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_bool
from nnzoo.models.bases.online import Online
from nnzoo.models.bases.winner_take_all import Winners
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn.art import ARTLayer


class Resonance(Online, Winners):
    """A model with a layer of categories, each a box of points from 0 to 1.

    The order of the points matters, the batch size does not. New points outside of 0 to 1 count as
    at these bounds.

    A subclass defines ``update``.

    Attributes:
        layer: the ``nnzoo.nn.ARTLayer``.
        refused: number of points that were not learned since all categories were in use, a 0-d
            tensor.
    """

    chain: ClassVar = {"": "coded input", "layer": "categories"}
    chain_has_outputs = False

    beta: Tensor
    refused: Tensor
    vigilance: Tensor

    def add_layer(
        self, categories: int, vigilance: float, alpha: float, beta: float, complement: bool
    ) -> None:
        """Add the layer and the numbers of the rule.

        Raises:
            InputError: if a value is not valid.
        """
        check_bool("model.complement", complement)
        self.layer = ARTLayer(self.in_features, categories, alpha, complement)
        self.add_coefficient("vigilance", vigilance, low=0, high=1)
        self.add_coefficient("beta", beta, above=0, high=1)
        self.register_buffer("refused", torch.tensor(0.0))

    @property
    def prototype(self) -> Tensor:
        return self.refused.new_empty(0)  # not the layer's weights, which are always float64

    # Data

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # a trained model may be applied to other points
            x = data.raw[0].x
            self._check_range(data.scaling(torch.stack([x.amin(0), x.amax(0)])))

    def _check_range(self, x: Tensor) -> None:
        """Raise an InputError if scaled points are not between 0 and 1."""
        wrong = x[((x < 0) | (x > 1)) & x.isfinite()]  # the training reports those that are not
        if wrong.numel():
            raise InputError(
                f"values must be between 0 and 1 once scaled, but one is {float(wrong[0]):g}; "
                "data.scale=minmax maps data to this range"
            )

    # Predictions

    def nearest_units(self, x: Tensor) -> Tensor:
        """Return the indices of the categories, (..., in_features) scaled -> (...)."""
        return self.layer.winners(x)

    def winner_distance(self, x: Tensor) -> Tensor:
        """Return the city-block distances to the boxes of the categories of points, (...,
        in_features) scaled -> (...), divided by the number of features."""
        return self.layer.distances(x, self.layer.winners(x)).to(x)

    def boxes(self) -> Tensor:
        """Return the corners of the boxes in raw units, (categories in use, 2, in_features)."""
        return self.scaling.inverse(self.layer.boxes()[: self.in_use])

    @property
    def in_use(self) -> int:
        """Number of categories in use."""
        return int(self.layer.used.count_nonzero())

    def weights(self) -> dict[str, Tensor]:
        low, high = self.boxes().unbind(1)
        return {"low": low, "high": high}

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return the number of categories in use, and of points ``refused``, in all epochs."""
        return {"categories": self.in_use, "refused": int(self.refused)}

    # Learning

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Forget all categories."""
        self._check_range(x)
        self.layer.weight.fill_(1)
        self.layer.used.zero_()
        self.refused.zero_()

    def _start(self, batch: Batch) -> None:
        if not self.layer.used.any():
            self.initialize_from(batch)

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return what changes by the rule for a batch, by name, and the loss before it."""
        raise NotImplementedError
