"""The competitive model on data that are hard for it, compared with k-means with 10 starts."""

from functools import cache
from statistics import mean

import numpy as np
import pytest
import torch
from helpers import fit, train_by_engine
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris
from torch.utils.data import DataLoader

from nnzoo import create_data, create_model
from nnzoo.nn import CompetitiveLayer, batch_rule, online_rule, rates
from nnzoo.nn.kmeans import start_weights
from nnzoo.runs.evaluation import evaluate


def around(source, centers, sizes, deviations):
    parts = zip(centers, sizes, deviations, strict=True)
    return np.concatenate([c + sd * source.normal(size=(n, len(c))) for c, n, sd in parts])


@cache
def hard(name):
    """Return points (points, features) and the number of units."""
    source = np.random.default_rng(1)
    if name == "50-D":
        return around(source, source.uniform(-5, 5, (10, 50)), [100] * 10, [1] * 10), 10
    centers = source.uniform(-5, 5, (5, 2))
    if name == "uneven":
        sizes, deviations = (500, 200, 100, 50, 20), (0.3, 1, 0.2, 0.6, 0.1)
        return around(source, centers, sizes, deviations), 5
    if name == "outliers":  # 1 %
        blobs = around(source, centers, [200] * 5, [0.5] * 5)
        return np.concatenate([blobs, source.uniform(-50, 50, (10, 2))]), 5
    if name == "duplicates":
        return 3 * source.normal(size=(12, 2))[source.integers(0, 12, 500)], 6
    return (load_digits().data, 10) if name == "digits" else (load_iris().data, 9)


@cache
def k_means(name):
    """Return the mean distance to the nearest center of k-means."""
    x, units = hard(name)
    return error(x, KMeans(units, n_init=10, random_state=0).fit(x).cluster_centers_)


def error(x, weights):
    return float(np.linalg.norm(x[:, None] - np.asarray(weights), axis=2).min(1).mean())


def trained(x, units, seed, epochs=50, data=None, **options):
    data = create_data(x.astype(np.float32), **{"scale": "none", "val_fraction": 0} | (data or {}))
    torch.manual_seed(seed)
    model = create_model("competitive", data, units=units, **options)
    train_by_engine(model, data, epochs, seed=seed, every=epochs)
    return model, evaluate(model, data)


@pytest.mark.slow
@pytest.mark.parametrize("update", ["online", "batch"])
@pytest.mark.parametrize(
    "name", ["uneven", "outliers", "50-D", "duplicates", "digits", "iris, 9 units"]
)
def test_the_defaults_come_near_k_means(name, update):
    x, units = hard(name)
    found = [trained(x, units, seed, update=update) for seed in range(2)]
    assert mean(error(x, model.centroids()) for model, _ in found) <= 1.03 * k_means(name)
    assert [measured["dead_units"] for _, measured in found] == [0, 0]


@pytest.mark.parametrize("name", ["uneven", "outliers"])
def test_the_defaults_come_near_k_means_in_few_epochs(name):
    x, units = hard(name)
    errors = [error(x, trained(x, units, seed, 10)[0].centroids()) for seed in range(3)]
    assert mean(errors) <= 1.03 * k_means(name)


def test_more_units_than_different_points():
    x = np.repeat([[1.0, 2.0], [3.0, 4.0]], 10, 0)
    model, measured = trained(x, 4, 0, 5)
    assert error(x, model.centroids()) < 1e-6
    assert measured["dead_units"] == 2


FAR = 1e6
"""An offset at which adjacent float32 numbers are 0.06 apart."""


def far():
    x, units = hard("uneven")
    return x + FAR, units


def assert_near_k_means(weights):
    x, _ = hard("uneven")
    assert error(x, weights.double() - FAR) <= 1.02 * k_means("uneven")


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("update", ["online", "batch"])
def test_far_from_the_origin(scale, update):
    x, units = far()
    model, measured = trained(x, units, 0, 20, {"scale": scale}, update=update)
    assert_near_k_means(model.centroids())
    assert measured["quantization_error"] <= 1.03 * k_means("uneven")
    assert model.predict(model.centroids()).argmax(-1).tolist() == list(range(units))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rule", ["conscience", "wta"])
@pytest.mark.parametrize("update", ["online", "batch"])
def test_far_from_the_origin_under_a_plain_trainer(dtype, rule, update):
    x, units = far()
    torch.manual_seed(0)
    model = create_model("competitive", in_features=2, units=units, rule=rule, update=update)
    fit(model, DataLoader(torch.tensor(x, dtype=dtype), 100, shuffle=True), max_epochs=10)
    assert_near_k_means(model.centroids())


@pytest.mark.parametrize("update", ["online", "batch"])
def test_cwta_learns_the_same_far_from_the_origin(update):
    x, units = far()
    near = x.astype(np.float32).astype(float) - FAR
    here, there = (
        trained(points, units, 0, 5, rule="cwta", update=update)[0] for points in (near, x)
    )
    torch.testing.assert_close(there.centroids() - FAR, here.centroids(), rtol=0, atol=0.01)


@pytest.mark.parametrize("update", ["online", "batch"])
def test_far_from_the_origin_by_hand(update):
    x, units = far()
    torch.manual_seed(0)
    points, steps = torch.tensor(x, dtype=torch.float32), 10 * 9
    layer, state = CompetitiveLayer(2, units), torch.full((units,), 1 / units)
    layer.weight.copy_(start_weights(points, units, "refined"))
    weight = layer.weight
    for step in range(steps):
        batch = points[step % 9 :: 9]
        lr, conscience = rates(step / steps, 1 / steps, len(batch), 0.05, 0.0005, 0.0)
        if update == "online":
            weight, state = online_rule(weight, state, batch, lr, conscience)
        else:
            weight, state = batch_rule(weight, state, batch, lr[0], conscience[0])
    assert_near_k_means(weight)


def test_the_weights_stay_precise_in_a_model_of_another_type():
    layer = CompetitiveLayer(1, 2)
    layer.weight.copy_(torch.tensor([[FAR + 0.01], [FAR + 0.02]], dtype=torch.float64))
    for change in ("float", "bfloat16", "double"):
        getattr(layer, change)()
        assert layer.weight.dtype == torch.float64
        assert (layer.weight[:, 0] - FAR).tolist() == pytest.approx([0.01, 0.02])
