"""Scaling of features, fitted to the training part and saved with the model."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnzoo.errors import check_choice

SCALES = ("none", "minmax", "standard", "frobenius", "bipolar")
"""Kinds of scaling; see ``Scaling``."""

BLOCK = 2**16
"""Number of points converted to float64 at once."""


class Scaling(nn.Module):
    """Invertible affine map of each feature, ``(x - offset) / divisor``.

    ``minmax`` maps each feature to [0, 1]. ``standard`` maps it to mean 0 and standard deviation 1.
    ``frobenius`` divides all features by the Frobenius norm of the data. ``bipolar`` maps the
    smallest value of all features to -1 and the largest to 1, such as 0 and 1. The divisor of a
    constant feature is 1. ``offset`` and ``divisor`` are (features,), in raw units, and always
    float64, since raw values may be large relative to their spread.
    """

    offset: Tensor
    divisor: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("divisor", torch.ones(features, dtype=torch.float64))

    @classmethod
    def fit(cls, x: Tensor, scale: str) -> "Scaling":
        """Fit one of ``SCALES`` to raw points (..., features); InputError for an unknown one."""
        check_choice("data.scale", scale, SCALES)
        x = x.reshape(-1, x.shape[-1])
        scaling = cls(x.shape[1])
        low, high = x.amin(0).double(), x.amax(0).double()
        if scale == "minmax":
            scaling.offset, scaling.divisor = low, high - low
        elif scale == "standard":
            sums = sum(part.double().sum(0) for part in x.split(BLOCK))
            scaling.offset = mean = sums / len(x)
            squares = sum((part.double() - mean).square().sum(0) for part in x.split(BLOCK))
            # The rounded deviation of a constant feature may differ from 0.
            scaling.divisor = (squares / len(x)).sqrt() * (high > low)
        elif scale == "frobenius":
            squares = sum(part.double().square().sum() for part in x.split(BLOCK))
            scaling.divisor = squares.sqrt().repeat(x.shape[1])
        elif scale == "bipolar":
            least, most = low.min(), high.max()
            if least == most:  # all -1, all 0, or all 1
                least, most = -least.abs(), torch.where(most == 0, 1.0, most.abs())
            scaling.offset += (least + most) / 2
            scaling.divisor *= (most - least) / 2
        scaling.divisor[scaling.divisor == 0] = 1.0
        return scaling

    @property
    def is_identity(self) -> bool:
        """Whether the scaling changes no value."""
        return not self.offset.any() and bool((self.divisor == 1).all())

    def forward(self, x: Tensor) -> Tensor:
        """(..., features) in raw units -> the same shape and dtype, scaled."""
        return ((x - self.offset) / self.divisor).to(x.dtype)

    def inverse(self, x: Tensor) -> Tensor:
        """(..., features) scaled -> the same shape and dtype, in raw units."""
        return (x * self.divisor + self.offset).to(x.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Scaling":
        """Move to a device, as modules do, but keep the dtype."""
        for name, value in self._buffers.items():
            assert value is not None
            self._buffers[name] = value.to(fn(value).device)
        return self
