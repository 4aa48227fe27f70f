"""Data computed by a formula."""

import pytest
import torch

from nnzoo import InputError, create_data


def test_the_parabola():
    data = create_data("parabola", n_points=5, low=-2, high=2)
    assert data.points.x.flatten().tolist() == [-2, -1, 0, 1, 2]
    assert data.points.y.tolist() == [[15], [9], [7], [9], [15]]
    assert (data.n_classes, data.n_targets) == (None, 1)
    assert (data.feature_names, data.target_names) == (["x"], ["y"])


def test_the_seed_determines_the_noise():
    exact = create_data("parabola", n_points=4000).points.y
    one, same, other = (
        create_data("parabola", n_points=4000, noise=3, seed=seed).points.y for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert (one - exact).std().item() == pytest.approx(3, rel=0.05)
    assert (one - exact).mean().item() == pytest.approx(0, abs=0.2)


def test_targets_are_scaled_by_the_training_part_alone():
    data = create_data("parabola", target_scale="minmax", val_fraction=0.5, seed=2)
    raw = data.raw[0].y
    assert data.train.y.min() == 0
    assert data.train.y.max() == 1
    torch.testing.assert_close(data.target_scaling.inverse(data.train.y), raw)
    torch.testing.assert_close(data.target_scaling.inverse(data.val.y), data.raw[1].y)
    assert create_data("iris").target_scaling is None


def test_a_car_is_bought_where_the_weighted_sum_exceeds_the_threshold():
    data = create_data("car_decision")
    assert data.feature_names == ["price", "public_transport", "driving_skill", "model"]
    assert data.class_names == ["leave", "buy"]
    x, y = data.points.x, data.points.y
    assert sorted(set(x.flatten().tolist())) == [0, 0.5, 1]
    assert len(x.unique(dim=0)) == 81
    for factors, label in zip(x.tolist(), y.tolist(), strict=True):
        total = sum(w * f for w, f in zip((4, 2, 1, 3), factors, strict=True))
        assert label == (total > 5)  # a sum equal to the threshold is not enough


def test_a_higher_threshold_buys_fewer_cars_and_a_higher_weight_more():
    shares = [
        create_data("car_decision", threshold=t).points.y.float().mean().item() for t in (2, 5, 8)
    ]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == 3
    heavier = create_data("car_decision", weights=[8, 2, 1, 3]).points.y.float().mean()
    assert heavier > shares[1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("parabola", {"n_points": 1}, r"data\.n_points must be a whole number of at least 2"),
        ("parabola", {"low": 3, "high": 3}, r"data\.high must be a number > 3"),
        ("parabola", {"noise": -1}, r"data\.noise"),
        ("parabola", {"target_scale": "max"}, r"unknown data\.target_scale 'max'"),
        ("car_decision", {"weights": [1, 2, 3]}, "must be four numbers, for price"),
        ("car_decision", {"weights": [1, 2, 3, "x"]}, r"each of data\.weights must be a number"),
        ("car_decision", {"threshold": "high"}, r"data\.threshold must be a number"),
        ("car_decision", {"threshold": 10}, "gives all cars the same decision"),
    ],
)
def test_errors(name, options, message):
    with pytest.raises(InputError, match=message):
        _ = create_data(name, **options).points


def test_the_circle_has_half_of_the_square():
    data = create_data("circle_in_square", n_samples=20000)
    x, y = data.points.x, data.points.y
    assert ((x >= 0) & (x <= 1)).all()
    radius = (x - 0.5).norm(dim=1)
    assert radius[y == 1].max() < 0.39894 < radius[y == 0].min() + 1e-3
    assert y.float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert not torch.equal(x, create_data("circle_in_square", n_samples=20000, seed=1).points.x)
