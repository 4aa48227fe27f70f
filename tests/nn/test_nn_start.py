"""Where competitive units start."""

import pytest
import torch

from nnzoo.nn.start import plus_plus, refined


def clusters(units, features=8, points=40, seed=0):
    """(units * points, features) around centres far from each other, and the centres."""
    generator = torch.Generator().manual_seed(seed)
    centres = 100 * torch.randn(units, features, generator=generator)
    noise = torch.randn(units, points, features, generator=generator)
    return (centres[:, None] + noise).flatten(0, 1), centres


def reached(weight, centres):
    """How many centres have a unit nearby."""
    return int((torch.cdist(centres, weight).amin(1) < 20).sum())


@pytest.mark.parametrize("start", [plus_plus, refined])
def test_units_start_at_different_points(start):
    torch.manual_seed(0)
    x = torch.randn(50, 3)
    weight = start(x, 50)
    assert weight.shape == (50, 3)
    assert torch.equal(weight.sort(0).values, x.sort(0).values)  # all of them, each once


@pytest.mark.parametrize("seed", range(5))
def test_each_cluster_gets_a_unit(seed):
    x, centres = clusters(60, seed=seed)
    torch.manual_seed(seed)
    assert reached(refined(x, 60), centres) == 60
    assert reached(x[torch.randperm(len(x))[:60]], centres) < 50


def test_useless_units_are_moved(monkeypatch):
    """From a start that leaves out half of the clusters, the units come to all of them."""
    x, centres = clusters(40)
    monkeypatch.setattr("nnzoo.nn.start.plus_plus", lambda x, units: x[: 20 * units : 20].clone())
    assert reached(x[:800:20], centres) == 20
    torch.manual_seed(0)
    assert reached(refined(x, 40), centres) == 40


@pytest.mark.parametrize("start", [plus_plus, refined])
def test_it_depends_on_the_seed_alone(start):
    x, _ = clusters(10)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(start(x, 10))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("units", [1, 4, 9])
def test_points_may_coincide(units):
    weight = refined(torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]).repeat(3, 1), units)
    assert weight.isfinite().all()
    expected = {1: 1, 4: 2, 9: 2}[units]
    assert len(weight.unique(dim=0)) == expected or units == 1
