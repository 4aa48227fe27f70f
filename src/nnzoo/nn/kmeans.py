"""Initial weights of competitive units: k-means++ and its refinement by utility."""

import math

import torch
from torch import Tensor

from nnzoo.errors import InputError, check_choice
from nnzoo.nn.search import two_nearest

STARTS = ("kmeans++", "midpoint", "refined", "sample")
"""Names of the initial weights of ``start_weights``."""

START_POINTS, START_POINTS_PER_UNIT = 4096, 10  # points of a refined start: the larger of the two
MAX_MOVES = 10  # rounds in which units move
UNITS_PER_MOVE = 8  # the first round moves one unit in this many
MIN_IMPROVEMENT = 0.01  # relative, of the error per round; below it, halve the number moved
SPLIT_GAIN = 3  # a second unit is assumed to save one part in this many of a unit's error


def start_weights(x: Tensor, units: int, start: str, spread: float = 0.0) -> Tensor:
    """Return initial weights (units, features) for points (points, features).

    Args:
        start: ``sample``, random points; ``kmeans++``, see ``plus_plus``; ``refined``, see
            ``refined``, on a random part of the points; ``midpoint`` of each feature's range; an
            InputError if it is unknown.
        spread: standard deviation of normal noise on midpoints, as a share of the range.
    """
    check_choice("model.start", start, STARTS)
    if start == "kmeans++":
        return plus_plus(x.cpu(), units).to(x)
    if start == "midpoint":
        low, high = x.amin(0), x.amax(0)
        noise = spread * torch.randn(units, len(low)) if spread else torch.zeros(units, len(low))
        return (low + high) / 2 + noise.to(x) * (high - low)
    points = units if start == "sample" else max(START_POINTS, START_POINTS_PER_UNIT * units)
    sample = x[torch.randperm(len(x))[:points].to(x.device)]
    return sample if start == "sample" else refined(sample.cpu(), units).to(x)


def require_points(option: str, units: int, n: int) -> None:
    """Raise an InputError if a layer has more units than there are training points."""
    if units > n:
        raise InputError(
            f"{option} is {units} but there are only {n} training points; "
            "a unit without a point of its own learns nothing"
        )


def plus_plus(x: Tensor, units: int) -> Tensor:
    """Choose well separated points by greedy k-means++: (points, features) -> (units, features).

    Each point is the best of ``2 + log(units)`` candidates. Candidates are sampled with
    probabilities proportional to the squared distance to the nearest chosen point, from torch's
    global generator.

    Source: D. Arthur, S. Vassilvitskii, 2007, "k-means++: the advantages of careful seeding".
    """
    trials = 2 + int(math.log(units))
    points = x - x.mean(0)
    norms = torch.linalg.vecdot(points, points)
    zeros = torch.zeros_like(norms)
    chosen = [torch.randint(len(x), (1,))]
    closest = torch.full_like(norms, torch.inf)  # squared distances to the nearest chosen point
    while True:
        candidates = norms + norms[chosen[-1]][:, None]
        candidates.addmm_(points[chosen[-1]], points.T, alpha=-2).clamp_(zeros, closest)
        best = candidates.sum(1).argmin()
        closest, chosen[-1] = candidates[best], chosen[-1][best]
        if len(chosen) == units:
            return x[torch.stack(chosen)]
        cumulative = closest.double().cumsum(0)
        thresholds = torch.rand(trials, dtype=torch.float64) * cumulative[-1]
        chosen.append(torch.searchsorted(cumulative, thresholds).clamp(max=len(x) - 1))


def refined(x: Tensor, units: int) -> Tensor:
    """Run ``plus_plus``, then move the least useful units to where the error is large.

    The error is the sum of the distances to the nearest unit. The utility of a unit is the increase
    of the error without it: for its points, the distance to the second nearest unit minus the
    distance to the unit itself. Each round moves the units of least utility to points of the units
    with the largest errors, and all other units to the means of their points. If a round improves
    the error too little, the next one moves half as many units.

    Source: B. Fritzke, 1997, "The LBG-U method for vector quantization - an improvement over LBG
    inspired from neural networks", which moves one unit at a time between runs to convergence.
    """
    best_weight = weight = plus_plus(x, units)
    best_error, moves = math.inf, max(1, units // UNITS_PER_MOVE)
    for _ in range(MAX_MOVES):
        distances, winners, seconds = two_nearest(x, weight)
        total = float(distances.sum())
        if total >= best_error * (1 - MIN_IMPROVEMENT):
            moves //= 2
        if total < best_error:
            best_weight, best_error = weight, total
            best_winners, best_distances = winners, distances
            counts = torch.bincount(winners, minlength=units)
            sums = torch.zeros_like(weight).index_add_(0, winners, x)
            means = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], weight)
            error = torch.zeros_like(weight[:, 0]).index_add_(0, winners, distances)
            utility = torch.zeros_like(error).index_add_(0, winners, seconds - distances)
        if moves == 0:
            break
        useless = utility.argsort(stable=True)[:moves]
        worst = error.argsort(stable=True, descending=True)[:moves]
        improves = (utility[useless] < error[worst] / SPLIT_GAIN) & (counts[worst] > 1)
        weight = means.clone()
        samples = _sample_per_unit(best_winners, best_distances, counts)
        weight[useless[improves]] = x[samples[worst[improves]]]
    return best_weight


def _sample_per_unit(winners: Tensor, distances: Tensor, counts: Tensor) -> Tensor:
    """(units,): a random point of each unit, more likely a far one; arbitrary without points."""
    order = (distances * torch.rand(len(distances))).argsort(stable=True)
    order = order[winners[order].argsort(stable=True)]
    return order[counts.cumsum(0).clamp(min=1) - 1]
