"""Scaling of features, fitted on the training set and saved with the model."""

import torch
from torch import Tensor, nn

from nnzoo.errors import check_choice

SCALES = ("none", "minmax", "standard", "frobenius")
"""Kinds of scaling; see ``Scaling``."""

NORM_BLOCK = 2**16
"""Number of points per float32 norm; a single sum of very many squares loses precision."""


class Scaling(nn.Module):
    """Invertible affine map of each feature, ``(x - offset) / divisor``.

    ``minmax`` maps each feature to [0, 1]. ``standard`` maps it to mean 0 and standard deviation 1.
    ``frobenius`` divides all features by the Frobenius norm of the data. The divisor of a constant
    feature is 1. ``offset`` and ``divisor`` are (features,), in raw units.
    """

    offset: Tensor
    divisor: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(features))
        self.register_buffer("divisor", torch.ones(features))

    @classmethod
    def fit(cls, x: Tensor, scale: str) -> "Scaling":
        """Fit one of ``SCALES``, else raise an InputError, to raw points (points, features)."""
        check_choice("data.scale", scale, SCALES)
        scaling = cls(x.shape[1])
        if scale == "minmax":
            scaling.offset = x.amin(0)
            scaling.divisor = x.amax(0) - scaling.offset
        elif scale == "standard":
            scaling.offset = x.mean(0)
            # The rounded deviation of a constant feature may differ from 0.
            scaling.divisor = x.std(0, correction=0) * (x.amax(0) > x.amin(0))
        elif scale == "frobenius":
            norms = [torch.linalg.matrix_norm(part) for part in x.split(NORM_BLOCK)]
            scaling.divisor = torch.stack(norms).norm().repeat(x.shape[1])
        scaling.divisor[scaling.divisor == 0] = 1.0
        return scaling

    @property
    def is_identity(self) -> bool:
        """Whether the scaling changes no value."""
        return not self.offset.any() and bool((self.divisor == 1).all())

    def forward(self, x: Tensor) -> Tensor:
        """(..., features) in raw units -> the same shape, scaled."""
        return (x - self.offset) / self.divisor

    def inverse(self, x: Tensor) -> Tensor:
        """(..., features) scaled -> the same shape, in raw units."""
        return x * self.divisor + self.offset
