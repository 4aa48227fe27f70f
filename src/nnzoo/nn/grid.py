"""Positions of units on a two-dimensional grid, and the distances between them."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from nnzoo.errors import InputError, check_bool, check_choice, check_int

SHAPES = ("hexagonal", "rectangular")
ROW_HEIGHT = 3**0.5 / 2
"""Distance between the rows of a hexagonal grid, whose nearest units are 1 apart."""

ADJACENT = {"hexagonal": 1.01, "rectangular": 1.42}
"""Largest distance between adjacent units: each has 6 or, with the diagonal ones, 8 of them."""


class Grid(NamedTuple):
    """Units in rows, at a distance of 1 from the next unit of the row.

    In a hexagonal grid each second row is shifted by half a unit.

    Attributes:
        rows, columns: numbers of rows, and of units in a row.
        shape: hexagonal or rectangular.
        toroidal: whether the last row is next to the first one, and likewise the columns.
    """

    rows: int
    columns: int
    shape: str
    toroidal: bool = False

    def check(self) -> "Grid":
        """Return the grid.

        Raises:
            InputError: if a value is not valid, or a toroidal hexagonal grid has an odd number of
                rows, of which the last one does not fit the first.
        """
        for name in ("rows", "columns"):
            check_int(f"model.{name}", getattr(self, name))
        check_choice("model.grid", self.shape, SHAPES)
        check_bool("model.toroidal", self.toroidal)
        if self.toroidal and self.shape == "hexagonal" and self.rows % 2:
            raise InputError(
                f"model.rows is {self.rows}; a toroidal hexagonal grid needs an even number of rows"
            )
        return self

    @property
    def units(self) -> int:
        """Number of units; unit ``k`` is in row ``k // columns`` and column ``k % columns``."""
        return self.rows * self.columns

    @property
    def row_height(self) -> float:
        """Distance between two rows."""
        return ROW_HEIGHT if self.shape == "hexagonal" else 1.0

    def positions(self) -> Tensor:
        """Return the horizontal and vertical position of each unit, (units, 2), in float64."""
        row, column = torch.meshgrid(
            torch.arange(self.rows), torch.arange(self.columns), indexing="ij"
        )
        x = column + (row % 2) / 2 if self.shape == "hexagonal" else column.double()
        return torch.stack([x.flatten().double(), self.row_height * row.flatten()], dim=1)

    def distances(self) -> Tensor:
        """Return the Euclidean distances between the units on the grid, (units, units)."""
        at = self.positions()
        return self.between(at[:, None], at)

    def between(self, at: Tensor, other: Tensor) -> Tensor:
        """Return the distances (...) between positions (..., 2)."""
        apart = (at - other).abs()
        if self.toroidal:
            size = apart.new_tensor([self.columns, self.rows * self.row_height])
            apart = torch.minimum(apart, size - apart)
        return torch.linalg.vector_norm(apart, dim=-1)

    def adjacent(self) -> Tensor:
        """Return which units are adjacent, (units, units); none is adjacent to itself."""
        return self.are_adjacent(self.distances())

    def are_adjacent(self, distances: Tensor) -> Tensor:
        """Return which distances between units (...) are those of adjacent ones."""
        return (distances > 0) & (distances <= ADJACENT[self.shape])


@cache
def squared_distances(
    grid: Grid, device: torch.device, dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return the squared distances between the units of a grid, (units, units), on a device."""
    return grid.distances().square().to(device, dtype)
