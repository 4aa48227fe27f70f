"""Data written down row by row."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import InputError


def as_rows(what: str, values: Sequence[Sequence[float]]) -> Tensor:
    """Lists of numbers as a tensor (rows, columns) of float32.

    Raises:
        InputError: if they are not rows of one length, of finite numbers.
    """
    try:
        rows = torch.tensor(values, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be rows of numbers of one length: {error}") from error
    if rows.ndim != 2 or rows.numel() == 0 or not rows.isfinite().all():
        raise InputError(f"{what} must be rows of finite numbers, such as [[0,1],[1,0]]")
    return rows


class Table(DataModule):
    """Points, and targets if there are any, given as lists.

    Args:
        x: (points, features) numbers.
        y: (points,) class indices from 0; or numbers to learn: (points, targets), or (points,) with
            decimals; None for unlabelled data.
        feature_names: one a feature; None: x1, x2, ...
        options: see ``DataModule``.

    Raises:
        InputError: if the rows are not of one length, not finite numbers, or do not match y.
    """

    def __init__(
        self,
        x: Sequence[Sequence[float]],
        y: Sequence[Any] | None = None,
        feature_names: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        rows = as_rows("data.x", x)
        if not isinstance(feature_names, list | tuple | None):
            raise InputError(f"data.feature_names must be a list, got {feature_names!r}")
        names = list(feature_names or ())
        if names and len(names) != rows.shape[1]:
            raise InputError(
                f"data.feature_names must have {rows.shape[1]} names, got {len(names)}"
            )
        self._points = Points(rows, self._targets(y, len(rows)), names)

    def load(self) -> Points:
        return self._points

    @staticmethod
    def _targets(y: Sequence[Any] | None, n: int) -> Tensor | None:
        if y is None:
            return None
        if not isinstance(y, list | tuple):
            raise InputError(f"data.y must be a list of class indices or numbers, got {y!r}")
        if any(isinstance(value, float | list | tuple) for value in y):
            rows = [value if isinstance(value, list | tuple) else [value] for value in y]
            if len(rows) != n:
                raise InputError(f"data.y must have {n} entries, one a row of data.x")
            return as_rows("data.y", rows)
        if len(y) != n or not all(type(label) is int and label >= 0 for label in y):
            raise InputError(
                f"data.y must be {n} class indices 0, 1, ..., one a row, got {list(y)}"
            )
        return torch.tensor(y)
