"""The adaptive linear unit: its rule by hand and point by point, and least squares."""

import pytest
import torch
from helpers import fit, own_data, own_epochs, own_model, train_by_engine
from sklearn.linear_model import LinearRegression, SGDRegressor

from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.nn import lms_batch_rule, lms_rule


def distance(model, data):
    """The largest difference of a weight from the solution of least squares, for scaled data."""
    x, y = data.train
    exact = LinearRegression().fit(x.numpy(), model.targets(Batch(x, y)).double().numpy())
    own = model.weights()
    differences = own["w"].numpy() - exact.coef_, own["b"].numpy() - exact.intercept_
    return max(abs(difference).max() for difference in differences)


def test_the_rule_by_hand():
    model = create_model("adaline", in_features=2, lr=0.5, lr_end=0.5)
    batch = Batch(torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([1, 0]))
    # First error 1 - 0, so w = (0.5, 0), b = 0.5; second error -1 - 1, so w = (-0.5, -1), b = -0.5.
    model.partial_fit(batch.x, batch.y)
    assert model.weights()["w"].tolist() == [[-0.5, -1.0]]
    assert model.weights()["b"].tolist() == [-0.5]
    assert model.loss(batch).item() == pytest.approx((4 + 1) / 2)  # errors 1 - -1 and -1 - -2
    assert model.predict_labels([[-1.0, -1.0], [1.0, 1.0]]) == ["1", "0"]


@pytest.mark.parametrize("units", [1, 3])
def test_points_at_once_equal_one_after_the_other(units):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, 4, generator=generator, dtype=torch.float64)
    target = torch.randn(300, units, generator=generator, dtype=torch.float64)
    lr = torch.linspace(0.1, 0.01, 300, dtype=torch.float64)
    weight, bias = torch.ones(units, 4).double(), torch.zeros(units).double()
    found = lms_rule(weight, bias, x, target, lr)
    for point, expected, rate in zip(x, target, lr, strict=True):
        weight, bias = lms_batch_rule(weight, bias, point[None], expected[None], rate)
    torch.testing.assert_close(found, (weight, bias), rtol=1e-12, atol=1e-12)


def test_one_pass_equals_scikit_learns():
    x, y = create_data("friedman", seed=2).train
    options = {"loss": "squared_error", "penalty": None, "learning_rate": "constant", "eta0": 0.01}
    other = SGDRegressor(max_iter=1, tol=None, shuffle=False, **options).fit(x, y[:, 0])
    model = create_model("adaline", in_features=10, task="regression", lr=0.01, lr_end=0.01)
    model.partial_fit(x, y)
    assert model.weights()["w"][0].tolist() == pytest.approx(other.coef_, abs=1e-5)
    assert model.weights()["b"].tolist() == pytest.approx(other.intercept_, abs=1e-5)


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_online_weights_reach_least_squares(seed):
    data = own_data("adaline", seed=seed)
    model = own_model("adaline", data, seed)
    train_by_engine(model, data, own_epochs("adaline"), seed=seed, weights="last")
    assert distance(model, data) < 1e-3


@pytest.mark.parametrize(
    ("name", "epochs"), [("friedman", 100), pytest.param("iris", 1000, marks=pytest.mark.slow)]
)
def test_batch_weights_reach_least_squares(name, epochs):
    data = create_data(name, scale="standard", batch_size=None)
    model = create_model("adaline", data, update="batch", lr=0.5, lr_end=0.5)
    train_by_engine(model, data, epochs, weights="last")
    assert distance(model, data) < 1e-3


def test_classes_of_a_plain_trainer():
    data = own_data("adaline")
    model = own_model("adaline", data)
    fit(model, data, max_epochs=20)
    labels = model.predict_labels(data.points.x)
    correct = [data.class_names[k] for k in data.points.y]
    assert sum(a == b for a, b in zip(labels, correct, strict=True)) > 0.85 * 81
