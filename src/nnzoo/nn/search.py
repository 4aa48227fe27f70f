"""Search for the nearest units of a layer."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.nn.vmap_safe import vmap_safe

MIN_PRODUCT_WEIGHTS = 128  # with fewer weights, differences are as fast as matrix products
CPU_BLOCK, GPU_BLOCK = 2**20, 2**26  # scores computed at once; on the CPU they fit its cache
MIN_BLOCK_POINTS = 256  # with fewer points per block, the overhead of the calls dominates
# From so many units on, zeros pad the features to this number; the product takes half the time.
MIN_PADDED_UNITS, PADDED_FEATURES = 1024, 16
# Bound of the rounding error, in units of ``sqrt(features) * eps * largest squared norm``; the
# largest error observed is half of it.
ROUNDING_FACTOR = 8
EXACT_DISTANCE_FACTOR = 500  # in rounding errors; smaller squared distances are recomputed
# Largest rounding error in an approximate search, relative to the mean squared distance.
APPROXIMATE_TOLERANCE = 0.01


def is_traced() -> bool:
    """Return whether ``torch.compile``, ``torch.export`` or ``torch.jit.trace`` records this call:
    it records only torch operations, so no branch may depend on values."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]


def all_distances(x: Tensor, weight: Tensor) -> Tensor:
    """(points, features), (units, features) -> (points, units): Euclidean distances."""
    if weight.dtype.itemsize < 4:  # ``cdist`` does not support bfloat16
        return all_distances(x.float(), weight.float()).to(weight.dtype)
    # Neither form uses matrix products, torch's default for many rows: far from the origin, float32
    # products lose the digits that distinguish units.
    if is_traced():  # other runtimes support differences, but not ``cdist``
        return torch.linalg.vector_norm(x.unsqueeze(1) - weight, dim=2)
    return torch.cdist(x, weight, compute_mode="donot_use_mm_for_euclid_dist")


def nearest(x: Tensor, weight: Tensor, *, approximate: bool = False) -> tuple[Tensor, Tensor]:
    """Find the nearest units (units, features) of points (points, features).

    The search uses matrix products, ``|x|^2 - 2 x w + |w|^2`` with the mean of the units as the
    origin. If the scores of the two nearest units differ by less than the rounding error, the
    distances to all units are recomputed by differences. The results have no gradient. Works under
    ``torch.func.vmap``. While traced, it computes all distances by differences.

    Args:
        approximate: skip the recomputation, which takes half the time, unless the rounding error
            exceeds ``APPROXIMATE_TOLERANCE`` of the mean squared distance of a block of points.

    Returns:
        Distances (points,) and indices (points,). Of equally near units the first one wins, except
        in an approximate search.
    """
    x, weight = x.detach(), weight.detach()
    if weight.dtype.itemsize < 4:  # in bfloat16, distances to different units would be equal
        distances, winners = nearest(x.float(), weight.float(), approximate=approximate)
        return distances.to(weight.dtype), winners
    if is_traced() or weight.numel() < MIN_PRODUCT_WEIGHTS:
        distances, winners = all_distances(x, weight).min(1)
        return distances, winners
    return vmap_safe(_nearest, x, weight, approximate)


def _nearest(x: Tensor, weight: Tensor, approximate: bool) -> tuple[Tensor, Tensor]:
    parts = []
    for block in _blocks(x, weight):
        if approximate and len(block.x):
            distances = block.distances(weight)
            limit = APPROXIMATE_TOLERANCE * float(distances.square().mean())
            if float(block.error.max()) < limit:
                parts.append((distances, block.winners))
                continue
        parts.append(_exact(block, weight)[:2])
    distances, winners = map(torch.cat, zip(*parts, strict=True))
    return distances, winners


