"""The multilayer network: tasks, losses by hand, optimizers, and the numbers of the tutorials."""

import math

import pytest
import torch
from helpers import Losses, fit, own_data, own_epochs, own_model, same, state, train_by_engine
from sklearn import metrics
from torch import nn

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models import MLP
from nnzoo.runs.evaluation import evaluate

TWO = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [[0, 0], [0, 1], [0, 1], [1, 1]]}  # and, or


def table(x, y, **options):
    return create_data("xor", **({"x": x, "y": y} | options))


@pytest.mark.parametrize(
    ("data", "task", "units", "output", "loss"),
    [
        ("parabola", "regression", 1, "identity", "mse"),
        ("xor", "classification", 1, "sigmoid", "cross_entropy"),
        ("iris", "classification", 3, "softmax", "cross_entropy"),
        (table(**TWO), "multilabel", 2, "sigmoid", "cross_entropy"),
        (table(TWO["x"], [[0, 2], [1, 1], [0, 0], [1, 1]]), "regression", 2, "identity", "mse"),
    ],
)
def test_the_data_determine_task_units_and_loss(data, task, units, output, loss):
    model = create_model("mlp", data)
    assert (model.task, model.units) == (task, units)
    assert (model.output_name, model.loss_name) == (output, loss)


OUTPUT = torch.tensor([[0.2, -1.0], [0.5, 3.0]])
TARGET = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
SIGMOIDS = torch.sigmoid(OUTPUT)
LOSSES = [
    ("regression", "mse", (0.2**2 + 2**2 + 0.5**2 + 3**2) / 4),
    ("regression", "mae", (0.2 + 2 + 0.5 + 3) / 4),
    ("regression", "sse", (0.2**2 + 2**2 + 0.5**2 + 3**2) / 2),
    ("multilabel", "mse", float((SIGMOIDS - TARGET).square().mean())),
    ("multilabel", "mae", float((SIGMOIDS - TARGET).abs().mean())),
    *(
        (
            "multilabel",
            name,
            sum(math.log(1 + math.exp(z)) for z in (0.2, 1.0, -0.5, 3.0)) / 4,
        )
        for name in ("bce", "cross_entropy")
    ),
]


@pytest.mark.parametrize(("task", "loss", "wanted"), LOSSES)
def test_losses_by_hand(task, loss, wanted):
    model = MLP(2, 2, task, hidden=[], loss=loss)
    nn.init.eye_(model.net[0].weight)
    nn.init.zeros_(model.net[0].bias)
    assert model.loss(Batch(OUTPUT, TARGET)).item() == pytest.approx(wanted, rel=1e-6)


def test_softmax_loss_by_hand():
    model = MLP(2, 2, "classification", hidden=[])
    nn.init.eye_(model.net[0].weight)
    nn.init.zeros_(model.net[0].bias)
    batch = Batch(OUTPUT, torch.tensor([1, 0]))
    shares = [
        math.exp(-1) / (math.exp(0.2) + math.exp(-1)),
        math.exp(0.5) / (math.exp(0.5) + math.exp(3)),
    ]
    wanted = -sum(map(math.log, shares)) / 2
    assert model.loss(batch).item() == pytest.approx(wanted, rel=1e-6)
    torch.testing.assert_close(model(OUTPUT).sum(1), torch.ones(2))
    assert model(OUTPUT)[0, 1].item() == pytest.approx(shares[0])
    assert model.metrics(batch)["accuracy"] == 0.0


def test_a_regression_is_measured_in_raw_units():
    data = create_data("parabola", noise=5, seed=3, val_fraction=0.2)
    model = own_model("mlp", data)
    train_by_engine(model, data, 50, every=50)
    measured = evaluate(model, data)
    for part, prefix in zip(data.raw, ("", "val_"), strict=True):
        predicted, true = model.predict(part.x).numpy(), part.y.numpy()
        wanted = {
            "rmse": metrics.root_mean_squared_error(true, predicted),
            "mae": metrics.mean_absolute_error(true, predicted),
            "r2": metrics.r2_score(true, predicted),
        }
        found = {name: measured[f"{prefix}{name}"] for name in wanted}
        assert found == pytest.approx(wanted, rel=1e-4)
        assert found["r2"] > 0.9
    scaled = model.loss(data.train).item()
    assert scaled == pytest.approx(measured["loss"], rel=1e-4)
    spread = float(data.target_scaling.divisor)
    assert measured["rmse"] == pytest.approx(scaled**0.5 * spread, rel=1e-4)


