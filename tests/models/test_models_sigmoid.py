"""The sigmoid classifier: the tutorial's numbers, XOR, classes beyond two."""

import math

import pytest
import torch
from helpers import fit, own_data, own_epochs, own_model, train_by_engine
from sklearn.metrics import log_loss
from torch import nn

from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.runs.evaluation import evaluate


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


@pytest.fixture
def tutorial():
    return create_model(
        "sigmoid_classifier",
        in_features=2,
        hidden=[],
        initial_weight=[[1.45, -0.66]],
        initial_bias=[0.0],
    )


def test_the_tutorials_outputs(tutorial):
    # 1.45 * 1.66 - .66 * 1.56 = 1.3774 and 1.45 * 2 - .66 * 1.5 = 1.91
    output = tutorial.predict([[1.66, 1.56], [2, 1.5]])
    assert output.flatten().tolist() == pytest.approx([0.7985731, 0.8710191], abs=1e-6)
    assert tutorial.decide(torch.tensor([[1.66, 1.56], [2, 1.5]])).tolist() == [1, 1]


def test_one_unit_predicts_class_1_if_its_output_is_above_one_half():
    options = {"hidden": [], "initial_weight": [1.0], "initial_bias": [0.0]}
    model = create_model("sigmoid_classifier", in_features=1, **options)
    x = torch.tensor([[-0.01], [0.0], [0.01], [3.0]])
    assert model.decide(x).tolist() == [0, 0, 1, 1]


def test_training_corrects_the_tutorials_wrong_answer(tutorial):
    data = create_data("sigmoid_pairs")
    assert evaluate(tutorial, data)["accuracy"] == 0.5
    train_by_engine(tutorial, data, 500, every=500)
    assert evaluate(tutorial, data)["accuracy"] == 1
    assert tutorial.decide(data.points.x).tolist() == [1, 0]


def test_a_hidden_layer_by_hand():
    model = create_model("sigmoid_classifier", in_features=1, hidden=[2])
    for values, parameter in zip(
        ([[1.0], [-2.0]], [0.5, 0.0], [[3.0, -1.0]], [0.25]), model.parameters(), strict=True
    ):
        parameter.data.copy_(torch.tensor(values))
    wanted = sigmoid(3 * sigmoid(1.5) - sigmoid(-2) + 0.25)
    assert model(torch.tensor([[1.0]])).item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("loss", "units"), [("mse", 1), ("mse", 3), ("bce", 1), ("bce", 3)])
def test_losses_by_hand_and_by_scikit_learn(loss, units):
    torch.manual_seed(0)
    model = create_model("sigmoid_classifier", in_features=2, units=units, loss=loss)
    x = torch.randn(9, 2)
    y = torch.arange(9) % max(units, 2)
    output = model(x).detach().double().flatten().numpy()
    wanted = (y if units == 1 else nn.functional.one_hot(y, units)).double().flatten().numpy()
    expected = ((output - wanted) ** 2).mean() if loss == "mse" else log_loss(wanted, output)
    assert model.loss(Batch(x, y)).item() == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_has_a_gradient_where_the_sigmoid_is_saturated():
    options = {"hidden": [], "initial_weight": [200.0], "initial_bias": [0.0]}
    model = create_model("sigmoid_classifier", in_features=1, **options)
    loss = model.loss(Batch(torch.ones(1, 1), torch.zeros(1)))
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert model.net[0].weight.grad.item() == pytest.approx(1)


def learns_xor(seed):
    data = own_data("sigmoid_classifier", seed=seed)
    model = own_model("sigmoid_classifier", data, seed)
    train_by_engine(model, data, own_epochs("sigmoid_classifier"), seed=seed, every=50)
    return model.decide(data.points.x).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("seed", range(4))
def test_xor_is_learned_with_the_defaults(seed):
    assert learns_xor(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 20))
def test_xor_is_learned_from_every_seed(seed):
    assert learns_xor(seed)


def test_a_single_unit_cannot_learn_xor():
    data = own_data("sigmoid_classifier")
    model = own_model("sigmoid_classifier", data, hidden=[])
    train_by_engine(model, data, 1000, every=1000)
    # Its lowest loss is with .5 for all points.
    assert model(data.train.x).flatten().tolist() == pytest.approx([0.5] * 4, abs=0.02)


def test_full_batch_gradient_descent_equals_the_formula_by_hand():
    """The tutorial's update, lr 1 on half the sum of squares, is lr 2 on the mean of four."""
    data = create_data("synaptic", batch_size=None)
    options = {"loss": "mse", "hidden": [], "optimizer": {"name": "sgd", "lr": 2.0}}
    start = [-0.16595599, 0.44064899, -0.99977125]
    model = create_model(
        "sigmoid_classifier", data, initial_weight=start, initial_bias=[0.0], **options
    )
    train_by_engine(model, data, 60, weights="last")
    x, t = data.points.x.double(), data.points.y.double()
    w, b = torch.tensor(start, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for _ in range(60):
        o = torch.sigmoid(x @ w + b)
        delta = (t - o) * o * (1 - o)
        w, b = w + x.T @ delta, b + delta.sum()
    assert model.net[0].weight[0].tolist() == pytest.approx(w.tolist(), abs=1e-5)
    assert model.net[0].bias.item() == pytest.approx(b.item(), abs=1e-5)


def test_one_unit_a_class_and_the_largest_output_wins():
    data = create_data("iris", seed=0)
    model = own_model("sigmoid_classifier", data)
    assert model.units == 3
    fit(model, data, max_epochs=30)
    output = model(data.val.x)
    assert output.shape == (30, 3)
    assert 0 < output.min() <= output.max() < 1
    assert torch.equal(model.decide(data.val.x), output.argmax(1))
    assert model.metrics(data.val)["accuracy"] >= 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "msse"}, r"unknown model\.loss 'msse'"),
        ({"hidden": [0]}, r"each of model\.hidden must be a whole number"),
        ({"hidden": 8}, "hidden must be a list"),
        ({"units": 0}, r"model\.units must be a whole number"),
        ({"in_features": 0}, r"model\.in_features must be a whole number"),
        ({"initial_weight": [1, 2]}, r"initial_weight\[0\] must have the shape \[8, 2\], got \[\]"),
        ({"hidden": [], "initial_weight": [1, 2, 3]}, r"shape \[1, 2\], got \[3\]"),
        ({"hidden": [], "initial_weight": [[1], [2]]}, r"shape \[1, 2\], got \[2, 1\]"),
        ({"hidden": [], "initial_weight": [[1, 2], [3]]}, "must be numbers of the shape"),
        ({"hidden": [], "initial_bias": ["a"]}, "must be numbers of the shape"),
        ({"hidden": [], "initial_bias": [1, 2]}, r"shape \[1\], got \[2\]"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(options, message):
    with pytest.raises(InputError, match=message):
        create_model("sigmoid_classifier", **({"in_features": 2} | options))
