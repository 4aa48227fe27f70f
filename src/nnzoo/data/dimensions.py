"""Points in parts of different dimensions."""

from typing import Any

import torch

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import check_int
from nnzoo.limits import check_memory

PARTS = ("box", "rectangle", "curve")


class Dimensions(DataModule):
    """Points in a box, on a rectangle beside it, and on a curve: a line that ends at a ring.

    Each part is a class: two fifths of the points are in the box, as many on the rectangle.

    Source: T. Martinetz & K. Schulten, 1991, "A 'neural-gas' network learns topologies", for parts
    of three, two and one dimensions; their sizes are our own.

    Args:
        n_samples: number of points.
        options: see ``DataModule``; ``seed`` determines the points.
    """

    def __init__(self, n_samples: int = 4000, **options: Any) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples, low=5)
        check_memory("data.n_samples", self.n_samples, 3)

    def load(self) -> Points:
        generator = torch.Generator().manual_seed(self.seed)
        x = torch.rand(self.n_samples, 3, generator=generator)
        flat = 2 * self.n_samples // 5
        rectangle, curve = x[flat : 2 * flat], x[2 * flat :]
        rectangle[:, 0] += 1
        rectangle[:, 2] = 0.5
        along = curve[:, 0] * (1 + torch.pi)  # a line of length 1, then a ring of radius 0.5
        angle = 2 * (along - 1).clamp(min=0)
        curve[:, 0] = 2 + along.clamp(max=1) + 0.5 * (1 - angle.cos())
        curve[:, 1] = 0.5 + 0.5 * angle.sin()
        curve[:, 2] = 0.5
        sizes = torch.tensor([flat, flat, len(curve)])
        return Points(x, torch.arange(3).repeat_interleave(sizes), class_names=PARTS)
