"""The nearest units among many, against differences in float64."""

import pytest
import torch

from nnzoo.nn import CompetitiveLayer
from nnzoo.nn import competitive as c


def near(units, features, offset, spread, seed=0, dtype=torch.float32):
    """Points around centres ``spread`` apart and ``offset`` from the origin, and units there."""
    generator = torch.Generator().manual_seed(seed)
    centres = spread * torch.randn(units, features, generator=generator, dtype=dtype)
    x = torch.randn(3000, features, generator=generator, dtype=dtype) + offset
    x += centres[torch.randint(units, (3000,), generator=generator)]
    return x, x[torch.randperm(3000, generator=generator)[:units]].clone()


def exact(x, weight):
    return torch.cdist(
        x.double(), weight.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).sort(1)


@pytest.mark.parametrize(("units", "features"), [(3, 2), (50, 3), (64, 16), (300, 64), (1, 200)])
@pytest.mark.parametrize(("offset", "spread"), [(0, 0), (0, 100), (1e4, 1), (-3e5, 3), (10, 1e5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_are_right_wherever_the_data_lie(units, features, offset, spread, dtype):
    x, weight = near(units, features, offset, spread, dtype=dtype)
    wanted = exact(x, weight)
    distances, winners = c.nearest(x, weight)
    assert distances.dtype == dtype
    chosen = torch.cdist(
        x.double(), weight.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).gather(1, winners[:, None])
    # A unit that is further than another by less than float32 can tell may win.
    precision = {"rtol": 1e-6, "atol": 0} if dtype == torch.float32 else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(chosen[:, 0], wanted.values[:, 0], **precision)
    torch.testing.assert_close(distances.double(), wanted.values[:, 0], rtol=1e-3, atol=0)


def test_two_nearest():
    x, weight = near(40, 5, 3, 2)
    wanted = exact(x, weight)
    distances, winners, seconds = c.two_nearest(x, weight)
    assert torch.equal(winners, wanted.indices[:, 0])
    torch.testing.assert_close(distances.double(), wanted.values[:, 0], rtol=1e-3, atol=0)
    torch.testing.assert_close(seconds.double(), wanted.values[:, 1], rtol=1e-3, atol=0)
    assert c.two_nearest(x, weight[:1])[2].isinf().all()


@pytest.mark.parametrize("features", [2, 100])
def test_of_equal_units_the_first_wins(features):
    weight = torch.ones(7, features)
    weight[:2] = 5
    x = torch.rand(50, features)
    assert c.nearest(x, weight)[1].tolist() == [2] * 50
    assert c.nearest(x + 5, weight)[1].tolist() == [0] * 50


def test_in_parts_it_is_the_same(monkeypatch):
    x, weight = near(64, 16, 0, 3)
    whole = c.two_nearest(x, weight)
    monkeypatch.setattr(c, "SEARCHED", 64 * 700)
    monkeypatch.setattr(c, "LEAST", 1)
    assert all(map(torch.equal, c.two_nearest(x, weight)[1:2], whole[1:2]))
    torch.testing.assert_close(c.two_nearest(x, weight)[0], whole[0])


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_the_layer_finds_them_in_any_shape(leading):
    layer = CompetitiveLayer(16, 30)
    layer.weight.copy_(torch.randn(30, 16))
    x = torch.randn(*leading, 16)
    distances, winners = layer.nearest(x)
    assert distances.shape == winners.shape == leading
    assert torch.equal(winners, layer.distances(x).argmin(-1))
    torch.testing.assert_close(distances, layer.distances(x).amin(-1))


@pytest.mark.parametrize("units", [3, 200])
def test_a_step_equals_the_batch_rule(units):
    x, weight = near(units, 6, 1, 2, dtype=torch.float64)
    before = weight.clone()
    state = torch.full((units,), 1 / units, dtype=torch.float64)
    for lr in (1.0, 0.3, 1e-4):
        wanted, _ = c.batch_rule(weight, state, x[:500], lr, 0.0, rule="wta")
        found = c.batch_step(weight, x[:500], c.nearest(x[:500], weight)[1], lr)
        torch.testing.assert_close(found, wanted)
        assert not torch.equal(found, weight)
    assert torch.equal(weight, before)
