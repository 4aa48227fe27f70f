"""The perceptron: the tutorial's numbers, and classes beyond two."""

import pytest
import torch
from helpers import Losses, fit, own_data, own_epochs, own_model, train_by_engine
from torch.utils.data import DataLoader, TensorDataset

from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.runs.evaluation import evaluate

CURVE = [1.5, 0.5, 0.5, 0.5, 0]


def train(data, epochs=50, **options):
    """A perceptron trained by the engine, and its losses by epoch."""
    model = own_model("perceptron", data, **options)
    progress = train_by_engine(model, data, epochs, weights="last")
    return model, [row["loss"] for row in progress.rows], progress


def assert_tutorials_weights(model):
    weights = model.weights()
    assert weights["w"].tolist() == [pytest.approx([0.005, 0.013], abs=1e-8)]
    assert weights["b"].tolist() == pytest.approx([-0.01], abs=1e-8)
    assert weights["threshold"].tolist() == pytest.approx([0.01], abs=1e-8)


@pytest.mark.parametrize("every", [1, 3, 50])
def test_the_tutorial(every):
    data = own_data("perceptron")
    model = own_model("perceptron", data)
    progress = train_by_engine(model, data, own_epochs("perceptron"), every=every)
    assert [row["loss"] for row in progress.rows] == CURVE
    assert [row["step"] for row in progress.rows] == [1, 2, 3, 4, 5]
    assert progress.complete
    assert progress.best.epoch <= 4
    assert_tutorials_weights(model)
    assert evaluate(model, data) == {"loss": 0.0, "accuracy": 1.0, "balanced_accuracy": 1.0}
    assert model.predict(data.points.x).tolist() == [[0.0], [1.0], [1.0], [1.0]]


def test_the_tutorial_under_a_plain_trainer():
    data = own_data("perceptron")
    model, epochs = own_model("perceptron", data), Losses()
    trainer = fit(model, data, max_epochs=50, callbacks=[epochs])
    assert epochs.losses == CURVE
    assert trainer.current_epoch == 5
    assert_tutorials_weights(model)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_epoch_in_several_batches_learns_the_same(batch_size):
    """The errors of a batch are counted before its step, and the last epoch has none."""
    model, losses, progress = train(own_data("perceptron", batch_size=batch_size))
    assert losses[-1] == 0
    assert 0 not in losses[:-1]
    assert progress.step == progress.epochs * -(-4 // batch_size)
    assert_tutorials_weights(model)


def test_an_ordinary_loader_one_point_at_a_time():
    data = create_data("tutorial_points")
    model, epochs = create_model("perceptron", data), Losses()
    loader = DataLoader(TensorDataset(data.points.x, data.points.y), batch_size=1)
    trainer = fit(model, loader, max_epochs=50, callbacks=[epochs])
    assert epochs.losses[-1] == 0
    assert trainer.current_epoch == len(epochs.losses) < 50
    assert_tutorials_weights(model)


def test_training_continues_while_there_are_errors():
    data = own_data("perceptron", y=[0, 1, 1, 0], x=[[0, 0], [0, 1], [1, 0], [1, 1]])
    model, losses, progress = train(data)  # XOR, which one unit cannot learn
    assert len(losses) == 50
    assert not progress.complete
    assert min(losses) >= 0.5
    assert evaluate(model, data)["accuracy"] < 1


def test_one_unit_a_class_and_the_largest_net_input_wins():
    # Three corners of a triangle: a line separates each from the other two.
    x = [[0, 0], [0.2, 0.1], [4, 0], [4.1, 0.2], [0, 4], [0.1, 4.2]]
    data = own_data("perceptron", x=x, y=[0, 0, 1, 1, 2, 2])
    model, losses, _ = train(data)
    assert model.units == 3
    assert losses[0] == 3  # 6 points, one unit each should have fired and did not
    assert losses[-1] == 0
    assert len(losses) < 50
    assert model.decide(data.train.x).tolist() == [0, 0, 1, 1, 2, 2]
    assert evaluate(model, data)["accuracy"] == 1


def test_the_largest_net_input_decides_where_several_units_fire():
    model = create_model("perceptron", in_features=2, units=3)
    model.layer.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.6]]))
    x = torch.tensor([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]])
    assert model(x).tolist() == [[1.0] * 3] * 3
    assert model.decide(x).tolist() == [0, 1, 2]


def test_loss_is_half_the_sum_of_squares_by_hand():
    model = create_model("perceptron", in_features=1)
    batch = Batch(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0, 1, 1]))
    assert model.loss(batch) == 1.0  # two of three wrong
    assert model.metrics(batch)["accuracy"] == pytest.approx(1 / 3)
    assert model.targets(batch).tolist() == [[0.0], [1.0], [1.0]]
