"""Base of models that classify by the nearest of their prototypes, each of one class."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice, check_int, check_ints, counted
from nnzoo.models.bases.of_classes import OfClasses
from nnzoo.models.bases.placed import Placed
from nnzoo.nn.kmeans import start_weights

STARTS = ("kmeans++", "refined", "sample")
"""Kinds of initial prototypes, by ``nnzoo.nn.kmeans.start_weights`` of the points of each class."""


class Prototypes(Placed, OfClasses):
    """Prototypes with classes, in a module ``layer`` that has them as ``weight``.

    A point has the class of the prototype nearest to it. A subclass adds the layer and defines
    ``distances``.

    Args:
        in_features, class_weight, options: see ``Supervised``.
        units: number of output units, one for two classes.
        prototypes: number of prototypes of each class, or a list, one number per class.
        start: one of ``STARTS``.

    Attributes:
        prototype_classes: class of each prototype, (prototypes,), in ascending order.
    """

    figures: tuple[str, ...] = ("curve", "points", "voronoi", "confusion")
    chain: ClassVar = {"layer": "prototypes"}
    gives_probabilities = False

    prototype_classes: Tensor

    def __init__(
        self,
        in_features: int,
        units: int,
        prototypes: int | Sequence[int],
        start: str,
        class_weight: str | None,
        **options: Any,
    ) -> None:
        super().__init__(in_features, units, "classification", class_weight, **options)
        self.monitor_label = f"loss: relative distances{self.weighting}"
        self.counts = counts_of(prototypes, self.classes)
        self.start = check_choice("model.start", start, STARTS)
        classes = torch.cat([torch.full((n,), k) for k, n in enumerate(self.counts)])
        self.register_buffer("prototype_classes", classes, persistent=False)

    # Data

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # a trained model may be applied to fewer points
            self._check_points(data.raw[0].y, data.class_names)

    def _check_points(self, y: Tensor, names: Sequence[str]) -> None:
        points = y.reshape(-1).long().bincount(minlength=self.classes).tolist()
        for k, (prototypes, n) in enumerate(zip(self.counts, points, strict=False)):
            if n < prototypes:
                name = names[k] if k < len(names) else k
                raise InputError(
                    f"class {name} has {counted(n, 'training point')}, fewer than its "
                    f"{counted(prototypes, 'prototype')}; lower model.prototypes or add points"
                )

    @torch.no_grad()
    def initialize_from(self, batch: Batch) -> None:
        """Set the prototypes to initial ones of each class."""
        if self.set_placed():
            return
        y = self.labels(batch)
        self._check_points(y.cpu(), self.class_names)
        parts = [start_weights(batch.x[y == k], n, self.start) for k, n in enumerate(self.counts)]
        self.layer.weight.copy_(torch.cat(parts))

    # Predictions

    def distances(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., prototypes): distances or their squares."""
        raise NotImplementedError

    def class_distances(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., classes): those to the nearest prototype of each
        class."""
        parts = self.distances(x).split(self.counts, -1)
        return torch.stack([part.amin(-1) for part in parts], -1)

    def scores(self, x: Tensor) -> Tensor:
        found = self.class_distances(x)
        return found[..., :1] - found[..., 1:] if self.units == 1 else -found

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): 1 for the class of the nearest prototype, 0
        for the others."""
        found = self.class_distances(x).argmin(-1, keepdim=True)
        classes = torch.arange(self.classes, device=x.device)
        return (found == (classes[1:] if self.units == 1 else classes)).to(x.dtype)

    def nearest_units(self, x: Tensor) -> Tensor:
        """Return the indices of the nearest prototypes, (..., in_features) scaled -> (...)."""
        return self.distances(x).argmin(-1)

    @torch.no_grad()
    def winners(self, x: Any) -> Tensor:
        """Return the index of the nearest prototype for raw points, (..., in_features) -> (...);
        errors as in ``scaled``."""
        return self.nearest_units(self.scaled(x))

    def codebook(self) -> Tensor:
        """Return the prototypes in raw units, (prototypes, in_features)."""
        return self.scaling.inverse(self.layer.weight.detach())

    def weights(self) -> dict[str, Tensor]:
        return {"prototypes": self.codebook()}


def counts_of(prototypes: Any, classes: int) -> list[int]:
    """Return the number of prototypes of each class; an InputError if it is not valid."""
    option = "model.prototypes"
    if not isinstance(prototypes, list | tuple):
        return [check_int(option, prototypes)] * classes
    counts = check_ints(option, prototypes)
    if len(counts) != classes:
        raise InputError(
            f"{option} must be a number, or a list with a number for each of the {classes} "
            f"classes; got {list(prototypes)}"
        )
    return counts
