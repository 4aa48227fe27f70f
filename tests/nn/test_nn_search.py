"""Search for the nearest units, compared with differences in float64."""

import pytest
import torch

from nnzoo.nn import CompetitiveLayer, search
from nnzoo.nn.competitive import batch_rule, batch_step
from nnzoo.nn.search import two_winners


def near(units, features, offset, spread, seed=0, dtype=torch.float32):
    """Points around centers ``spread`` apart and ``offset`` from the origin, and some as units."""
    generator = torch.Generator().manual_seed(seed)
    centers = spread * torch.randn(units, features, generator=generator, dtype=dtype)
    x = torch.randn(3000, features, generator=generator, dtype=dtype) + offset
    x += centers[torch.randint(units, (3000,), generator=generator)]
    return x, x[torch.randperm(3000, generator=generator)[:units]].clone()


def exact(x, weight):
    return torch.cdist(
        x.double(), weight.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).sort(1)


@pytest.mark.parametrize(("units", "features"), [(3, 2), (50, 3), (300, 64), (1, 200), (1024, 3)])
@pytest.mark.parametrize(("offset", "spread"), [(0, 0), (0, 100), (-3e5, 3), (10, 1e5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_search_is_exact_wherever_the_data_lie(units, features, offset, spread, dtype):
    x, weight = near(units, features, offset, spread, dtype=dtype)
    expected = exact(x, weight)
    distances, winners = search.nearest(x, weight)
    assert distances.dtype == dtype
    chosen = torch.cdist(
        x.double(), weight.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).gather(1, winners[:, None])
    # In float32 a unit may win that is farther than another by less than the rounding error.
    precision = {"rtol": 1e-6, "atol": 0} if dtype == torch.float32 else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(chosen[:, 0], expected.values[:, 0], **precision)
    torch.testing.assert_close(distances.double(), expected.values[:, 0], rtol=1e-3, atol=0)


@pytest.mark.parametrize("spread", [0, 1, 30])
@pytest.mark.parametrize("features", [2, 16, 64])
@pytest.mark.parametrize("units", [64, 1024])
def test_an_approximate_search_has_the_same_error(units, features, spread):
    x, weight = near(units, features, 5, spread)
    expected = exact(x, weight)
    distances, winners = search.nearest(x, weight, approximate=True)
    chosen = expected.values.gather(
        1, (expected.indices == winners[:, None]).int().argmax(1)[:, None]
    )
    for found in (distances.double(), chosen[:, 0]):
        assert float(found.mean()) == pytest.approx(float(expected.values[:, 0].mean()), rel=2e-6)


def test_an_approximate_search_skips_the_recomputation(monkeypatch):
    x, weight = near(64, 16, 0, 3)
    expected = search.nearest(x, weight)
    monkeypatch.setattr(search, "_exact", None)
    assert torch.equal(search.nearest(x, weight, approximate=True)[1], expected[1])


@pytest.mark.parametrize("offset", [0, 1e4, -3e5])
def test_an_approximate_search_is_exact_where_rounding_matters(offset, monkeypatch):
    """Pairs of units in tight clusters, far from each other."""
    generator = torch.Generator().manual_seed(0)
    centers = 1e4 * torch.randn(40, 16, generator=generator) + offset
    weight = torch.cat([centers + 1, centers - 1])
    x = centers.repeat(50, 1) + torch.randn(2000, 16, generator=generator)
    one, other = search.nearest(x, weight, approximate=True), search.nearest(x, weight)
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    monkeypatch.setattr(
        search, "APPROXIMATE_TOLERANCE", torch.inf
    )  # without the limit the result is wrong
    assert not torch.equal(search.nearest(x, weight, approximate=True)[1], other[1])


def test_no_points():
    for approximate in (False, True):
        distances, winners = search.nearest(
            torch.zeros(0, 16), torch.randn(64, 16), approximate=approximate
        )
        assert distances.shape == winners.shape == (0,)


def test_two_nearest():
    x, weight = near(40, 5, 3, 2)
    expected = exact(x, weight)
    distances, winners, seconds = search.two_nearest(x, weight)
    assert torch.equal(winners, expected.indices[:, 0])
    torch.testing.assert_close(distances.double(), expected.values[:, 0], rtol=1e-3, atol=0)
    torch.testing.assert_close(seconds.double(), expected.values[:, 1], rtol=1e-3, atol=0)
    assert search.two_nearest(x, weight[:1])[2].isinf().all()


@pytest.mark.parametrize("features", [2, 100])
def test_the_first_of_equal_units_wins(features):
    weight = torch.ones(7, features)
    weight[:2] = 5
    x = torch.rand(50, features)
    assert search.nearest(x, weight)[1].tolist() == [2] * 50
    assert search.nearest(x + 5, weight)[1].tolist() == [0] * 50


def test_the_result_does_not_depend_on_the_block_size(monkeypatch):
    x, weight = near(64, 16, 0, 3)
    single = search.two_nearest(x, weight)
    monkeypatch.setattr(search, "CPU_BLOCK", 64 * 700)
    monkeypatch.setattr(search, "MIN_BLOCK_POINTS", 1)
    assert all(map(torch.equal, search.two_nearest(x, weight)[1:2], single[1:2]))
    torch.testing.assert_close(search.two_nearest(x, weight)[0], single[0])


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_the_layer_accepts_leading_dimensions(leading):
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
        expected, _ = batch_rule(weight, state, x[:500], lr, 0.0, rule="wta")
        found = batch_step(weight, x[:500], search.nearest(x[:500], weight)[1], lr)
        torch.testing.assert_close(found, expected)
        assert not torch.equal(found, weight)
    assert torch.equal(weight, before)


@pytest.mark.parametrize("units", [2, 50, 1024])
def test_the_two_nearest_units(units):
    x, weight = near(units, 3, 5, 1)
    first, second = two_winners(x, weight)
    distances = torch.cdist(x.double(), weight.double())
    expected = distances.topk(2, largest=False).values
    found = torch.stack([distances.gather(1, k[:, None])[:, 0] for k in (first, second)], 1)
    assert (first != second).all()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
