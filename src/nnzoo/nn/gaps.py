"""Edges between units by the density of points along them."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from nnzoo.nn.search import all_distances

BANDWIDTH = 0.65
"""Width of the kernel, in distances of units to their ``sqrt(points)``-th nearest point."""

MIN_POINTS = 5
"""Lowest peak of the density of a group, in points at that place: fewer are outliers."""

NEAREST = 3
"""Number of nearest units of a point, the first of which may be joined with the others."""

BLOCK = 2**22
"""Distances computed at once."""

Parts = Callable[[], Iterable[Tensor]]


def edges_without_gaps(weight: Tensor, edges: Tensor, parts: Parts, gap: float) -> Tensor:
    """Return edges of which none crosses a gap between points and that connect each group of units.

    The density at z is ``sum_x exp(-|x - z|^2 / (2 h^2))``. ``h`` is ``BANDWIDTH`` times the lower
    quartile of the distances of units to their ``sqrt(points)``-th nearest point. The density of an
    edge is the lowest one of its two units and its middle.

    Candidates are the edges, and pairs of the nearest unit of a point with the second and the third
    nearest. At first each unit is a group, with its density as the peak. From the densest candidate
    to the least dense one, a candidate joins the groups of its units if its density is at least
    ``gap`` times the lower one of their peaks, or if that peak is below ``MIN_POINTS``. Edges
    between different groups are removed. Where the others do not connect a group, its densest
    candidates are added.

    Source: F. Chazal, L. J. Guibas, S. Y. Oudot & P. Skraba, 2013, "Persistence-based clustering in
    Riemannian manifolds", with the ratio of two densities instead of their difference.

    Args:
        weight: (units, features), at least 2 units, in float64.
        edges: (edges, 2) pairs of units, the lower index first.
        parts: returns the points part by part, (points, features) each.
        gap: share of the lower peak, above 0, at most 1.

    Returns:
        (edges, 2), in order.
    """
    own = {(i, j) for i, j in edges.tolist()}
    pairs = torch.tensor(sorted(own | _neighbors(parts, weight)), device=weight.device)
    places = torch.cat([weight, weight[pairs].mean(1)])
    of_unit, middle = _density(parts, places, _width(parts, weight)).split(
        [len(weight), len(pairs)]
    )
    density = torch.minimum(of_unit[pairs].amin(1), middle)
    lengths = (weight[pairs[:, 0]] - weight[pairs[:, 1]]).square().sum(1)
    order = lengths.argsort(stable=True)  # of equally dense candidates the shortest one is first
    order = order[density[order].argsort(descending=True, stable=True)]
    candidates = [(i, j) for i, j in pairs[order].tolist()]
    groups, peaks = list(range(len(weight))), of_unit.tolist()
    for (i, j), value in zip(candidates, density[order].tolist(), strict=True):
        lower, higher = sorted((peaks[groups[i]], peaks[groups[j]]))
        if value >= gap * lower or lower < MIN_POINTS:
            _join(groups, i, j)
            peaks[groups[i]] = higher
    kept = [pair for pair in candidates if groups[pair[0]] == groups[pair[1]]]
    connected = list(range(len(weight)))
    found = own.intersection(kept)
    for i, j in found:
        _join(connected, i, j)
    for i, j in kept:
        if connected[i] != connected[j]:
            _join(connected, i, j)
            found.add((i, j))
    return torch.tensor(sorted(found), device=weight.device, dtype=torch.long).reshape(-1, 2)


def _join(groups: list[int], i: int, j: int) -> None:
    """Make the groups of two units one group."""
    new, old = groups[i], groups[j]
    groups[:] = [new if group == old else group for group in groups]


def _neighbors(parts: Parts, weight: Tensor) -> set[tuple[int, int]]:
    """Return the pairs of the nearest unit of a point with the next ones."""
    n = len(weight)
    found = weight.new_zeros(n, n, dtype=torch.bool)
    for distances in _distances(parts, weight):
        first, *others = distances.topk(min(NEAREST, n), largest=False).indices.unbind(1)
        for other in others:
            found[torch.minimum(first, other), torch.maximum(first, other)] = True
    return {(i, j) for i, j in found.nonzero().tolist()}


def _width(parts: Parts, weight: Tensor) -> Tensor:
    """Return the width of the kernel, above 0 also where many points are equal."""
    k = max(1, round(sum(map(len, parts())) ** 0.5))
    near = weight.new_empty(0, len(weight))
    for distances in _distances(parts, weight):
        near = torch.cat([near, distances])
        near = near.topk(min(k, len(near)), dim=0, largest=False).values
    return (BANDWIDTH * near.amax(0).quantile(0.25)).clamp(min=1e-100)


def _density(parts: Parts, places: Tensor, width: Tensor) -> Tensor:
    """Return the density of the points at places (places, features), (places,)."""
    blocks = _distances(parts, places)
    return torch.stack([(-(d / width).square() / 2).exp().sum(0) for d in blocks]).sum(0)


def _distances(parts: Parts, places: Tensor) -> Iterator[Tensor]:
    """Yield the distances (points, places) of one block of points after the other."""
    for part in parts():
        for block in part.split(max(1, BLOCK // len(places))):
            yield all_distances(block.to(places), places)
