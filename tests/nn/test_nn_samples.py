"""Measures of samples, by hand and compared with SciPy."""

import pytest
import torch
from scipy import stats

from nnzoo.nn import coverage, energy_distance


def normal(n, features, seed):
    return torch.randn(n, features, generator=torch.Generator().manual_seed(seed))


def test_energy_distance_by_hand():
    x, y = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0]])
    # Mean distances: between x and y 2.5 (0 and 5), within x 2.5 (0, 5, 5 and 0), within y 0.
    assert energy_distance(x, y).item() == pytest.approx(2 * 2.5 - 2.5 - 0)
    assert energy_distance(y, x).item() == pytest.approx(2.5)
    assert energy_distance(x, x).item() == 0


def test_energy_distance_is_the_square_of_scipys():
    x, y = normal(300, 1, 0), 2 * normal(200, 1, 1) + 1
    expected = stats.energy_distance(x[:, 0].numpy(), y[:, 0].numpy()) ** 2
    assert energy_distance(x, y).item() == pytest.approx(expected, rel=1e-4)


def test_energy_distance_of_one_distribution_is_small():
    x, y = normal(500, 3, 0), normal(500, 3, 1)
    same = energy_distance(x, y).item()
    assert 0 < same < 0.02
    for other in (y + 0.5, 1.5 * y, y * torch.tensor([1.0, 1.0, 0.0])):
        assert energy_distance(x, other).item() > 3 * same


CENTROIDS = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
# The deviation of each point is 1 in both coordinates, so sd is 1.
POINTS = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [11.0, 1.0], [9.0, -1.0]])


def test_coverage_by_hand():
    samples = torch.tensor([[0.0, 0.0], [0.0, 2.9], [0.0, 3.1], [12.9, 0.0]])
    assert coverage(samples, POINTS, CENTROIDS) == {
        "within_3sd": 0.75,
        "smallest_share": 0.25,
        "largest_share": 0.75,
    }


def test_a_cluster_without_samples_has_the_share_0():
    shares = coverage(torch.tensor([[1.0, 0.0], [2.0, 0.0]]), POINTS, CENTROIDS)
    assert shares == {"within_3sd": 1, "smallest_share": 0, "largest_share": 1}
