"""The self-organizing map: centroids on a grid, whose neighbors learn together."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice
from nnzoo.limits import check_numbers
from nnzoo.models.bases.centroids import Centroids
from nnzoo.models.bases.online import UPDATES
from nnzoo.models.parts.initial import as_lists
from nnzoo.models.training.steps import Clock
from nnzoo.nn.competitive import relative
from nnzoo.nn.decay import DECAYS, decayed, progress_of
from nnzoo.nn.grid import Grid, squared_distances
from nnzoo.nn.kmeans import start_weights
from nnzoo.nn.search import nearest, two_winners
from nnzoo.nn.som import (
    BATCH_NEIGHBORHOODS,
    NEIGHBORHOODS,
    principal_grid,
    som_batch_rule,
    som_rule,
)

STARTS = ("pca", "sample")


class SOM(Centroids):
    """A self-organizing map: units on a grid, of which near ones learn similar points.

    ``topographic_error`` is the share of points whose two nearest units are not adjacent; diagonal
    units of a rectangular grid are (Kiviluoto, 1996, "Topology preservation in self-organizing
    maps"). The learning rate and the radius of the neighborhood change
    over the training as ``nnzoo.nn.som.decayed`` says. Rules: see ``nnzoo.nn.som_rule`` and
    ``nnzoo.nn.som_batch_rule``.

    Source: T. Kohonen, 1982, "Self-organized formation of topologically correct feature maps".

    Args:
        in_features: number of inputs.
        rows, columns: size of the grid; from data: a square of about 5 sqrt(points) units.
        grid: rectangular or hexagonal.
        toroidal: whether opposite borders of the grid meet.
        neighborhood: gaussian, bubble or mexican_hat; see ``nnzoo.nn.som.neighborhood``.
        update: ``online``, one point at a time within a step, or ``batch``, all its points at once.
        start: initial weights: ``pca``, a plane along the first two principal components, or
            ``sample``, random training points.
        decay: exponential, inverse or linear, of rate and radius.
        lr: learning rate at the start.
        lr_end: learning rate at the end.
        radius: of the neighborhood at the start, in units of the grid; None: a quarter of its
            longer side, at least 1.
        radius_end: radius at the end.
        initial_weight: given centroids, (units, in_features) in raw units, instead of ``start``.

    Attributes:
        grid: an ``nnzoo.nn.grid.Grid``; unit ``k`` is in row ``k // columns``.
        positions: horizontal and vertical positions of the units, (units, 2).
    """

    figures = ("curve", "unit_distances", "hits", "planes", "grid")
    chain: ClassVar = {"layer": "units of the grid"}
    units_option = "model.rows"

    positions: Tensor
    radius: Tensor
    radius_end: Tensor

    def __init__(
        self,
        in_features: int,
        rows: int,
        columns: int,
        grid: str = "rectangular",
        toroidal: bool = False,
        neighborhood: str = "gaussian",
        update: str = "online",
        start: str = "pca",
        decay: str = "inverse",
        lr: float = 0.5,
        lr_end: float = 0.12,
        radius: float | None = None,
        radius_end: float = 0.2,
        initial_weight: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(in_features)
        initial_weight = as_lists(initial_weight)
        self.save_hyperparameters()
        self.grid = Grid(rows, columns, grid, toroidal).check()
        size = f"model.rows={rows} model.columns={columns}"
        check_numbers(size, 4 * self.grid.units * (in_features + 2))
        self.update_by = check_choice("model.update", update, UPDATES)
        self.start = check_choice("model.start", start, STARTS)
        self.decay = check_choice("model.decay", decay, DECAYS)
        self.neighborhood = check_choice("model.neighborhood", neighborhood, NEIGHBORHOODS)
        if update == "batch" and neighborhood not in BATCH_NEIGHBORHOODS:
            raise InputError(
                f"model.neighborhood={neighborhood} needs model.update=online: the weights of a "
                "batch's mean would be negative"
            )
        self.add_layer(in_features, self.grid.units, lr, lr_end)
        radius = max(1.0, max(rows, columns) / 4) if radius is None else radius
        self.add_coefficient("radius", radius, above=0)
        self.add_coefficient("radius_end", radius_end, above=0)
        self.register_buffer("positions", self.grid.positions().to(torch.get_default_dtype()))
        self.set_given(initial_weight)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        n = len(data.raw[0].x)
        side = max(1, int(min((5 * n**0.5) ** 0.5, n**0.5)))
        side -= side % 2 if side > 1 else 0  # hexagonal rows of a torus are even in number
        return super().sizes(data) | {"rows": side, "columns": side}

    @property
    def units_text(self) -> str:
        return f"model.rows={self.grid.rows} times model.columns={self.grid.columns}"

    @property
    def prototype(self) -> Tensor:
        return self.positions.new_empty(0)  # not the layer's weights, which are always float64

    @property
    def output_names(self) -> list[str]:
        return [
            f"row {k // self.grid.columns}, column {k % self.grid.columns}"
            for k in range(self.units)
        ]

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss, the quantization error and the topographic error."""
        if self.units == 1:
            return super().means(batch) | {"topographic_error": batch.x.new_zeros(())}
        first, second = two_winners(*relative(batch.x, self.layer.weight))
        apart = self.grid.between(self.positions[first], self.positions[second])
        errors = (~self.grid.are_adjacent(apart)).to(batch.x)
        return self.errors(batch.x, first) | {"topographic_error": errors.mean()}

    def start_weights(self, x: Tensor) -> Tensor:
        if self.start == "pca":
            return principal_grid(x, self.grid)
        return start_weights(x, self.units, self.start)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights after the batch, and the loss before it."""
        online = self.update_by == "online"
        device = self.lr.device
        times = progress_of(
            clock.progress, clock.share, len(batch.x) if online else 1, device=device
        )
        lr = decayed(times, self.lr, self.lr_end, self.decay)
        radius = decayed(times, self.radius, self.radius_end, self.decay)
        weight: Tensor = self.layer.weight
        x, own = relative(batch.x, weight)
        distances, winners = nearest(x, own, approximate=True)
        if online:
            squares = squared_distances(self.grid, device)
            weight = som_rule(weight, batch.x, lr, radius, squares, self.neighborhood)
        else:
            squares = squared_distances(self.grid, device, x.dtype)
            points = x, own, winners
            weight = som_batch_rule(weight, *points, lr[0], radius[0], squares, self.neighborhood)
        return {"layer.weight": weight, "loss": distances.square().mean()}
