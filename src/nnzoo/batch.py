"""What one step learns from: a mini-batch, or a block of them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Points and, where there are any, their targets.

    Attributes:
        x: (points, features), in the scale trained on.
        y: (points,) class indices, or (points, targets) numbers, or None for unlabelled data.
    """

    x: Tensor
    y: Tensor | None = None

    def split(self, points: int, dim: int = 0) -> "list[Batch]":
        """The batch in slices of at most so many points, which are counted by a dimension."""
        xs = self.x.split(points, dim)
        ys = [None] * len(xs) if self.y is None else self.y.split(points, dim)
        return list(map(Batch, xs, ys))

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        return Batch(self.x.to(device), None if self.y is None else self.y.to(device))

    def like(self, other: Tensor) -> "Batch":
        """The same batch on another tensor's device, its numbers in that tensor's type."""
        y = self.y
        if y is not None:
            y = y.to(other) if y.is_floating_point() else y.to(other.device)
        return Batch(self.x.to(other), y)


class Block(list[Batch]):
    """Mini-batches, in order, that one ``training_step`` goes through."""


def as_batch(batch: Any) -> Batch:
    """A Batch from what a loader gives: a Batch, a tensor ``x``, or a pair ``(x, y)``."""
    if isinstance(batch, Batch):
        return batch
    return Batch(*batch[:2]) if isinstance(batch, tuple | list) else Batch(batch)
