"""Parameters as one row of numbers, for optimizers of torch that change all of them together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def in_double(parameters: Sequence[Tensor]) -> Iterator[None]:
    """In a block, parameters are float64; then they have their own types again."""
    dtypes = [own.dtype for own in parameters]
    try:
        for own in parameters:
            own.grad, own.data = None, own.data.double()
        yield
    finally:
        for own, dtype in zip(parameters, dtypes, strict=True):
            own.data = own.data.to(dtype)


def read(values: Sequence[Tensor]) -> Tensor:
    """Return the numbers of tensors, (numbers,)."""
    return torch.cat([own.detach().reshape(-1) for own in values])


@torch.no_grad()
def write(numbers: Tensor, parameters: Sequence[Tensor]) -> None:
    """Write numbers (numbers,) into parameters."""
    pieces = numbers.split([own.numel() for own in parameters])
    for own, piece in zip(parameters, pieces, strict=True):
        own.copy_(piece.view_as(own))
