"""Base of models whose units are centroids: points among those that they learn."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.online import Online
from nnzoo.models.bases.placed import Placed
from nnzoo.models.bases.winner_take_all import WinnerTakeAll
from nnzoo.models.training.steps import Clock, Rule


class Centroids(Online, Placed, WinnerTakeAll):
    """A competitive layer on the inputs themselves, with centroids as weights.

    ``loss`` is the mean squared distance to the winner, in scaled units; ``quantization_error`` is
    the mean distance to the winner, in raw units.

    A subclass defines ``start_weights`` and ``update``.
    """

    monitor = "quantization_error"
    monitor_label = "quantization error, in units of the data"
    chain: ClassVar = {"layer": "competitive units"}

    @property
    def units(self) -> int:
        """Number of units."""
        return self.layer.weight.shape[0]

    # Predictions

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): one for the winner, zero for the others."""
        return self.layer(x)

    @property
    def output_names(self) -> list[str]:
        return [f"unit {i}" for i in range(self.units)]

    @torch.no_grad()
    def predict_labels(self, x: Any) -> list[str]:
        """Return the name of the winner for each of the raw points (..., in_features)."""
        return [self.output_names[k] for k in self.winners(x).reshape(-1).tolist()]

    def centroids(self) -> Tensor:
        """Return the weights in raw units, (units, in_features), in float64."""
        return self.scaling.inverse(self.layer.weight.detach())

    def weights(self) -> dict[str, Tensor]:
        return {"centroids": self.centroids()}

    # Metrics

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self.layer.nearest(batch.x, approximate=True)[0].square().mean()

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss and the quantization error."""
        return self.errors(batch.x, self.layer.nearest(batch.x, approximate=True)[1])

    def errors(self, x: Tensor, winners: Tensor) -> dict[str, Tensor]:
        """Return the loss and the quantization error for points (points, in_features), scaled, and
        their winners (points,)."""
        differences = x - self.layer.weight[winners]
        errors = torch.linalg.vector_norm(differences * self.scaling.divisor, dim=-1)
        squares = differences.square().sum(-1)
        return {"loss": squares.mean().to(x), "quantization_error": errors.mean()}

    # Learning

    def start_weights(self, x: Tensor) -> Tensor:
        """Return the initial weights (units, in_features) for training points, both scaled."""
        raise NotImplementedError

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return what changes by the rule for a batch, by name, and the loss before it."""
        raise NotImplementedError

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        if not self.set_placed():
            self.layer.weight.copy_(self.start_weights(x.to(self.layer.weight.device)))

    def _start(self, batch: Batch) -> None:
        if not self.layer.weight.any():  # as the constructor left it
            self.initialize_from(batch)

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)
