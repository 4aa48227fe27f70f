"""The perceptron: the tutorial's numbers, and classes beyond two."""

import pytest
import torch
from helpers import Rows, fit, own_data, own_model
from torch.utils.data import DataLoader, TensorDataset

from nnzoo import create_data, create_model
from nnzoo.batch import Batch

CURVE = [1.5, 0.5, 0.5, 0.5, 0]


def train(data, **options):
    model = own_model("perceptron", data, **options)
    rows = Rows()
    trainer = fit(model, data, max_epochs=50, callbacks=[rows])
    return model, trainer, rows


def assert_tutorials_weights(model):
    weights = model.weights()
    assert weights["w"].tolist() == [pytest.approx([0.005, 0.013], abs=1e-8)]
    assert weights["b"].tolist() == pytest.approx([-0.01], abs=1e-8)
    assert weights["threshold"].tolist() == pytest.approx([0.01], abs=1e-8)


def test_the_tutorial():
    data = own_data("perceptron")
    model, trainer, rows = train(data)
    assert rows.losses == CURVE
    assert rows.steps == [1, 2, 3, 4, 5]
    assert trainer.global_step == 5
    assert trainer.current_epoch == 5
    assert_tutorials_weights(model)
    assert model.score(data) == {"loss": 0.0, "accuracy": 1.0}
    assert model.predict(data.points.x).tolist() == [[0.0], [1.0], [1.0], [1.0]]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_pass_in_several_batches_is_judged_by_the_weights_it_begins_with(batch_size):
    model, trainer, rows = train(own_data("perceptron", batch_size=batch_size))
    assert rows.losses == CURVE
    assert trainer.global_step == 5 * -(-4 // batch_size)
    assert_tutorials_weights(model)


@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.parametrize("repeat", [2, 3, 50])
def test_passes_within_one_epoch_have_a_row_each_and_stop_as_early(batch_size, repeat):
    model, trainer, rows = train(own_data("perceptron", repeat=repeat, batch_size=batch_size))
    assert rows.losses == CURVE
    assert trainer.current_epoch == -(-5 // repeat)
    assert_tutorials_weights(model)


def test_an_ordinary_loader_one_point_at_a_time():
    data = create_data("tutorial_points")
    model, rows = create_model("perceptron", data), Rows()
    loader = DataLoader(TensorDataset(data.points.x, data.points.y), batch_size=1)
    trainer = fit(model, loader, max_epochs=50, callbacks=[rows])
    assert rows.losses == CURVE
    assert trainer.global_step == 20
    assert_tutorials_weights(model)


def test_it_goes_on_while_there_are_errors():
    data = own_data("perceptron", y=[0, 1, 1, 0], x=[[0, 0], [0, 1], [1, 0], [1, 1]])
    model, trainer, rows = train(data)  # XOR, which one unit cannot learn
    assert trainer.current_epoch == 50
    assert len(rows.rows) == 50
    assert min(rows.losses) >= 0.5
    assert model.score(data)["accuracy"] < 1


def test_one_unit_a_class_and_the_largest_net_input_wins():
    # Three corners of a triangle: each can be parted from the other two by a line.
    x = [[0, 0], [0.2, 0.1], [4, 0], [4.1, 0.2], [0, 4], [0.1, 4.2]]
    data = own_data("perceptron", x=x, y=[0, 0, 1, 1, 2, 2])
    model, trainer, rows = train(data)
    assert model.units == 3
    assert rows.losses[0] == 3  # 6 points, one unit each should have fired and did not
    assert rows.losses[-1] == 0
    assert trainer.current_epoch < 50
    assert model.decide(data.train.x).tolist() == [0, 0, 1, 1, 2, 2]
    assert model.score(data)["accuracy"] == 1


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


def test_the_car_decision():
    """Four factors, and weights as one sets them: a high threshold is biased to no."""
    model = create_model("perceptron", in_features=4)
    model.layer.weight.copy_(torch.tensor([[6.0, 2.0, 2.0, 1.0]]))
    facts = [[1, 0, 0, 1], [0, 1, 1, 1]]  # 7 and 5
    decisions = {}
    for threshold in (4, 6, 8):
        model.layer.bias.fill_(-threshold)
        decisions[threshold] = model.predict(facts).flatten().tolist()
    assert decisions == {4: [1, 1], 6: [1, 0], 8: [0, 0]}
