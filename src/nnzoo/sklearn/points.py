"""Points in memory as a data module, and models that weight them."""

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
from nnzoo.models import GLVQ, GRNN, LVQ, MLP, PNN, RBF, Clock, Perceptron, Supervised
from nnzoo.nn import Scaling, perceptron_rule


class Arrays(DataModule):
    """Points in memory.

    With weights, the targets of ``train`` and ``val`` have a column more, the first: the weight of
    each point, which the models of this file read.

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


class _Weighted(Supervised):
    """A model whose loss weights the points of ``Arrays``."""

    is_weighted = True

    def y(self, batch: Batch) -> Tensor:
        return super().y(batch)[:, 1:]

    def weighted(self, losses: Tensor, batch: Batch) -> Tensor:
        weights = super().y(batch)[:, 0]
        return super().weighted(losses, batch) * weights.reshape(-1, *[1] * (losses.ndim - 1))


class _WeightedMLP(_Weighted, MLP):
    pass


class _WeightedLVQ(_Weighted, LVQ):
    pass


class _WeightedGLVQ(_Weighted, GLVQ):
    pass


class _WeightedRBF(_Weighted, RBF):
    pass


class _WeightedGRNN(_Weighted, GRNN):
    pass


class _WeightedPNN(_Weighted, PNN):
    pass


class _WeightedPerceptron(_Weighted, Perceptron):
    """Learns each point at a rate proportional to its weight."""

    def update(self, batch: Batch, clock: Clock | None) -> dict[str, Tensor]:
        weight: Tensor = self.layer.weight
        bias: Tensor = self.layer.bias
        rates = self.lr * Supervised.y(self, batch)[:, 0]
        for x, target, rate in zip(batch.x, self.targets(batch), rates, strict=True):
            weight, bias = perceptron_rule(weight, bias, x[None], target[None], rate)
        return {"layer.weight": weight, "layer.bias": bias, "loss": self.loss(batch)}


TWINS: dict[type[Supervised], type[Supervised]] = {
    GLVQ: _WeightedGLVQ,
    GRNN: _WeightedGRNN,
    LVQ: _WeightedLVQ,
    MLP: _WeightedMLP,
    PNN: _WeightedPNN,
    Perceptron: _WeightedPerceptron,
    RBF: _WeightedRBF,
}
"""Models that can weight points, and how they do."""


def weighted_twin(model: Supervised) -> Supervised:
    """Return a copy of a model that learns from weighted points.

    Raises:
        InputError: if its class is not in ``TWINS``.
    """
    kind = TWINS.get(type(model))
    if kind is None:
        names = ", ".join(sorted(known.__name__ for known in TWINS))
        raise InputError(
            f"sample_weight and class_weight are not possible for {type(model).__name__}: only "
            f"{names} weight points"
        )
    twin = copy.deepcopy(model)
    twin.__class__ = kind
    return twin
