"""Initial weights of competitive units: k-means++ and its refinement by utility."""

import math

import torch
from torch import Tensor

from nnzoo.errors import InputError, check_choice, counted
from nnzoo.nn.search import two_nearest

STARTS = ("kmeans++", "midpoint", "refined", "sample")
"""Kinds of initial weights; see ``start_weights``."""

START_POINTS, START_POINTS_PER_UNIT = 4096, 10  # size of the subsample: the larger one
MAX_ROUNDS = 20  # in which units move
UNITS_PER_MOVE = 8  # the first round moves one unit in this many
MIN_ROUND_GAIN = 0.001  # relative, of the mean distance; a round below it is undone
MAX_STEPS, MIN_STEP_GAIN = 20, 0.01  # of k-means in a round; the gain is of the squared error


def start_weights(x: Tensor, units: int, start: str, spread: float = 0.0) -> Tensor:
    """Return initial weights (units, features) for points (points, features).

    Args:
        start: ``sample``, random points; ``kmeans++``, by ``plus_plus``; ``refined``, by
            ``refined`` on a random subsample of the points; ``midpoint`` of each feature's range;
            an InputError if it is unknown.
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
            f"{option} is {units} but there {'is' if n == 1 else 'are'} only "
            f"{counted(n, 'training point')}; "
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
    """Run ``plus_plus`` and k-means, then move the least useful units to where the error is large.

    The error of a unit is the sum of distance^q over its points. Its utility is the increase of
    the total error without it, when its points go to their second nearest units. Each round moves
    the units of least utility to points of the units with the largest errors and runs k-means
    again. If this does not reduce the mean distance, the round is undone and the next one moves
    half as many units. When moving a single unit fails, q changes from 2, as in k-means, to 1,
    which gives distant points less weight, and then back to 2. The points are random: at q = 2,
    distant ones are more likely.

    Source: B. Fritzke, 1997, "The LBG-U method for vector quantization - an improvement over LBG
    inspired from neural networks", which moves one unit at a time, with q = 2.
    """
    best = _k_means(x, plus_plus(x, units))
    best_error = float(best[1].sum())
    moves, powers = max(1, units // UNITS_PER_MOVE), [2, 1, 2]
    for _ in range(MAX_ROUNDS):
        current = _k_means(x, _moved(x, *best, moves, powers[0]))
        error = float(current[1].sum())
        if error < best_error * (1 - MIN_ROUND_GAIN):
            best, best_error = current, error
        elif moves > 1:
            moves //= 2
        elif len(powers) == 1:
            break
        else:
            powers = powers[1:]
    return best[0]


def _k_means(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the weights after some steps of k-means, and their ``two_nearest``."""
    precise = x.double()  # sums lose digits far from the origin
    last = math.inf
    for _ in range(MAX_STEPS):
        distances, winners, seconds = two_nearest(x, weight)
        error = float(distances.square().sum())
        if error >= last * (1 - MIN_STEP_GAIN):
            break
        last = error
        counts = torch.bincount(winners, minlength=len(weight))[:, None]
        sums = torch.zeros_like(weight, dtype=precise.dtype).index_add_(0, winners, precise)
        weight = torch.where(counts > 0, (sums / counts.clamp(min=1)).to(x), weight)
    distances, winners, seconds = two_nearest(x, weight)
    return weight, distances, winners, seconds


def _moved(
    x: Tensor,
    weight: Tensor,
    distances: Tensor,
    winners: Tensor,
    seconds: Tensor,
    moves: int,
    power: int,
) -> Tensor:
    """Return the weights with some units moved; see ``refined``."""
    counts = torch.bincount(winners, minlength=len(weight))
    errors = distances**power
    error = torch.zeros_like(weight[:, 0]).index_add_(0, winners, errors)
    utility = torch.zeros_like(error).index_add_(0, winners, seconds**power - errors)
    useless = utility.argsort(stable=True)[:moves]
    worst = error.argsort(stable=True, descending=True)[:moves]
    possible = (useless != worst) & (counts[worst] > 1)
    # Take the last point of each unit in this random order.
    order = (distances ** (power - 1) * torch.rand(len(x))).argsort(stable=True)
    order = order[winners[order].argsort(stable=True)]
    samples = order[counts.cumsum(0).clamp(min=1) - 1]
    moved = weight.clone()
    moved[useless[possible]] = x[samples[worst[possible]]]
    return moved
