"""Edges by the density of points along them: a gap, a stray point, and a group without a gap."""

import pytest
import torch

from nnzoo.nn.gaps import edges_without_gaps

LINE = torch.linspace(0, 1, 21)
POINTS = torch.cat([LINE, torch.tensor([1.9]), LINE + 3])[:, None]
UNITS = torch.tensor([0.0, 0.5, 1.0, 1.9, 3.0, 3.5, 4.0], dtype=torch.float64)[:, None]
CHAIN = [[i, i + 1] for i in range(6)]


def found(edges, gap=0.45, points=POINTS, weight=UNITS, size=50):
    return edges_without_gaps(weight, torch.tensor(edges), lambda: points.split(size), gap).tolist()


@pytest.mark.parametrize("size", [50, 7])  # of the parts
def test_an_edge_across_a_gap_is_removed(size):
    """Two lines of points and a stray point between them: its unit stays with the nearer line."""
    assert found(CHAIN, size=size) == [pair for pair in CHAIN if pair != [3, 4]]


def test_a_share_near_0_leaves_all_edges():
    assert found(CHAIN, gap=1e-9) == CHAIN


def test_a_missing_edge_within_a_group_is_added():
    assert found(CHAIN[1:5]) == [[0, 1], [1, 2], [2, 3], [4, 5], [5, 6]]


def test_points_of_one_normal_distribution_are_one_group():
    points = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    weight = points[:50].double()  # outliers too
    pairs = torch.combinations(torch.arange(50)).tolist()
    assert found(pairs, points=points, weight=weight) == pairs


def test_points_that_are_all_equal():
    assert found([[0, 1]], points=torch.ones(30, 1), weight=torch.ones(2, 1).double()) == [[0, 1]]
