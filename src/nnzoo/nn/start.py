"""Where competitive units start: spread over the points, and moved where they are of use."""

import math

import torch
from torch import Tensor

from nnzoo.nn.search import two_nearest

MOVES = 10
"""The most times that units are moved."""
MOVED = 8
"""One unit in so many is moved at first."""
WORTH = 0.01
"""The share of the error that a move has to save, lest fewer are moved from then on."""
SPLIT = 3
"""A second unit is taken to save one part in so many of a unit's error."""


def plus_plus(x: Tensor, units: int) -> Tensor:
    """Points chosen one by one, far from those chosen before: greedy k-means++.

    Each is the best of ``2 + log(units)`` candidates, drawn with probabilities that go with the
    squared distance to the nearest point chosen so far. Random numbers are torch's.

    Source: D. Arthur, S. Vassilvitskii, 2007, "k-means++: the advantages of careful seeding".

    Args:
        x: (points, features), on the CPU.
        units: number of points to choose.

    Returns:
        (units, features).
    """
    trials = 2 + int(math.log(units))
    points = x - x.mean(0)
    lengths = torch.linalg.vecdot(points, points)
    zeros = torch.zeros_like(lengths)
    chosen = [torch.randint(len(x), (1,))]
    closest = torch.full_like(lengths, torch.inf)
    while True:
        nearer = lengths + lengths[chosen[-1]][:, None]
        nearer.addmm_(points[chosen[-1]], points.T, alpha=-2).clamp_(zeros, closest)
        best = nearer.sum(1).argmin()
        closest, chosen[-1] = nearer[best], chosen[-1][best]
        if len(chosen) == units:
            return x[torch.stack(chosen)]
        reached = closest.double().cumsum(0)
        drawn = torch.rand(trials, dtype=torch.float64) * reached[-1]
        chosen.append(torch.searchsorted(reached, drawn).clamp(max=len(x) - 1))


def refined(x: Tensor, units: int) -> Tensor:
    """``plus_plus``, then useless units moved to where the error is large, while that lowers it.

    The error is the sum of distances to the nearest unit. A unit's utility is what the error would
    grow without it: the sum over its points of the distance to the second nearest unit, less that
    to itself. The units of least utility go to points of those with the largest errors, all others
    to the means of their points; where that saves nothing, half as many are tried.

    Source: B. Fritzke, 1997, "The LBG-U method for vector quantization - an improvement over LBG
    inspired from neural networks", which moves one unit at a time, between runs to convergence.

    Args, returns: see ``plus_plus``.
    """
    kept = weight = plus_plus(x, units)
    least, moved = math.inf, max(1, units // MOVED)
    for _ in range(MOVES):
        distances, winners, seconds = two_nearest(x, weight)
        total = float(distances.sum())
        if total >= least * (1 - WORTH):
            moved //= 2
        if total < least:
            kept, least, of, away = weight, total, winners, distances
            won = torch.bincount(winners, minlength=units)
            sums = torch.zeros_like(weight).index_add_(0, winners, x)
            means = torch.where(won[:, None] > 0, sums / won.clamp(min=1)[:, None], weight)
            error = torch.zeros_like(weight[:, 0]).index_add_(0, winners, distances)
            utility = torch.zeros_like(error).index_add_(0, winners, seconds - distances)
        if moved == 0:
            break
        useless = utility.argsort(stable=True)[:moved]
        worst = error.argsort(stable=True, descending=True)[:moved]
        pays = (utility[useless] < error[worst] / SPLIT) & (won[worst] > 1)
        weight = means.clone()
        weight[useless[pays]] = x[_point_of_each(of, away, won)[worst[pays]]]
    return kept


def _point_of_each(winners: Tensor, distances: Tensor, won: Tensor) -> Tensor:
    """(units,): a random point that each unit won, likelier far from it; any where it won none."""
    order = (distances * torch.rand(len(distances))).argsort(stable=True)
    order = order[winners[order].argsort(stable=True)]
    return order[won.cumsum(0).clamp(min=1) - 1]
