"""The neural gas: k-means, edges by hand, names, and input that fails."""

import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.models import NeuralGas


def error(model, x):
    """The mean squared distance to the nearest unit."""
    return float(torch.cdist(x.double(), model.layer.weight).amin(1).square().mean())


@pytest.mark.parametrize(("update", "ratio"), [("batch", 1.1), ("online", 1.02)])
def test_it_is_as_good_as_the_best_of_ten_k_means(update, ratio):
    from sklearn.cluster import KMeans

    batch = {"batch_size": None} if update == "batch" else {}
    data = nnzoo.create_data("moons", val_fraction=0, seed=0, **batch)
    options = {"lr": 1.0, "lr_end": 1.0} if update == "batch" else {}
    torch.manual_seed(0)
    model = nnzoo.create_model("neural_gas", data, units=10, update=update, **options)
    train_by_engine(model, data, 20, every=20)
    x = data.train.x
    peer = KMeans(10, n_init=10, random_state=0).fit(x.double().numpy())
    assert error(model, x) < ratio * peer.inertia_ / len(x)


def test_all_units_learn_from_any_start():
    """Units that start at a far place spread over the points."""
    data = nnzoo.create_data("blobs", val_fraction=0)
    far = [[900.0 + k, 900.0] for k in range(5)]
    model = nnzoo.create_model("neural_gas", data, units=5, initial_weight=far)
    train_by_engine(model, data, 3)
    assert model.diagnostics(data) == {"dead_units": 0}


def test_edges_join_the_two_nearest_units_of_a_point():
    data = nnzoo.create_data([[0.2], [0.9], [5.4], [5.6]], scale="none", val_fraction=0)
    model = NeuralGas(1, initial_weight=[[0], [1], [5], [6]])
    model.calibrate(data)
    assert model.edges().tolist() == [[0, 1], [2, 3]]
    model = NeuralGas(1, 1)
    model.calibrate(data)
    assert model.edges().shape == (0, 2)


def test_the_number_of_units_follows_from_the_data():
    units = {
        n: NeuralGas.sizes(nnzoo.create_data(torch.rand(n, 2), val_fraction=0))["units"]
        for n in (1, 4, 150)
    }
    assert units == {1: 1, 4: 2, 150: 12}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"units": 121}, r"model\.units is 121 but there are only 120"),
        ({"units": 2.5}, r"model\.units must be"),
        ({"radius": 0}, r"model\.radius must be"),
        ({"radius_end": -1}, r"model\.radius_end must be"),
        ({"lr": 2}, r"model\.lr must be"),
        ({"update": "bach"}, r"unknown model\.update 'bach'; did you mean 'batch'"),
        ({"initial_weight": [[1, 2]]}, r"model\.initial_weight must have the shape \["),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("neural_gas", "iris", epochs=1, **options)
