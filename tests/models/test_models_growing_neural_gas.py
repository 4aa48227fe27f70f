"""The growing neural gas: the two moons, where it starts, and input that fails."""

import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.models import GrowingNeuralGas


def test_it_finds_the_components_of_two_moons():
    """With points in the gap, which join the moons unless the edges across it are removed."""
    data = nnzoo.create_data("moons", val_fraction=0, seed=0)
    model = nnzoo.create_model("growing_neural_gas", data)
    train_by_engine(model, data, 20, every=20)
    found = model.diagnostics(data)
    assert (found["components"], found["living_units"], found["dead_units"]) == (2, 50, 0)
    first, second = model.edges().T
    of_unit = data.train.y[torch.cdist(model.layer.weight, data.train.x.double()).argmin(1)]
    assert torch.equal(of_unit[first], of_unit[second])
    model.gap.zero_()
    model.calibrate(data)
    assert model.diagnostics(data)["components"] == 1
    model.partial_fit([[0.0, 0.0]])  # whatever was computed from the data module
    assert torch.equal(model.edges(), (model.ages >= 0).triu(1).nonzero())


def test_it_starts_on_both_sides_of_the_mean():
    model = GrowingNeuralGas(1, 4)
    model.initialize(torch.tensor([[1.0], [5.0], [1.0], [5.0]]))
    assert model.centroids()[:, 0].tolist() == [1, 5, 1, 1]
    assert model.edges().tolist() == [[0, 1]]


@pytest.mark.parametrize(("features", "units"), [(2, 50), (16, 150)])  # both ways of the search
def test_units_that_do_not_exist_never_win(features, units):
    x = torch.randn(500, features, generator=torch.Generator().manual_seed(0)) + 100
    model = GrowingNeuralGas(features, units)
    model.initialize(x)
    assert model.winners(x).unique().tolist() == [0, 1]
    assert model(x).argmax(1).unique().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"units": 1}, r"model\.units must be a whole number of at least 2"),
        ({"units": 10**6}, r"model\.units=1000000 needs about 8000 GB"),
        ({"units": 121}, r"model\.units is 121 but there are only 120"),
        ({"gap": 1.5}, r"model\.gap must be"),
        ({"max_age": 0}, r"model\.max_age must be"),
        ({"insert_every": 2.5}, r"model\.insert_every must be"),
        ({"lr_neighbors": 2}, r"model\.lr_neighbors must be"),
        ({"error_decay": -1}, r"model\.error_decay must be"),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("growing_neural_gas", "iris", epochs=1, **options)
