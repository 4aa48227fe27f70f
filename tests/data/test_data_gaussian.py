"""Random Gaussian clusters."""

import pytest
import torch

from nnzoo import create_data

CENTROIDS = [[1, 2, 1], [2, 5, 2], [-3, 3, 0], [5, -1, -1], [-2, -2, -2]]


def nearest(data):
    """The index of the true centroid that each point is nearest to."""
    return torch.cdist(data.points.x, data.points.centroids).argmin(1)


def test_the_tutorials_centroids_without_labels():
    data = create_data("gaussian_clusters")
    assert data.points.centroids.tolist() == CENTROIDS
    assert data.points.y is None
    assert data.train.y is None
    assert data.train.x.shape == (500, 3)


@pytest.mark.parametrize("sd", [0.0, 0.1, 0.3])
def test_each_centroid_has_a_hundred_points_with_the_given_sd(sd):
    data = create_data("gaussian_clusters", sd=sd)  # small: no point is nearer to another centroid
    which = nearest(data)
    assert which.bincount().tolist() == [100] * 5
    noise = data.points.x - data.points.centroids[which]
    assert float(noise.std()) == pytest.approx(sd, rel=0.06, abs=1e-6)
    assert float(noise.mean().abs()) <= 0.1 * sd


def test_the_default_sd_is_the_tutorials():
    tight, default = create_data("gaussian_clusters", sd=0.1), create_data("gaussian_clusters")
    # The same seed gives the same noise, 8 times as large.
    centers = tight.points.centroids[nearest(tight)]
    torch.testing.assert_close(
        default.points.x - centers, 8 * (tight.points.x - centers), rtol=0, atol=1e-4
    )


def test_points_are_shuffled():
    which = nearest(create_data("gaussian_clusters", sd=0.1))
    assert len(which[:50].unique()) == 5
    assert which[:10].tolist() != (torch.arange(10) % 5).tolist()


def test_the_seed_determines_the_points_but_not_given_centroids():
    one, same, other = (create_data("gaussian_clusters", seed=seed).points for seed in (1, 1, 2))
    assert torch.equal(one.x, same.x)
    assert torch.equal(one.centroids, other.centroids)
    assert not torch.equal(one.x, other.x)


def test_centroids_can_be_sampled():
    options = {"centroids": None, "clusters": 7, "features": 4, "points_per_cluster": 30}
    one, other = (create_data("gaussian_clusters", seed=seed, **options) for seed in (1, 2))
    assert one.points.x.shape == (210, 4)
    assert one.points.centroids.shape == (7, 4)
    assert one.points.centroids.abs().max() <= 5
    assert not torch.equal(one.points.centroids, other.points.centroids)


def test_fewer_clusters_than_given_centroids():
    data = create_data("gaussian_clusters", clusters=2, points_per_cluster=10)
    assert data.points.x.shape == (20, 3)
    assert data.points.centroids.tolist() == CENTROIDS[:2]
    assert data.n_clusters == 2