def test_the_parabola_is_fitted():
    data = own_data("mlp")
    model = own_model("mlp", data)
    train_by_engine(model, data, own_epochs("mlp"), every=10)
    assert evaluate(model, data)["r2"] > 0.999
    assert model.predict([3.0]).item() == pytest.approx(2 * 9 + 7, abs=2)
    assert model.predict_labels([[3.0]]) is None
    with pytest.raises(InputError, match="predicts numbers, not classes"):
        model.decide(torch.zeros(1, 1))


@pytest.mark.parametrize(
    ("optimizer", "epochs"),
    [
        ({"name": "sgd", "lr": 0.1}, 3000),
        ({"name": "momentum", "lr": 0.05}, 400),
        ({"name": "rprop"}, 200),
        ({"name": "adam", "lr": 0.05}, 200),
        ({"name": "lbfgs", "lr": 1, "line_search_fn": "strong_wolfe"}, 20),
    ],
)
def test_each_optimizer_fits_the_parabola(optimizer, epochs):
    data = create_data("parabola", batch_size=None)
    model = own_model("mlp", data, optimizer=optimizer, hidden=[10], init="nguyen_widrow")
    if optimizer["name"] == "lbfgs":  # Lightning's own loop trains it
        fit(model, data, max_epochs=epochs)
    else:
        train_by_engine(model, data, epochs, every=epochs)
    assert evaluate(model, data)["r2"] > 0.99


def test_lbfgs_is_torchs_own():
    data = create_data("parabola", batch_size=None, shuffle=False)
    model = own_model("mlp", data, optimizer={"name": "lbfgs", "lr": 0.5}, hidden=[4])
    net = own_model("mlp", data, hidden=[4]).net
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(data.train.x), data.train.y)
        loss.backward()
        return loss

    wanted = [optimizer.step(closure).item() for _ in range(5)]
    epochs = Losses()
    fit(model, data, max_epochs=5, callbacks=[epochs])
    assert epochs.losses == pytest.approx(wanted)
    for one, other in zip(model.net.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_lbfgs_resumes_to_the_bit(tmp_path):
    data = create_data("parabola", batch_size=None, shuffle=False)
    options = {"optimizer": {"name": "lbfgs", "lr": 0.5}, "hidden": [4]}
    whole = own_model("mlp", data, **options)
    fit(whole, data, max_epochs=6)
    half = own_model("mlp", data, **options)
    fit(half, data, max_epochs=3).save_checkpoint(tmp_path / "a.ckpt")
    rest = own_model("mlp", data, seed=5, **options)
    fit(rest, data, max_epochs=6, ckpt_path=tmp_path / "a.ckpt")
    assert same(state(whole), state(rest))


def test_momentum_is_sgd_with_momentum():
    states = []
    for optimizer in ({"name": "momentum", "lr": 0.1}, {"name": "sgd", "lr": 0.1, "momentum": 0.9}):
        data = create_data("parabola")
        model = own_model("mlp", data, optimizer=optimizer)
        fit(model, data, max_epochs=2)
        states.append(state(model))
    assert same(*states)


def test_the_sum_of_squares_is_the_formula_by_hand():
    """The tutorial's update at rate 1, in a network without bias."""
    data = own_data("sigmoid_neuron")
    model = own_model("sigmoid_neuron", data, seed=1)
    w = model.net[0].weight[0].detach().double()
    progress = train_by_engine(model, data, 60, weights="last", seed=1)
    x, t = data.points.x.double(), data.points.y.double()
    for row in progress.rows:
        o = torch.sigmoid(x @ w)
        assert row["loss"] == pytest.approx(0.5 * float((t - o).square().sum()), rel=1e-5)
        w = w + x.T @ ((t - o) * o * (1 - o))
    assert model.net[0].weight[0].tolist() == pytest.approx(w.tolist(), abs=1e-5)
    assert model.net[0].bias is None


def test_the_tutorials_weights_and_outputs_after_15000_epochs():
    """NumPy's random state of seed 1, half the sum of squares, rate 1, float64 as the tutorial."""
    data = own_data("sigmoid_neuron")
    model = own_model("sigmoid_neuron", data, seed=1).double()
    start = model.net[0].weight[0].tolist()
    assert start == pytest.approx([-0.16595599, 0.44064899, -0.99977125], abs=1e-7)
    assert own_epochs("sigmoid_neuron") == 15000
    progress = train_by_engine(model, data, 15000, weights="last", every=5000)
    assert len(progress.rows) == 15000
    final = [10.08740896, -0.20695366, -4.83757835]
    assert model.net[0].weight[0].tolist() == pytest.approx(final, abs=1e-6)
    outputs = model.predict(data.points.x).flatten().tolist()
    assert outputs == pytest.approx([0.00786, 0.99359, 0.99478, 0.00640], abs=6e-6)


@pytest.mark.parametrize("name", ["perceptron", "sigmoid_classifier", "mlp"])
def test_several_units_learn_a_label_each(name):
    data = table(**TWO, batch_size=None)
    options = {} if name == "perceptron" else {"optimizer": {"name": "adam", "lr": 0.1}}
    model = own_model(name, data, **options)
    assert (model.units, model.task) == (2, "multilabel")
    train_by_engine(model, data, 300, every=10)
    assert model.decide(data.train.x).tolist() == TWO["y"]
    assert model.predict_labels(TWO["x"]) == ["0 0", "0 1", "0 1", "1 1"]
    assert evaluate(model, data)["accuracy"] == 1
    half = Batch(data.train.x, torch.tensor([[1.0, 0], [1, 1], [0, 1], [1, 1]]))
    assert model.metrics(half)["accuracy"] == 0.5  # a point counts where all its labels are right


def test_names_of_outputs():
    assert create_model("mlp", "iris").output_names == ["setosa", "versicolor", "virginica"]
    assert create_model("mlp", "xor").output_names == ["output"]
    assert create_model("mlp", "parabola").output_names == ["y"]
    assert create_model("mlp", in_features=2, units=3).output_names == []


def test_labels_are_names_of_classes():
    data = create_data("car_decision")
    model = own_model("perceptron", data)
    train_by_engine(model, data, 100)
    assert evaluate(model, data)["accuracy"] == 1
    assert model.predict_labels([[0, 0, 0, 0], [1, 1, 1, 1]]) == ["leave", "buy"]


def test_an_ordinary_loader_of_numbers():
    torch.manual_seed(0)
    x = torch.rand(40, 3)
    y = x @ torch.tensor([[1.0], [2.0], [-1.0]])
    options = {"hidden": [], "optimizer": {"lr": 0.1}}
    model = create_model("mlp", in_features=3, units=1, task="regression", **options)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y.squeeze(1)), 10)
    fit(model, loader, max_epochs=40)
    assert model.net[0].weight[0].tolist() == pytest.approx([1, 2, -1], abs=0.05)
    short = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.rand(40, 2)), 10)
    with pytest.raises(InputError, match="targets must be 1 number per point"):
        fit(model, short)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 8])
