"""The competitive model finds the clusters, against scikit-learn's k-means."""

from statistics import mean

import pytest
import torch
from helpers import mostly_slow, own_data, own_model, train_by_engine
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

from nnzoo import create_data
from nnzoo.runs.evaluation import evaluate


def k_means(data):
    """The quantization error and the centroid distance of the best of 10 starts."""
    x = data.train.x.double()
    found = KMeans(len(data.points.centroids), n_init=10, random_state=0).fit(x.numpy())
    centers = torch.from_numpy(found.cluster_centers_)
    distances = torch.cdist(centers, data.points.centroids.double())
    return (
        float(torch.cdist(x, centers).amin(1).mean()),
        float(distances[linear_sum_assignment(distances)].mean()),
    )


def score(seed, epochs, *, data=None, **options):
    data = own_data("competitive", seed=seed) if data is None else data
    model = own_model("competitive", data, seed, **options)
    train_by_engine(model, data, epochs, seed=seed, every=epochs)
    return evaluate(model, data)


def assert_as_good_as_k_means(seed):
    data = own_data("competitive", seed=seed)
    reached = score(seed, 50, data=data)
    assert reached["centroid_distance"] <= 1.05 * k_means(data)[1]
    assert reached["dead_units"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_defaults_are_as_good_as_k_means(seed):
    assert_as_good_as_k_means(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 20))
def test_the_defaults_are_as_good_as_k_means_on_every_seed(seed):
    assert_as_good_as_k_means(seed)


@pytest.mark.parametrize("rule", ["wta", "conscience", "cwta"])
@pytest.mark.parametrize("start", ["midpoint", "sample", "kmeans++"])
@pytest.mark.parametrize("update", mostly_slow(["online", "batch"], keep=1))
def test_every_combination_comes_near_k_means_from_far(rule, start, update):
    options = {"rule": rule, "start": start, "update": update}
    if rule == "cwta":
        options["lr"] = 0.05  # its steps grow with the distance, which is up to 10 here
    data = own_data("competitive", batch_size=None if update == "online" else 50)
    best, _ = k_means(data)
    before = score(0, 1, data=data, **options | {"lr": 1e-12, "lr_end": None})
    after = score(0, 20, data=data, **options)
    assert before["quantization_error"] > 1.2 * best
    assert after["quantization_error"] <= 1.01 * best
    assert after["dead_units"] == 0


@pytest.mark.parametrize("seed", [2, 6, 10])
def test_a_conscience_finds_the_clusters_that_winner_take_all_misses(seed):
    options = {"start": "sample", "lr": 0.05, "lr_end": 0.005, "conscience_until": 0.5}
    assert score(seed, 20, rule="wta", **options)["centroid_distance"] > 1
    assert score(seed, 20, rule="conscience", **options)["centroid_distance"] < 0.2


def tutorial(seed, epochs):
    """neurolab's rule on data divided by their Frobenius norm."""
    data = create_data("gaussian_clusters", scale="frobenius", batch_size=None, seed=seed)
    options = {"rule": "cwta", "start": "sample", "lr": 0.01, "lr_end": None}
    return score(seed, epochs, data=data, **options)["centroid_distance"]


def test_the_tutorials_rule_is_on_its_way_after_100_epochs():
    assert 0.25 <= mean(tutorial(seed, 100) for seed in range(3)) <= 0.65


def test_a_step_of_the_tutorials_rule_does_not_go_beyond_the_point():
    # Rates that suit the other rules, on data whose distances are in the hundreds.
    data = own_data("competitive", sd=80.0, centroids=[[0, 0, 0], [900, 0, 0], [0, 900, 0]])
    best, _ = k_means(data)
    found = score(0, 50, data=data, units=3, rule="cwta")
    assert found["quantization_error"] <= 1.1 * best
