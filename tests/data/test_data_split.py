"""The split into training and validation part, and their scaling."""

import pytest
import torch

from nnzoo import create_data


def rows(x):
    return sorted(map(tuple, x.tolist()))


@pytest.mark.parametrize(
    ("name", "fraction", "n_val"),
    [("iris", 0.2, 30), ("wine", 0.25, 44), ("gaussian_clusters", 0.1, 50), ("xor", 0.5, 2)],
)
def test_the_parts_are_disjoint_and_complete(name, fraction, n_val):
    data = create_data(name, val_fraction=fraction, scale="none")
    assert len(data.val.x) == n_val
    both = torch.cat([data.train.x, data.val.x])
    assert rows(both) == rows(data.points.x)  # each point exactly once
    if data.points.y is not None:
        labeled = torch.cat([both, torch.cat([data.train.y, data.val.y])[:, None]], 1)
        given = torch.cat([data.points.x, data.points.y[:, None]], 1)
        assert rows(labeled) == rows(given)  # with its own label


def test_the_split_depends_only_on_the_seed():
    torch.manual_seed(1)
    one = create_data("iris", seed=3)
    torch.manual_seed(2)
    same, other = create_data("iris", seed=3), create_data("iris", seed=4)
    assert torch.equal(one.val.x, same.val.x)
    assert rows(one.raw[1].x) != rows(other.raw[1].x)


def test_data_do_not_change_torchs_global_generator():
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    _ = create_data("gaussian_clusters", val_fraction=0.2).train
    assert torch.equal(torch.rand(1), wanted)


def test_without_a_validation_part_all_points_are_for_training():
    data = create_data("iris", val_fraction=0)
    assert len(data.train.x) == 150
    assert data.val is None


def test_minmax_is_fitted_on_the_training_part_alone():
    data = create_data("digits", val_fraction=0.5, scale="minmax", seed=1)
    train, val = data.raw
    low, high = train.x.amin(0), train.x.amax(0)
    divisor = torch.where(high > low, high - low, 1)
    torch.testing.assert_close(data.train.x, (train.x - low) / divisor)
    torch.testing.assert_close(data.val.x, (val.x - low) / divisor)
    assert data.val.x.max() > 1  # some pixel is brighter than any seen in training


def test_standard_is_fitted_on_the_training_part_alone():
    data = create_data("wine", scale="standard", val_fraction=0.4)
    x = data.train.x
    torch.testing.assert_close(x.mean(0), torch.zeros(13), rtol=0, atol=1e-5)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(13), rtol=0, atol=1e-5)
    assert data.val.x.mean(0).abs().max() > 0.05


def test_frobenius_divides_by_the_training_parts_norm():
    data = create_data("gaussian_clusters", scale="frobenius")
    assert float(torch.linalg.matrix_norm(data.train.x)) == pytest.approx(1, abs=1e-5)
    assert 90 < float(data.scaling.divisor[0]) < 115  # the tutorial's is about 102
    assert len(data.scaling.divisor.unique()) == 1


@pytest.mark.parametrize("scale", ["none", "minmax", "standard", "frobenius"])
def test_scaling_can_be_inverted(scale):
    data = create_data("wine", scale=scale)
    torch.testing.assert_close(data.scaling.inverse(data.train.x), data.raw[0].x)
