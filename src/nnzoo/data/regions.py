"""Labeled regions of a square."""

import math
from typing import Any

import torch

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import check_int
from nnzoo.limits import check_memory


class CircleInSquare(DataModule):
    """Random points of the unit square; the class is whether they are in the circle in its middle.

    The circle has half of the area of the square, so its radius is ``1 / sqrt(2 pi)``.

    Source: G. A. Carpenter, S. Grossberg, N. Markuzon, J. H. Reynolds & D. B. Rosen, 1992, "Fuzzy
    ARTMAP: a neural network architecture for incremental supervised learning of analog
    multidimensional maps".

    Args:
        n_samples: number of points.
        options: see ``DataModule``; ``seed`` determines the points.
    """

    def __init__(self, n_samples: int = 2000, **options: Any) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples, low=2)
        check_memory("data.n_samples", self.n_samples, 2)

    def load(self) -> Points:
        generator = torch.Generator().manual_seed(self.seed)
        x = torch.rand(self.n_samples, 2, generator=generator)
        y = ((x - 0.5).square().sum(1) < 1 / (2 * math.pi)).long()
        return Points(x, y, class_names=("outside", "inside"))
