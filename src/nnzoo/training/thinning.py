"""Fewer points for pictures, which copy what they draw a few times over."""

import copy

import torch

from nnzoo.batch import Batch
from nnzoo.data import DataModule

DRAWN_FROM = 2**17
"""The most training points that a picture is drawn from."""


def thinned(data: DataModule) -> tuple[DataModule, str]:
    """The same data with a random part of the training points, where they are many.

    Returns:
        The data, of a few points as they are, and what a title says of it.
    """
    part = data.raw[0]
    n = len(part.x)
    if n <= DRAWN_FROM:
        return data, ""
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(0))[:DRAWN_FROM]
    fewer = copy.copy(data)
    # Scaling and names stay those of all points, and are made before these take their place.
    _ = fewer.scaling, fewer.target_scaling, fewer.class_names
    fewer.raw = Batch(part.x[chosen], None if part.y is None else part.y[chosen]), data.raw[1]
    fewer.__dict__.pop("train", None)  # made anew from these
    return fewer, f" ({DRAWN_FROM} of {n} points)"
