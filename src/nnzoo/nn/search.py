"""The nearest of many units."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.nn.mapping import mapped

FEW = 128
"""Layers with fewer weights are searched by differences, which is as fast there."""
SEARCHED, LEAST = 2**18, 256
"""Distances that are held at once on the CPU, as many as its cache takes; and the fewest points
that they are of, since of fewer the calls cost more."""
LOOSE = 0.01
"""The share of the mean squared distance that rounding may change one by, where it may decide."""
WIDE, COLUMNS = 1024, 16
"""Of so many units and fewer features, a product with zeros added to these takes half the time."""


def all_distances(x: Tensor, weight: Tensor) -> Tensor:
    """(points, features), (units, features) -> (points, units): Euclidean distances."""
    # By matrix products, torch's choice for many rows, float32 loses the digits that tell units
    # apart in data far from the origin.
    return torch.cdist(x, weight, compute_mode="donot_use_mm_for_euclid_dist")


def nearest(x: Tensor, weight: Tensor, *, loose: bool = False) -> tuple[Tensor, Tensor]:
    """The distance to the nearest unit, and its index, for each point.

    They are found by matrix products, ``|x|^2 - 2 x w + |w|^2`` with the units' mean as origin.
    Where the two nearest units are closer to each other than rounding can tell, the point's
    differences from all units decide.

    Args:
        x: (points, features).
        weight: (units, features).
        loose: whether rounding may decide, which takes half the time, unless it could change a
            point's squared distance by as much as ``LOOSE`` of the mean of those searched with it.

    Returns:
        (points,) distances and (points,) indices; of equally near units the first, unless rounding
        may decide.
    """
    found: tuple[Tensor, Tensor] = mapped(_nearest, x, weight, loose)
    return found


def _nearest(x: Tensor, weight: Tensor, loose: bool) -> tuple[Tensor, Tensor]:
    if weight.numel() < FEW or weight.dtype not in (torch.float32, torch.float64):
        smallest = all_distances(x, weight).min(1)
        return smallest.values, smallest.indices
    parts = [_loosely(found, weight, loose) for found in _searched(x, weight)]
    distances, winners = zip(*parts, strict=True)
    return torch.cat(distances), torch.cat(winners)


@torch.no_grad()
def two_nearest(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``nearest``, and the distance to the second nearest unit; infinite where there is none."""
    parts = [_decided(found, weight) for found in _searched(x, weight)]
    distances, winners, seconds = zip(*parts, strict=True)
    return torch.cat(distances), torch.cat(winners), torch.cat(seconds)


class _Found(NamedTuple):
    """Of some points: the winners, and the squared distances to them, as far as matrix products
    can tell.

    Attributes:
        x: (points, features).
        lengths: (points,) squares from the units' mean.
        scores: (points, units) squared distances, less ``lengths``.
        best: (points,) those of the winners.
        error: (points,) the most that rounding changes a difference of two scores by.
    """

    x: Tensor
    lengths: Tensor
    scores: Tensor
    best: Tensor
    winners: Tensor
    error: Tensor

    def distances(self, weight: Tensor) -> Tensor:
        """(points,) to the winners, by differences where rounding would be seen."""
        squares = (self.lengths + self.best).clamp_(min=0)
        rough = (squares <= 500 * self.error).nonzero().squeeze(1)
        distances = squares.sqrt_()
        if len(rough):
            differences = self.x[rough] - weight[self.winners[rough]]
            distances[rough] = torch.linalg.vector_norm(differences, dim=1)
        return distances


def _searched(x: Tensor, weight: Tensor) -> Iterator[_Found]:
    """All points, some at a time; ``scores`` hold until the next ones are asked for."""
    x = x.to(weight)
    origin = weight.mean(0)
    centred = weight - origin
    norms = centred.square().sum(1)
    padding = max(0, COLUMNS - x.shape[1]) if len(weight) >= WIDE else 0
    centred = F.pad(centred, (0, padding))
    # Twice what rounding was ever seen to change it by.
    rounding = 8 * x.shape[1] ** 0.5 * torch.finfo(weight.dtype).eps
    searched = SEARCHED if x.device.type == "cpu" else 2**8 * SEARCHED
    rows = min(max(1, len(x)), max(LEAST, searched // len(weight)))
    kept = weight.new_empty(rows, len(weight))  # fresh memory each time takes longer than products
    for part in x.split(rows):
        points = part - origin
        lengths = torch.linalg.vecdot(points, points)
        points = F.pad(points, (0, padding)) if padding else points
        scores = kept[: len(part)]
        with torch.autocast(x.device.type, enabled=False):  # which would be less precise
            torch.addmm(norms, points, centred.T, alpha=-2, out=scores)
        if x.device.type == "cpu":  # where NumPy's search takes a third of torch's time
            winners = torch.from_numpy(scores.numpy().argmin(1))
        else:
            winners = scores.argmin(1)
        best = scores.gather(1, winners[:, None]).squeeze(1)
        yield _Found(part, lengths, scores, best, winners, rounding * (lengths + norms.max()))


def _loosely(found: _Found, weight: Tensor, loose: bool) -> tuple[Tensor, Tensor]:
    """Distances to the nearest, and the nearest units; ``loose``: see ``nearest``."""
    if loose and len(found.x):
        distances = found.distances(weight)
        if float(found.error.max()) < LOOSE * float(distances.square().mean()):
            return distances, found.winners
    return _decided(found, weight)[:2]


def _decided(found: _Found, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distances to the nearest, the nearest, and distances to the second nearest units, where
    differences decide what rounding cannot tell."""
    second = found.scores.scatter_(1, found.winners[:, None], torch.inf).amin(1)
    near = (second - found.best <= found.error).nonzero().squeeze(1)
    if len(near):
        found.winners[near] = all_distances(found.x[near], weight).argmin(1)
    return found.distances(weight), found.winners, (found.lengths + second).clamp(min=0).sqrt()