@torch.no_grad()
def two_nearest(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the nearest unit of each point and the distance to the second nearest one.

    Arguments and the first two results are those of ``nearest``. The third one, (points,), is
    infinite if there is only one unit.
    """
    parts = [_exact(block, weight) for block in _blocks(x, weight)]
    distances, winners, seconds = map(torch.cat, zip(*parts, strict=True))
    return distances, winners, seconds


def two_winners(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Find the nearest and the second nearest of at least two units, up to rounding errors.

    Args:
        x: (points, features).
        weight: (units, features).

    Returns:
        Their indices, (points,) each. Works under ``torch.func.vmap``.
    """
    x, weight = x.detach(), weight.detach()
    if is_traced():
        first, second = _two_winners(x, weight)
        return first, second
    return vmap_safe(_two_winners, x, weight)


def _two_winners(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    if weight.dtype.itemsize < 4:  # NumPy has no bfloat16
        return _two_winners(x.float(), weight.float())
    if is_traced() or weight.numel() < MIN_PRODUCT_WEIGHTS:
        first, second = all_distances(x, weight).topk(2, largest=False).indices.unbind(1)
        return first, second
    parts = []
    for block in _blocks(x, weight):
        others = block.scores.scatter_(1, block.winners[:, None], torch.inf)
        parts.append((block.winners, _argmin(others)))
    first, second = map(torch.cat, zip(*parts, strict=True))
    return first, second


def _argmin(scores: Tensor) -> Tensor:
    """Return the index of the lowest score of each row."""
    # On the CPU, NumPy's argmin takes a third of the time of torch's.
    if scores.device.type == "cpu":
        return torch.from_numpy(scores.numpy().argmin(1))
    return scores.argmin(1)


class _Block(NamedTuple):
    """Winners of a block of points, up to rounding errors."""

    x: Tensor  # (points, features)
    norms: Tensor  # (points,) squared distances to the mean of the units
    scores: Tensor  # (points, units) squared distances minus ``norms``
    best: Tensor  # (points,) scores of the winners
    winners: Tensor  # (points,) indices
    error: Tensor  # (points,) bound of the rounding error of a difference of two scores

    def distances(self, weight: Tensor) -> Tensor:
        """(points,) distances to the winners; short ones are recomputed by differences."""
        squares = (self.norms + self.best).clamp_(min=0)
        inexact = (squares <= EXACT_DISTANCE_FACTOR * self.error).nonzero().squeeze(1)
        distances = squares.sqrt_()
        if len(inexact):
            differences = self.x[inexact] - weight[self.winners[inexact]]
            distances[inexact] = torch.linalg.vector_norm(differences, dim=1)
        return distances


def _blocks(x: Tensor, weight: Tensor) -> Iterator[_Block]:
    """Search block by block; the next block overwrites ``scores``."""
    on_cpu = x.device.type == "cpu"
    x = x.to(weight)
    origin = weight.mean(0)
    centered = weight - origin
    unit_norms = centered.square().sum(1)
    padding = max(0, PADDED_FEATURES - x.shape[1]) if len(weight) >= MIN_PADDED_UNITS else 0
    centered = F.pad(centered, (0, padding))
    rounding = ROUNDING_FACTOR * x.shape[1] ** 0.5 * torch.finfo(weight.dtype).eps
    # On the CPU, blocks with many features are shorter, so that the points fit the cache too.
    width = max(len(weight), 4 * x.shape[1]) if on_cpu else len(weight)
    block = (CPU_BLOCK if on_cpu else GPU_BLOCK) // width
    rows = min(max(1, len(x)), max(MIN_BLOCK_POINTS, block))
    buffer = weight.new_empty(rows, len(weight))  # faster than an allocation per block
    for part in x.split(rows):
        points = part - origin
        norms = torch.linalg.vecdot(points, points)
        points = F.pad(points, (0, padding)) if padding else points
        scores = buffer[: len(part)]
        with torch.autocast(x.device.type, enabled=False):  # autocast would reduce the precision
            torch.addmm(unit_norms, points, centered.T, alpha=-2, out=scores)
        winners = _argmin(scores)
        best = scores.gather(1, winners[:, None]).squeeze(1)
        yield _Block(part, norms, scores, best, winners, rounding * (norms + unit_norms.max()))


def _exact(block: _Block, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Resolve ties within the rounding error by differences; return what ``two_nearest`` does."""
    second = block.scores.scatter_(1, block.winners[:, None], torch.inf).amin(1)
    ties = (second - block.best <= block.error).nonzero().squeeze(1)
    if len(ties):
        block.winners[ties] = all_distances(block.x[ties], weight).argmin(1)
    return block.distances(weight), block.winners, (block.norms + second).clamp(min=0).sqrt()
