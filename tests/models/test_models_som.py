"""The self-organizing map: figures by hand, how it orders data, MiniSom, and input that fails."""

from statistics import mean

import numpy as np
import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import SOM
from nnzoo.runs.evaluation import evaluate

PASSES = 20


def data_of(name):
    """Points with a standard deviation of 1, so that all errors are in the same units."""
    data = nnzoo.create_data(name, scale="standard", val_fraction=0)
    return nnzoo.create_data(data.train.x, scale="none", val_fraction=0)


def trained(data, side, seed=0, epochs=PASSES, **options):
    torch.manual_seed(seed)
    model = nnzoo.create_model("som", data, rows=side, columns=side, **options)
    train_by_engine(model, data, epochs, seed=seed, every=epochs)
    return model


def test_a_chain_is_ordered():
    """Kohonen's first example: a row of units on points of a line ends in their order."""
    data = nnzoo.create_data(torch.linspace(0, 1, 200)[:, None], scale="none", val_fraction=0)
    torch.manual_seed(0)
    model = SOM(1, 1, 10, start="sample")
    train_by_engine(model, data, 30)
    steps = model.centroids()[:, 0].diff()
    assert (steps > 0).all() or (steps < 0).all()


def test_the_start_is_the_plane_of_the_principal_components():
    x = torch.tensor([[-3.0, 0, 7], [3, 0, 7], [0, -1, 7], [0, 1, 7]])
    model = SOM(3, 2, 3)
    model.initialize(x.repeat(2, 1))
    side, other = 4.5**0.5, 0.5**0.5
    expected = [[i * side, j * other, 7] for j in (-1, 1) for i in (-1, 0, 1)]
    torch.testing.assert_close(model.centroids(), torch.tensor(expected).double())


def test_the_topographic_error_by_hand():
    """Two ends of a row are near each other, with the middle far away."""
    model = SOM(1, 1, 3, initial_weight=[[0], [10], [1]])
    points = torch.tensor([[0.2], [9.0], [0.9], [0.1]])
    assert float(model.means(Batch(points))["topographic_error"]) == 0.75
    assert float(SOM(1, 1, 1).means(Batch(points))["topographic_error"]) == 0


def test_names_are_places_on_the_grid():
    model = SOM(2, 2, 3, initial_weight=[[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    assert model.predict_labels([[2.0, 1.1], [0.9, 0]]) == ["row 1, column 2", "row 0, column 1"]


def test_the_size_follows_from_the_data():
    sizes = {n: SOM.sizes(nnzoo.create_data(torch.rand(n, 2)))["rows"] for n in (1, 4, 150, 1797)}
    assert sizes == {1: 1, 4: 2, 150: 6, 1797: 12}  # a fifth of the points is kept for validation


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rows": 20}, r"model\.rows=20 times model\.columns=8 is 160 but there are only 120"),
        ({"radius": 0}, r"model\.radius must be"),
        ({"radius_end": -1}, r"model\.radius_end must be"),
        ({"grid": "hex"}, r"unknown model\.grid 'hex'"),
        ({"decay": "fast"}, r"unknown model\.decay 'fast'"),
        ({"neighborhood": "triangle"}, r"unknown model\.neighborhood 'triangle'"),
        ({"neighborhood": "mexican_hat", "update": "batch"}, r"needs model\.update=online"),
        ({"grid": "hexagonal", "toroidal": True, "rows": 3}, "needs an even number of rows"),
        ({"toroidal": "no"}, r"model\.toroidal must be true or false"),
        ({"rows": 10**5, "columns": 10**5}, r"columns=100000 needs about .* GB, more than this"),
        ({"initial_weight": [[1, 2]]}, r"model\.initial_weight must have the shape \[64, 4\]"),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("som", "iris", epochs=1, **({"rows": 8, "columns": 8} | options))


# Against MiniSom, with its defaults


def ratios(name, side, seeds, **options):
    """Our quantization and topographic error, each over MiniSom's, means over seeds."""
    minisom = pytest.importorskip("minisom")
    data = data_of(name)
    x, units = data.train.x.double().numpy(), (side, side)
    ours, theirs = [], []
    for seed in seeds:
        found = evaluate(trained(data, side, seed, **options), data)
        peer = minisom.MiniSom(*units, x.shape[1], random_seed=seed)
        peer.random_weights_init(x)
        peer.train(x, PASSES * len(x), random_order=True)
        weight = torch.from_numpy(peer.get_weights().swapaxes(0, 1).reshape(side * side, -1))
        model = SOM(x.shape[1], *units)
        model.set_scaling(data)
        model.layer.weight.copy_(weight)
        other = evaluate(model, data)
        assert other["topographic_error"] == pytest.approx(peer.topographic_error(x), rel=1e-6)
        ours.append(found)
        theirs.append(other)
    names = ("quantization_error", "topographic_error")
    return [mean(o[n] for o in ours) / mean(t[n] for t in theirs) for n in names]


def assert_as_good(quantization, topographic):
    assert quantization <= 1.0
    assert topographic <= 1.05


@pytest.mark.filterwarnings("ignore:.*:UserWarning:minisom")
def test_it_is_as_good_as_minisom_on_iris():
    assert_as_good(*ratios("iris", 8, range(2)))


@pytest.mark.slow  # the card of the model has the numbers of update=online
@pytest.mark.parametrize(("name", "side"), [("wine", 8), ("digits", 10), ("gaussian_clusters", 8)])
def test_in_batches_it_is_as_good_as_minisom(name, side):
    assert_as_good(*ratios(name, side, range(3), update="batch"))


# Shapes of grids


@pytest.mark.parametrize("options", [{"grid": "hexagonal"}, {"toroidal": True}])
def test_other_grids_keep_neighbors_together(options):
    data = data_of("wine")
    model = trained(data, 6, **options)
    assert evaluate(model, data)["topographic_error"] < 0.4  # of units at random: above 0.7


def test_own_functions_take_raw_values():
    run = nnzoo.train("som", "iris", epochs=3, rows=4, columns=4)
    x = np.array([[5.1, 3.5, 1.4, 0.2]])
    k = int(run.model.winners(x)[0])
    distances = np.linalg.norm(
        (run.model.centroids().numpy() - x) / run.data.scaling.divisor.numpy(), axis=1
    )
    assert k == distances.argmin()
