"""Batches of points and targets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import InputError, why_no_array

SLICE = 2**16
"""Maximum number of points of a large data set that are processed at once."""


class Batch(NamedTuple):
    """Points and, where there are any, their targets.

    Attributes:
        x: (points, features), in raw units or scaled; (points, time, features) for sequences.
        y: (points,) class indices, or (points, targets) numbers, for sequences (points, time,
            targets), or None for unlabeled data.
    """

    x: Tensor
    y: Tensor | None = None

    def split(self, points: int, dim: int = 0) -> "list[Batch]":
        """Split the batch into slices of at most ``points`` points along a dimension."""
        xs = self.x.split(points, dim)
        ys = [None] * len(xs) if self.y is None else self.y.split(points, dim)
        return list(map(Batch, xs, ys))

    def map(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        """Return the batch with a function applied to its points and, if it has any, targets."""
        return Batch(function(self.x), None if self.y is None else function(self.y))

    def at(self, index: Tensor) -> "Batch":
        """Return the points at some indices."""
        return self.map(lambda values: values[index])

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on a device."""
        return self.map(lambda values: values.to(device))

    def like(self, other: Tensor) -> "Batch":
        """Return the batch on another tensor's device, with floats in that tensor's dtype."""
        y = self.y
        if y is not None:
            y = y.to(other) if y.is_floating_point() else y.to(other.device)
        return Batch(self.x.to(other), y)


def joined(batches: Sequence[Batch]) -> Batch:
    """Return the points of several batches as one; without targets if one has none."""
    ys = [batch.y for batch in batches if batch.y is not None]
    y = torch.cat(ys) if len(ys) == len(batches) else None
    return Batch(torch.cat([batch.x for batch in batches]), y)


Numbers = Mapping[str, Tensor]


def add_up(totals: Numbers, sums: Numbers) -> dict[str, Tensor]:
    """Return totals by name, to which sums were added; empty totals are zeros."""
    return {name: value + totals.get(name, 0) for name, value in sums.items()}


def over_points(
    parts: Iterable[tuple[int, Numbers, Numbers]],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return means and sums over all points, from the numbers of points, the means and the sums of
    some slices."""
    points, totals, sums = 0, dict[str, Tensor](), dict[str, Tensor]()
    for count, means, own_sums in parts:
        points += count
        totals = add_up(totals, {name: count * value.double() for name, value in means.items()})
        sums = add_up(sums, own_sums)
    return {name: total / points for name, total in totals.items()}, sums


def as_batch(batch: Any) -> Batch:
    """Convert what a loader yields to a Batch.

    Args:
        batch: a Batch, a tensor ``x``, a pair ``(x, y)``, or a mapping ``{"x": x, "y": y}``, in
            which y may be missing.

    Raises:
        InputError: if a mapping has no x, or other keys.
    """
    if isinstance(batch, Batch):
        return batch
    if isinstance(batch, Mapping):
        if "x" not in batch or batch.keys() - {"x", "y"}:
            keys = ", ".join(map(str, batch))
            raise InputError(f"a batch must have the keys x and, with targets, y; got {keys}")
        return Batch(**batch)
    return Batch(*batch[:2]) if isinstance(batch, tuple | list) else Batch(batch)


def as_numbers(values: Any) -> Tensor:
    """Return a tensor, an array or lists as a float64 tensor.

    Raises:
        InputError: if they are not real numbers, or some are masked.
    """
    try:
        if values is None:
            raise ValueError("got None")
        if np.ma.is_masked(values):
            raise ValueError("some values are masked")
        if hasattr(values, "toarray"):
            raise ValueError("they are sparse; use toarray()")
        if not isinstance(values, Tensor):
            # A copy, since torch takes neither read-only arrays nor negative strides.
            array = np.array(values)
            is_text = array.dtype.kind in "OU"  # also numbers as objects, as in mixed tables
            values = torch.tensor(np.array(array.tolist(), float) if is_text else array)
        if values.is_complex():
            raise ValueError("they are complex")
        return values.to(torch.float64)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"the input must be numbers: {why_no_array(error)}") from error


def is_text_table(x: Any) -> bool:
    """Return whether x is an array (points, columns) with text that stands for no number."""
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.dtype.kind not in "OU":
        return False
    try:
        np.array(x.tolist(), float)
    except ValueError:
        return True
    except TypeError:
        return False
    return False


def is_binary(y: Tensor | None) -> bool:
    """Return whether there are numbers and all are 0 or 1."""
    return y is not None and bool(((y == 0) | (y == 1)).all())


def check_finite(scaled: Tensor, raw: Tensor) -> None:
    """Raise an InputError if scaled values are not finite, for the raw ones that they are of."""
    wrong = ~scaled.isfinite()
    if wrong.any():
        if not raw.isfinite().all():
            raise InputError("the input has NaN or infinite values; it must be finite")
        kind = str(scaled.dtype).removeprefix("torch.")
        raise InputError(
            f"the input has the value {float(raw[wrong][0]):g}, which is too large for {kind} in "
            "scaled units"
        )
