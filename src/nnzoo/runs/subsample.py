"""Fewer points for figures, which copy what they draw several times."""

import copy

import torch

from nnzoo.batch import Batch
from nnzoo.data import DataModule

MAX_POINTS = 2**17
"""The most training points that a figure is drawn from."""


def subsample(data: DataModule) -> tuple[DataModule, str]:
    """Return the data with at most ``MAX_POINTS`` random training points.

    Returns:
        The data, unchanged if there are few points, and a suffix for titles.
    """
    part = data.raw[0]
    n = len(part.x)
    if n <= MAX_POINTS:
        return data, ""
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(0))[:MAX_POINTS]
    fewer = copy.copy(data)
    # Scaling and names are computed from all points, before they are replaced.
    _ = fewer.scaling, fewer.target_scaling, fewer.class_names
    fewer.raw = Batch(part.x[chosen], None if part.y is None else part.y[chosen]), data.raw[1]
    fewer.__dict__.pop("train", None)  # computed again from the new points
    return fewer, f" ({MAX_POINTS} of {n} points)"
