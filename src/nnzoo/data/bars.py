"""Images of bars and stripes."""

from typing import Any

import torch

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import check_int


class Bars(DataModule):
    """All images of bars and stripes: each column has one color, or each row has.

    There are ``2^(side + 1) - 2`` of them, since the two images of one color are in both groups.

    Source: D. J. C. MacKay, 2003, "Information theory, inference, and learning algorithms".

    Args:
        side: height and width in pixels.
        options: see ``DataModule``.
    """

    def __init__(self, side: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.side = check_int("data.side", side, high=10)

    def load(self) -> Points:
        colors = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * self.side)
        bars = colors.reshape(-1, 1, self.side).repeat(1, self.side, 1)
        stripes = bars.mT[1:-1]  # without those of one color
        x = torch.cat([bars, stripes]).reshape(-1, self.side**2)
        return Points(x, image_shape=(self.side, self.side))
