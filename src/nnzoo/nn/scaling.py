"""Scaling of inputs, fitted on the training part and kept with the model."""

import torch
from torch import Tensor, nn

from nnzoo.errors import one_of

SCALES = ("none", "minmax", "standard", "frobenius")
SUMMED = 2**16
"""The most points whose squares are added up at once."""


class Scaling(nn.Module):
    """Affine map of each feature, ``(x - offset) / divisor``, that can be undone.

    ``minmax`` maps each feature onto [0, 1], ``standard`` onto mean 0 and standard deviation 1;
    ``frobenius`` divides everything by one number, the Frobenius norm of the data. A feature that
    never changes is divided by 1.

    Args:
        features: number of features.

    Attributes:
        offset: (features,) in raw units.
        divisor: (features,) in raw units.
    """

    offset: Tensor
    divisor: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(features))
        self.register_buffer("divisor", torch.ones(features))

    @classmethod
    def fit(cls, x: Tensor, scale: str) -> "Scaling":
        """The scaling of one kind for these points.

        Args:
            x: (points, features) in raw units.
            scale: none, minmax, standard or frobenius.

        Raises:
            InputError: if the scale is not one of these.
        """
        one_of("data.scale", scale, SCALES)
        scaling = cls(x.shape[1])
        if scale == "minmax":
            scaling.offset = x.amin(0)
            scaling.divisor = x.amax(0) - scaling.offset
        elif scale == "standard":
            scaling.offset = x.mean(0)
            # Rounding gives a feature that never changes a deviation that is not quite 0.
            scaling.divisor = x.std(0, correction=0) * (x.amax(0) > x.amin(0))
        elif scale == "frobenius":
            # One float32 sum of very many squares loses some of them.
            norms = [torch.linalg.matrix_norm(part) for part in x.split(SUMMED)]
            norm = norms[0] if len(norms) == 1 else torch.stack(norms).norm()
            scaling.divisor = norm.expand(x.shape[1]).clone()
        scaling.divisor[scaling.divisor == 0] = 1.0
        return scaling

    @property
    def is_identity(self) -> bool:
        """Whether it leaves all values as they are."""
        return not self.offset.any() and bool((self.divisor == 1).all())

    def forward(self, x: Tensor) -> Tensor:
        """(..., features) in raw units -> the same shape, scaled."""
        return (x - self.offset) / self.divisor

    def inverse(self, x: Tensor) -> Tensor:
        """(..., features) scaled -> the same shape, in raw units."""
        return x * self.divisor + self.offset
