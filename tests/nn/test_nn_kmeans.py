"""Initial weights of competitive units."""

import pytest
import torch

from nnzoo.nn.kmeans import plus_plus, refined


def clusters(units, features=8, points=40, seed=0):
    """(units * points, features) around well separated centers, and the centers."""
    generator = torch.Generator().manual_seed(seed)
    centers = 100 * torch.randn(units, features, generator=generator)
    noise = torch.randn(units, points, features, generator=generator)
    return (centers[:, None] + noise).flatten(0, 1), centers


def covered(weight, centers):
    """The number of centers with a unit nearby."""
    return int((torch.cdist(centers, weight).amin(1) < 20).sum())


@pytest.mark.parametrize("start", [plus_plus, refined])
def test_units_start_at_different_points(start):
    torch.manual_seed(0)
    x = torch.randn(50, 3)
    weight = start(x, 50)
    assert weight.shape == (50, 3)
    assert torch.equal(weight.sort(0).values, x.sort(0).values)  # every point, once


@pytest.mark.parametrize("seed", range(5))
def test_each_cluster_gets_a_unit(seed):
    x, centers = clusters(60, seed=seed)
    torch.manual_seed(seed)
    assert covered(refined(x, 60), centers) == 60
    assert covered(x[torch.randperm(len(x))[:60]], centers) < 50


def test_useless_units_are_moved(monkeypatch):
    """From initial weights in half of the clusters, the units spread to all of them."""
    x, centers = clusters(40)
    monkeypatch.setattr("nnzoo.nn.kmeans.plus_plus", lambda x, units: x[: 20 * units : 20].clone())
    assert covered(x[:800:20], centers) == 20
    torch.manual_seed(0)
    assert covered(refined(x, 40), centers) == 40


@pytest.mark.parametrize("start", [plus_plus, refined])
def test_the_result_depends_only_on_the_seed(start):
    x, _ = clusters(10)
    starts = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        starts.append(start(x, 10))
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


@pytest.mark.parametrize("units", [1, 4, 9])
def test_points_may_coincide(units):
    weight = refined(torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]).repeat(3, 1), units)
    assert weight.isfinite().all()
    expected = {1: 1, 4: 2, 9: 2}[units]
    assert len(weight.unique(dim=0)) == expected
