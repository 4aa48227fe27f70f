"""The growing neural gas: units and edges that follow the shape of the points."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import check_int
from nnzoo.limits import check_numbers
from nnzoo.models.bases.centroids import Centroids
from nnzoo.models.training.steps import Clock
from nnzoo.nn import CompetitiveLayer
from nnzoo.nn.gaps import edges_without_gaps
from nnzoo.nn.growing_neural_gas import NO_EDGE, growing_rule

UNITS = 50
"""Maximum number of units, unless there are fewer points."""

NOT_COMPUTED = -1.0
"""Value of all connections before they are computed."""

STATE = ("ages", "unit_errors", "living", "seen")
NUMBERS = ("lr", "lr_neighbors", "max_age", "insert_every", "error_split", "error_decay")


class GrowingNeuralGas(Centroids):
    """Units that are inserted where the error is large, with edges between neighbors.

    It starts with two units, one standard deviation below and above the mean. ``components`` is the
    number of groups of connected units. The learning rates are constant, so training can continue
    indefinitely. Rule: see ``nnzoo.nn.growing_neural_gas.growing_rule``. After a training on a data
    module the edges are corrected by the density of its points: see
    ``nnzoo.nn.gaps.edges_without_gaps``.

    Source: B. Fritzke, 1995, "A growing neural gas network learns topologies".

    Args:
        in_features: number of inputs.
        units: maximum number of units; from data: 50, or the number of training points.
        lr: learning rate of the nearest unit.
        lr_neighbors: learning rate of its neighbors.
        max_age: age above which an edge is removed; an edge ages by 1 each time that one of its
            units is the nearest one.
        insert_every: number of points after which a unit is inserted.
        error_split: factor of the errors of the two units between which one is inserted.
        error_decay: factor of all errors after each point.
        gap: lowest density on an edge between two groups of units, as a share of the lower one of
            their peaks; 0: leave the edges as they were learned.

    Attributes:
        living: (units,), 1 for units that exist, which come first; the others are copies of unit
            0.
        ages: (units, units), ages of the edges, -1 where there is none.
        unit_errors: (units,), sums of squared distances, which decay.
        seen: number of points since the last insertion.
        connections: (units, units), 1 for corrected edges, otherwise 0; -1 if not computed.
    """

    follows_length = False
    figures = ("curve", "points", "edges")
    chain: ClassVar = {"layer": "units of the gas"}

    ages: Tensor
    connections: Tensor
    gap: Tensor
    living: Tensor
    seen: Tensor
    unit_errors: Tensor

    def __init__(
        self,
        in_features: int,
        units: int,
        lr: float = 0.2,
        lr_neighbors: float = 0.006,
        max_age: int = 50,
        insert_every: int = 100,
        error_split: float = 0.5,
        error_decay: float = 0.995,
        gap: float = 0.45,
    ) -> None:
        super().__init__(in_features)
        self.save_hyperparameters()
        check_int("model.units", units, low=2)
        check_numbers(f"model.units={units}", units * (units + in_features))
        self.layer = CompetitiveLayer(in_features, units)
        self.add_coefficient("lr", lr, above=0, high=1)
        self.add_coefficient("lr_neighbors", lr_neighbors, low=0, high=1)
        self.add_coefficient("max_age", check_int("model.max_age", max_age))
        self.add_coefficient("insert_every", check_int("model.insert_every", insert_every))
        self.add_coefficient("error_split", error_split, low=0, high=1)
        self.add_coefficient("error_decay", error_decay, low=0, high=1)
        self.add_coefficient("gap", gap, low=0, high=1)
        self.register_buffer("ages", torch.empty(units, units))
        self.register_buffer("connections", torch.empty(units, units))
        self.register_buffer("unit_errors", torch.empty(units))
        self.register_buffer("living", torch.empty(units))
        self.register_buffer("seen", torch.tensor(0.0))
        self._reset()
        self.set_given(None)

    def _reset(self) -> None:
        self.ages.fill_(NO_EDGE)
        self.ages[0, 1] = self.ages[1, 0] = 0
        self.connections.fill_(NOT_COMPUTED)
        self.unit_errors.zero_()
        self.living.zero_()
        self.living[:2] = 1
        self.seen.zero_()

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        return super().sizes(data) | {"units": max(2, min(UNITS, len(data.raw[0].x)))}

    @property
    def prototype(self) -> Tensor:
        return self.ages.new_empty(0)  # the layer's weights are always float64

    def edges(self) -> Tensor:
        """Return the pairs of connected units, (edges, 2), the lower index first."""
        computed = self.connections[0, 0] != NOT_COMPUTED
        return (self.connections > 0 if computed else self.ages > NO_EDGE).triu(1).nonzero()

    @torch.no_grad()
    def calibrate(self, data: Any) -> None:
        def parts() -> Iterator[Tensor]:
            return (part.like(self.prototype).x for part in data.scaled_slices(data.raw[0]))

        self.connections.fill_(NOT_COMPUTED)
        if self.gap == 0:
            return
        weight = self.layer.weight[: int(self.living.count_nonzero())]
        first, second = edges_without_gaps(weight, self.edges(), parts, float(self.gap)).T
        self.connections.zero_()
        self.connections[first, second] = self.connections[second, first] = 1

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return the number of living units, of those that win no training point, and of groups of
        connected units."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n = int(self.living.count_nonzero())
        dead = super().diagnostics(data)["dead_units"] - (len(self.ages) - n)
        first, second = self.edges().numpy(force=True).T
        graph = coo_array((np.ones(len(first)), (first, second)), (n, n))
        groups, _ = connected_components(graph, directed=False)
        return {"living_units": n, "dead_units": dead, "components": groups}

    # Learning

    def start_weights(self, x: Tensor) -> Tensor:
        x = x.double()
        step = x.std(0, correction=0)
        weight = (x.mean(0) - step).repeat(self.units, 1)
        weight[1] = x.mean(0) + step
        return weight

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        self._reset()

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights and the state after the batch, and the loss before it."""
        state = [getattr(self, name) for name in STATE]
        inputs = *state, batch.x, *(getattr(self, name) for name in NUMBERS)
        weight, *new = growing_rule(self.layer.weight, *inputs)
        changed = dict(zip(STATE, new, strict=True))
        changed["connections"] = torch.full_like(self.connections, NOT_COMPUTED)
        return {"layer.weight": weight, **changed, "loss": self.loss(batch)}
