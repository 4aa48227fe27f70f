"""Generalized learning vector quantization: prototypes, and a metric, learned by gradients."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.prototypes import Prototypes
from nnzoo.models.parts.initial import as_lists
from nnzoo.nn.glvq import PrototypeLayer, relative_differences

SLOPES = {"euclidean": 5.0, "matrix": 2.0}
"""The default ``slope`` of each metric."""


class GLVQ(Prototypes):
    """Prototypes with classes that learn by gradient descent, optionally together with the metric.

    ``loss`` is the mean of ``sigmoid(slope (d+ - d-) / (d+ + d-))``. ``d+`` is the squared distance
    to the nearest prototype of the right class, ``d-`` that to the nearest other one.

    Source: A. Sato & K. Yamada, 1996, "Generalized learning vector quantization"; the matrix:
    P. Schneider, M. Biehl & B. Hammer, 2009, "Adaptive relevance matrices in learning vector
    quantization".

    Args:
        in_features: number of inputs.
        units: number of output units, one for two classes; see ``Supervised``.
        prototypes: number of prototypes of each class, or a list, one number per class.
        metric: euclidean, or matrix, which learns a relevance matrix; see
            ``nnzoo.nn.PrototypeLayer``.
        slope: slope of the sigmoid; with a large one, only points near a boundary have an effect.
            None: the one in ``SLOPES``.
        start: see ``LVQ``.
        class_weight: ``balanced`` or None; see ``Supervised``.
        initial_weight: given prototypes, (prototypes, in_features) in raw units, in the order of
            the classes, instead of ``start``.
        optimizer, scheduler: see ``Model``; the default is Adam.
    """

    default_optimizer: ClassVar = {"name": "adam", "lr": 0.01}
    figures = (*Prototypes.figures, "relevances")

    slope: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        prototypes: int | Sequence[int] = 1,
        metric: str = "euclidean",
        slope: float | None = None,
        start: str = "refined",
        class_weight: str | None = None,
        initial_weight: Sequence[Any] | None = None,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        options = {"optimizer": optimizer, "scheduler": scheduler}
        super().__init__(in_features, units, prototypes, start, class_weight, **options)
        initial_weight, prototypes = as_lists(initial_weight), as_lists(prototypes)
        self.save_hyperparameters()
        self.layer = PrototypeLayer(in_features, len(self.prototype_classes), metric)
        self.add_coefficient("slope", SLOPES[metric] if slope is None else slope, above=0)
        self.set_given(initial_weight)

    def distances(self, x: Tensor) -> Tensor:
        return self.layer(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        found = relative_differences(self.class_distances(batch.x), self.labels(batch))
        return self.weighted(torch.sigmoid(self.slope.to(found) * found), batch).mean()

    def weights(self) -> dict[str, Tensor]:
        matrix = self.layer.relevances()
        return super().weights() | ({} if matrix is None else {"relevances": matrix.detach()})
