"""partial_fit: the textbook step on raw points, in place."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import MODELS, PATTERNS, fit, same, state, tiny_data, tiny_model
from torch.utils.data import DataLoader

import nnzoo
from nnzoo import InputError
from nnzoo.models import Clock, Competitive, Perceptron
from nnzoo.models.bases.online import Online
from nnzoo.nn import perceptron_rule

ONLINE = [name for name in MODELS if isinstance(tiny_model(name), Online)]
POINTS = [[0.3, 0.2], [0, 1.3], [1.4, 0.6], [0.5, 1.9]]


def test_models_whose_only_step_is_a_rule_learn_online():
    gases = "growing_neural_gas", "neural_gas"
    expected = {"adaline", "art", "artmap", "competitive", *gases, "lvq", *PATTERNS}
    expected |= {"perceptron", "sanger", "som"}
    assert set(ONLINE) == expected
    for name in set(MODELS) - set(ONLINE):
        assert not hasattr(tiny_model(name), "partial_fit")


@pytest.mark.parametrize("name", ONLINE)
def test_it_is_the_training_step_with_the_points_as_a_batch(name):
    data = tiny_data(name)
    certain = {  # not random
        "competitive": {"start": "midpoint"},
        "lvq": {"prototypes": 1},
        "neural_gas": {"initial_weight": [[5, 3, 1, 0], [6, 3, 4, 1], [6, 2, 5, 2], [7, 3, 6, 2]]},
    }
    models = [tiny_model(name, data, **certain.get(name, {})) for _ in range(2)]
    x, y = data.raw[0]
    scaled = [tuple(point) for point in zip(data.scaling(x), y, strict=True)]
    fit(models[0], DataLoader(scaled, batch_size=len(x)))
    labels = None if models[0].task is None else [data.class_names[k] for k in y.tolist()]
    labels = y if name == "hamming" else labels  # which has no task but names what it recalls
    before = models[1].scaling.state_dict()
    assert models[1].partial_fit(x, labels, Clock(0, 1, 1)) is models[1]
    assert same(state(models[0]), state(models[1]))
    assert same(before, models[1].scaling.state_dict())


def test_the_tutorials_perceptron_by_hand():
    model = Perceptron(2)
    for _ in range(4):
        model.partial_fit(POINTS, [0, 1, 1, 1])
    found = torch.cat([model.layer.weight[0], model.layer.bias]).tolist()
    assert found == pytest.approx([0.005, 0.013, -0.01], abs=1e-7)
    weight, bias = torch.zeros(1, 2), torch.zeros(1)
    x, t = torch.tensor(POINTS), torch.tensor([[0.0], [1], [1], [1]])
    for _ in range(4):
        weight, bias = perceptron_rule(weight, bias, x, t, model.lr)
    assert torch.equal(weight, model.layer.weight)
    assert torch.equal(bias, model.layer.bias)


@pytest.mark.parametrize("name", ONLINE)
def test_one_by_one_is_all_at_once(name):
    data = tiny_data(name)
    x, y = data.points.x[:60], [data.class_names[k] for k in data.points.y[:60]]
    models = []
    for size in (60, 20, 1):
        options = {"start": "midpoint"} if name == "competitive" else {}
        model = tiny_model(name, data, **options)
        model.initialize_from(data.start_batch())
        for first in range(0, 60, size):
            part = slice(first, first + size)
            model.partial_fit(x[part], y[part] if model.task else None)
        models.append(state(model))
    for name, value in models[0].items():
        torch.testing.assert_close(models[1][name], value)
        torch.testing.assert_close(models[2][name], value)


def test_a_competitive_layer_starts_from_the_first_points_alone():
    x = np.random.default_rng(0).normal(size=(50, 3))
    model = Competitive(3, 4)
    assert not model.layer.weight.any()
    torch.manual_seed(0)
    model.partial_fit(x)
    started = Competitive(3, 4)
    torch.manual_seed(0)
    started.initialize(torch.tensor(x, dtype=torch.float32))
    assert not same(state(started), state(model))
    started.partial_fit(x)
    assert same(state(started), state(model))
    before = state(model)
    model.partial_fit(x[:1])  # fewer points than units
    assert (model.layer.weight != before["layer.weight"]).any(1).sum() == 1
    with pytest.raises(InputError, match=r"model.units is 4"):
        Competitive(3, 4).partial_fit(x[:2])


def test_classes_by_name_and_columns_in_any_order():
    frame = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [1.0, 0, 1, 0], "kind": [1, 2, 1, 2]})
    model = nnzoo.create_model("perceptron", nnzoo.create_data(frame, "kind"))
    assert model.class_names == ["1", "2"]
    one, other = (nnzoo.create_model("perceptron", nnzoo.create_data(frame, "kind")) for _ in "ab")
    one.partial_fit(frame[["b", "a"]], frame.kind)  # 1 is the first class, not index 1
    other.partial_fit(frame[["a", "b"]].to_numpy(), frame.kind.astype(float))
    assert same(state(one), state(other))
    assert not same(state(one), state(model))


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (None, "learns from labels, but the batch has none"),
        ([0, 1, 1], "one per point"),
        ([0, 1, 1, 2], "class indices 0 to 1"),
        (["a", "b", "a", "b"], "y must be class indices: the model has no names of classes"),
    ],
)
def test_impossible_targets_change_nothing(y, text):
    model = Perceptron(2)
    before = state(model)
    with pytest.raises(InputError, match=text):
        model.partial_fit(POINTS, y)
    assert same(before, state(model))


@pytest.mark.parametrize("name", ["competitive", "growing_neural_gas", "neural_gas", "som"])
def test_the_first_call_has_as_many_points_as_units(name):
    model = tiny_model(name)
    with pytest.raises(InputError, match="but there is only 1 training point;"):
        model.partial_fit([1, 2, 3, 4])


def test_an_unknown_class_is_an_error():
    model = nnzoo.create_model("perceptron", "iris")
    with pytest.raises(InputError, match="unknown class 'setos'; did you mean 'setosa'"):
        model.partial_fit([[1, 2, 3, 4]], ["setos"])
