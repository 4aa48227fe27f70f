"""Kernel regression: the width of the Gaussians that weight the stored targets."""

import math

import torch
from torch import Tensor

from nnzoo.nn.rbf import BLOCK
from nnzoo.nn.search import all_distances
from nnzoo.nn.vmap_safe import vmap_safe

EMPTY = -1e30
"""Logarithm of the importance of a place without a point."""

SPREADS = 40  # widths tried
NEARLY = 1e-4  # share of the variance of the targets that an error may exceed the least one by
MAX_LEFT_OUT = 1000  # points predicted from the others


def leave_one_out_spread(x: Tensor, y: Tensor, importance: Tensor, initial: Tensor) -> Tensor:
    """Return the spread with the lowest squared error of points that are predicted from the others,
    0-d: the holdout method of D. F. Specht, 1991, "A general regression neural network".

    Points at the same place are left out together. It tries ``SPREADS`` widths, from half the mean
    distance to the nearest point to the largest distance. Of widths whose errors differ by less
    than ``NEARLY`` of the targets' variance it takes the widest, so that classes that are far apart
    have smooth boundaries. Works under ``torch.func.vmap``.

    Args:
        x, y: (points, features) and (points, units).
        importance: (points,) weights of the points.
        initial: 0-d, the result if all points are at the same place.
    """
    (spread,) = vmap_safe(_leave_one_out, x, y, importance, initial)
    return spread


def _leave_one_out(x: Tensor, y: Tensor, importance: Tensor, initial: Tensor) -> tuple[Tensor]:
    x, y, importance = x.double(), y.double(), importance.double()
    sample = torch.arange(0, len(x), -(-len(x) // MAX_LEFT_OUT), device=x.device)
    parts = sample.split(max(1, BLOCK // len(x)))
    nearest, farthest = [], x.new_zeros(())
    for part in parts:
        distances = _to_others(x, part)
        farthest = torch.maximum(farthest, distances.nan_to_num(posinf=0).max())
        nearest.append(distances.amin(1))
    if farthest == 0:
        return (initial.clone(),)
    shares = importance[sample] / importance[sample].sum()
    low, high = (0.5 * (shares * torch.cat(nearest)).sum()).log(), farthest.log()
    steps = torch.linspace(0, 1, SPREADS, dtype=x.dtype, device=x.device)
    spreads = (low + (high - low) * steps).exp()
    errors = torch.zeros_like(spreads)
    for part in parts:
        squares = -math.log(2) * _to_others(x, part).square()
        for k, spread in enumerate(spreads):
            averages = (squares / spread.square() + importance.log()).softmax(-1) @ y
            errors[k] += (importance[part] * (averages - y[part]).square().sum(1)).sum()
    weights = importance[sample][:, None]
    mean = (weights * y[sample]).sum(0) / weights.sum()
    least = errors.min() + NEARLY * (weights * (y[sample] - mean).square()).sum()
    if not least.isfinite():  # the training will name the values
        return (initial * torch.nan,)
    return (spreads[errors <= least].max().to(initial),)


def _to_others(x: Tensor, part: Tensor) -> Tensor:
    """Return the distances of some of the points x to all; infinite at the same place."""
    distances = all_distances(x[part], x)
    return torch.where(distances > 0, distances, torch.inf)
