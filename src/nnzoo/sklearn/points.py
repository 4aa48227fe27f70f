"""Points in memory as a data module, and copies of models that weight them."""

import copy
from functools import cached_property
from typing import Any

import torch
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.data import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError
from nnzoo.models import GLVQ, GRNN, LVQ, MLP, PNN, RBF, Perceptron, Supervised
from nnzoo.nn import Scaling


class Arrays(DataModule):
    """Points in memory.

    With weights, the targets of ``train`` and ``val`` have a column more, the first: the weight of
    each point, which models with ``has_point_weights`` read.

    Args:
        points: in raw units.
        weights: of the points, (points,), above 0; None: all are equal.
        options: see ``DataModule``.
    """

    is_large = False  # the points are not divided into slices, so that weights stay with them

    def __init__(self, points: Points, weights: Tensor | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.options, self.given, self.weights = options, points, weights

    def load(self) -> Points:
        return self.given

    @cached_property
    def scaling(self) -> Scaling:
        return self._fit_scaling(self.raw[0].x, self.scale)

    @cached_property
    def target_scaling(self) -> Scaling | None:
        y = self.raw[0].y
        if y is None or not y.is_floating_point():
            return None
        return self._fit_scaling(y, self.target_scale)

    def _fit_scaling(self, values: Tensor, scale: str) -> Scaling:
        """Return a scaling of training values; a point counts as often as its weight states."""
        scaling = Scaling.fit(values, scale)
        if self.weights is not None and scale == "standard":
            found = StandardScaler().fit(values, sample_weight=self.weights[self._indices[0]])
            scaling.offset = torch.from_numpy(found.mean_)
            scaling.divisor = torch.from_numpy(found.scale_)
        return scaling

    @cached_property
    def _indices(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.split(len(self.given.x), self.given.y)

    @cached_property
    def train(self) -> Batch:
        return self._weighted(self._scaled(self.raw[0]), 0)

    @cached_property
    def val(self) -> Batch | None:
        return None if self.raw[1] is None else self._weighted(self._scaled(self.raw[1]), 1)

    def start_batch(self) -> Batch:
        return self.train if self.weights is None else self._scaled(self.raw[0])

    def _weighted(self, part: Batch, number: int) -> Batch:
        if self.weights is None:
            return part
        assert part.y is not None  # only supervised estimators have weights
        y = part.y.reshape(len(part.x), -1).to(part.x)
        return Batch(part.x, torch.cat([self.weights[self._indices[number], None].to(y), y], 1))


WEIGHTED = (GLVQ, GRNN, LVQ, MLP, PNN, RBF, Perceptron)
"""Models that can weight points."""


def weighted_twin(model: Supervised) -> Supervised:
    """Return a copy of a model that learns from weighted points.

    Raises:
        InputError: if its class is not one of ``WEIGHTED``.
    """
    if type(model) not in WEIGHTED:  # subclasses may have their own loss
        names = ", ".join(sorted(known.__name__ for known in WEIGHTED))
        raise InputError(
            f"sample_weight and class_weight are not possible for {type(model).__name__}: only "
            f"{names} weight points"
        )
    twin = copy.deepcopy(model)
    twin.has_point_weights = True
    return twin