def test_xor_by_gradient_descent_gets_stuck_with_two_hidden_units_and_not_with_four(seed):
    accuracies = []
    for hidden in (2, 4):
        data = create_data("xor", batch_size=None, shuffle=False)
        options = {"hidden": [hidden], "activation": "sigmoid", "loss": "sse"}
        model = own_model("mlp", data, seed, optimizer={"name": "sgd", "lr": 1}, **options)
        train_by_engine(model, data, 15000, seed=seed, every=5000)
        accuracies.append(evaluate(model, data)["accuracy"])
    assert accuracies[0] < 1
    assert accuracies[1] == 1


def test_a_checkpoint_keeps_the_scaling_of_targets(tmp_path):
    data = create_data("parabola")
    model = own_model("mlp", data)
    fit(model, data).save_checkpoint(tmp_path / "a.ckpt")
    loaded = nnzoo.load_model(tmp_path / "a.ckpt")
    torch.testing.assert_close(loaded.predict([[3.0]]), model.predict([[3.0]]))
    assert float(loaded.target_scaling.divisor) == float(data.target_scaling.divisor)
    assert loaded.target_names == ["y"]


def test_equal_targets_have_no_variance_to_explain():
    data = table([[0.0], [1.0]], [[0.1], [0.1]])
    measured = evaluate(create_model("mlp", data, task="regression"), data)
    assert math.isnan(measured["r2"])
    assert math.isfinite(measured["rmse"])


def test_points_without_targets_can_be_predicted():
    data = create_data("iris")
    model = own_model("mlp", data)
    for batch in (data.train.x, [data.train.x], Batch(data.train.x)):
        torch.testing.assert_close(model.predict_step(batch, 0), model(data.train.x))
