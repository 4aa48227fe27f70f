"""Measures of reconstruction errors and of codes, by hand and against slow references."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from nnzoo.runs.evaluation import anomaly_auc, cluster_ari, pca_mse, uniform_outliers


def test_outliers_fill_a_box_of_the_given_width():
    x = torch.tensor([[0.0, 10.0, 7.0], [1.0, 30.0, 7.0], [0.5, 15.0, 7.0]])
    outliers = uniform_outliers(x, 20_000, widen=3)
    assert outliers.shape == (20_000, 3)
    # Middles .5 and 20, three times the ranges 1 and 20.
    torch.testing.assert_close(
        outliers.amin(0), torch.tensor([-1.0, -10.0, 7.0]), atol=0.02, rtol=0
    )
    torch.testing.assert_close(outliers.amax(0), torch.tensor([2.0, 50.0, 7.0]), atol=0.02, rtol=0)
    within = ((outliers >= x.amin(0)) & (outliers <= x.amax(0))).double().mean(0)
    torch.testing.assert_close(
        within, torch.tensor([1 / 3, 1 / 3, 1.0]).double(), atol=0.02, rtol=0
    )


def test_outliers_follow_the_seed_and_leave_the_global_stream_alone():
    x, before = torch.rand(5, 2), torch.get_rng_state()
    assert torch.equal(uniform_outliers(x, 4), uniform_outliers(x, 4))
    assert not torch.equal(uniform_outliers(x, 4), uniform_outliers(x, 4, seed=1))
    assert torch.equal(before, torch.get_rng_state())
    assert uniform_outliers(x.numpy().astype(float), 4).dtype == torch.float64


@pytest.mark.parametrize(
    ("normal", "anomalies", "auc"),
    [
        ([1, 2, 3], [4, 5], 1.0),
        ([4, 5], [1, 2, 3], 0.0),
        ([1, 3], [2, 4], 0.75),  # of four pairs only (3, 2) is wrong
        ([1, 2], [2], 0.75),  # one pair right, one equal
        ([0, 0], [0, 0, 0], 0.5),
    ],
)
def test_the_auc_by_hand(normal, anomalies, auc):
    assert anomaly_auc(normal, anomalies) == auc
    assert anomaly_auc(torch.tensor(normal), np.array(anomalies)) == auc


def test_the_auc_is_the_share_of_pairs_in_order():
    generator = torch.Generator().manual_seed(0)
    normal = torch.randint(10, (40,), generator=generator)
    anomalies = torch.randint(3, 14, (30,), generator=generator)
    pairs = [(a > n) + 0.5 * (a == n) for n in normal.tolist() for a in anomalies.tolist()]
    assert 0.5 < np.mean(pairs) < 1
    assert anomaly_auc(normal, anomalies) == pytest.approx(np.mean(pairs))


def test_the_ari_ignores_the_names_of_clusters():
    x = [[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]]
    assert cluster_ari(x, [2, 2, 0, 0, 1, 1], 3) == 1
    assert cluster_ari(x, [0, 1, 0, 1, 0, 1], 3) == adjusted_rand_score(
        [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1]
    )


def test_k_means_on_iris():
    iris = load_iris()
    assert cluster_ari(iris.data, iris.target, 3) == pytest.approx(0.7302, abs=1e-4)  # well known


def test_equal_codes_have_an_ari_of_0():
    assert cluster_ari(torch.ones(6, 2), torch.tensor([0, 1] * 3), 2) == 0


def test_more_clusters_than_points():
    assert cluster_ari([[0.0], [1.0]], [0, 1], 3) == 1


def test_a_component_by_hand():
    # The line y = x is the first component: (1, -1) / 2 is missed by (.5, -.5), the others by 0.
    train = [[-4.0, -4.0], [4.0, 4.0]]
    assert pca_mse(train, [[0.5, -0.5], [3.0, 3.0]], 1) == pytest.approx(0.125)
    assert pca_mse(train, [[0.5, -0.5]], 2) == pytest.approx(0, abs=1e-20)
    assert pca_mse([[1.0, 2.0]], [[1.0, 4.0]], 1) == 2  # a single point has no components


@pytest.mark.parametrize("components", [1, 2, 4, 9])
def test_what_components_rebuild_is_scikit_learns(components):
    x = load_iris().data
    pca = PCA(min(components, 4)).fit(x[:100])
    wanted = ((pca.inverse_transform(pca.transform(x[100:])) - x[100:]) ** 2).mean()
    found = pca_mse(torch.tensor(x[:100]), torch.tensor(x[100:]), components)
    assert found == pytest.approx(wanted, abs=1e-20)
    if components < 4:
        assert found > 1e-3
