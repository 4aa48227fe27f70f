"""The neural gas: centroids that learn by their rank of distance from each point."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import check_choice
from nnzoo.models.bases.centroids import Centroids
from nnzoo.models.bases.online import UPDATES
from nnzoo.models.parts.initial import as_lists, number_of_units
from nnzoo.models.training.steps import Clock
from nnzoo.nn.competitive import relative
from nnzoo.nn.decay import decayed, progress_of
from nnzoo.nn.kmeans import start_weights
from nnzoo.nn.neural_gas import neural_gas_batch_rule, neural_gas_rule
from nnzoo.nn.search import two_winners


class NeuralGas(Centroids):
    """Units that spread over the points: the fewer units are nearer, the more a unit learns.

    Since all units learn at first, the result hardly depends on the start. The learning rate and
    the radius of the neighborhood fall exponentially during the training. Rules: see
    ``nnzoo.nn.neural_gas.neural_gas_rule`` and ``neural_gas_batch_rule``.

    Source: T. Martinetz & K. Schulten, 1991, "A 'neural-gas' network learns topologies".

    Args:
        in_features: number of inputs.
        units: number of units; None: the rows of ``initial_weight``; from data: the square
            root of the number of training points.
        update: ``online``, one point at a time within a step, or ``batch``, all its points at once.
        lr: learning rate at the start.
        lr_end: learning rate at the end.
        radius: radius of the neighborhood at the start, in ranks; None: half the number of units.
        radius_end: radius at the end.
        initial_weight: given centroids, (units, in_features) in raw units; None: random training
            points.

    Attributes:
        connections: (units, units), 1 for two units that are the two nearest ones of a training
            point, otherwise 0; computed after the training on a data module (T. Martinetz &
            K. Schulten, 1994, "Topology representing networks").
    """

    figures = ("curve", "points", "clusters", "edges")
    chain: ClassVar = {"layer": "units of the gas"}

    connections: Tensor
    radius: Tensor
    radius_end: Tensor

    def __init__(
        self,
        in_features: int,
        units: int | None = None,
        update: str = "online",
        lr: float = 0.5,
        lr_end: float = 0.05,
        radius: float | None = None,
        radius_end: float = 0.01,
        initial_weight: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(in_features)
        initial_weight = as_lists(initial_weight)
        units = number_of_units(units, initial_weight)
        self.save_hyperparameters()
        self.update_by = check_choice("model.update", update, UPDATES)
        self.add_layer(in_features, units, lr, lr_end)
        self.add_coefficient("radius", self.units / 2 if radius is None else radius, above=0)
        self.add_coefficient("radius_end", radius_end, above=0)
        self.register_buffer("connections", torch.zeros(self.units, self.units))
        self.set_given(initial_weight)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        return super().sizes(data) | {"units": max(1, round(len(data.raw[0].x) ** 0.5))}

    @property
    def prototype(self) -> Tensor:
        return self.connections.new_empty(0)  # the layer's weights are always float64

    def edges(self) -> Tensor:
        """Return the pairs of connected units, (edges, 2), the lower index first."""
        return self.connections.triu(1).nonzero()

    @torch.no_grad()
    def calibrate(self, data: Any) -> None:
        self.connections.zero_()
        if self.units == 1:
            return
        for part in data.scaled_slices(data.raw[0]):
            x = part.like(self.prototype).x
            first, second = two_winners(*relative(x, self.layer.weight))
            self.connections[first, second] = 1
            self.connections[second, first] = 1

    # Learning

    def start_weights(self, x: Tensor) -> Tensor:
        return start_weights(x, self.units, "sample")

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights after the batch, and the loss before it."""
        online = self.update_by == "online"
        n = len(batch.x) if online else 1
        times = progress_of(clock.progress, clock.share, n, device=self.lr.device)
        lr = decayed(times, self.lr, self.lr_end, "exponential")
        radius = decayed(times, self.radius, self.radius_end, "exponential")
        weight: Tensor = self.layer.weight
        if online:
            new = neural_gas_rule(weight, batch.x, lr, radius)
        else:
            new = neural_gas_batch_rule(weight, batch.x, lr[0], radius[0])
        return {"layer.weight": new, "loss": self.loss(batch)}
