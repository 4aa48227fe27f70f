"""The multilayer network: tasks, losses by hand, optimizers, and what the tutorials claim."""

import math

import pytest
import torch
from helpers import Rows, fit, own_model, same, state
from sklearn import metrics
from torch import nn

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models import MLP

TWO = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [[0, 0], [0, 1], [0, 1], [1, 1]]}  # and, or


def table(x, y, **options):
    return create_data("xor", **({"x": x, "y": y, "repeat": 1} | options))


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
def test_the_data_say_what_is_learnt(data, task, units, output, loss):
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
    fit(model, data, max_epochs=5)
    for part, prefix in zip(data.raw, ("", "val_"), strict=True):
        measured = model.measure(part)
        predicted, true = model.predict(part.x), part.y
        assert measured["rmse"] == pytest.approx(metrics.root_mean_squared_error(true, predicted))
        assert measured["mae"] == pytest.approx(
            metrics.mean_absolute_error(true, predicted), rel=1e-4
        )
        assert measured["r2"] == pytest.approx(metrics.r2_score(true, predicted), abs=1e-5)
        assert measured["r2"] > 0.9, prefix
    scaled = model.loss(data.train).item()
    assert scaled == pytest.approx(model.measure(data.raw[0])["loss"], rel=1e-4)
    spread = float(data.target_scaling.divisor)
    assert model.measure(data.raw[0])["rmse"] == pytest.approx(scaled**0.5 * spread, rel=1e-4)


def test_the_parabola_is_fitted():
    data = create_data("parabola")
    model = own_model("mlp", data)
    fit(model, data, max_epochs=50)
    assert model.score(data)["r2"] > 0.999
    assert model.predict([3.0]).item() == pytest.approx(2 * 9 + 7, abs=2)
    assert model.decisions([[3.0]]) is None
    with pytest.raises(InputError, match="decides for no class"):
        model.decide(torch.zeros(1, 1))


@pytest.mark.parametrize(
    ("optimizer", "epochs"),
    [
        ({"name": "sgd", "lr": 0.1}, 150),
        ({"name": "momentum", "lr": 0.05}, 20),
        ({"name": "rprop"}, 10),
        ({"name": "adam", "lr": 0.05}, 10),
        ({"name": "lbfgs", "lr": 1, "line_search_fn": "strong_wolfe"}, 1),
    ],
)
def test_each_optimizer_fits_the_parabola(optimizer, epochs):
    data = create_data("parabola", batch_size=None, repeat=20)
    model = own_model("mlp", data, optimizer=optimizer, hidden=[10], init="nguyen_widrow")
    fit(model, data, max_epochs=epochs)
    assert model.score(data)["r2"] > 0.99


def test_lbfgs_is_torchs_own():
    data = create_data("parabola", batch_size=None, repeat=1, shuffle=False)
    model = own_model("mlp", data, optimizer={"name": "lbfgs", "lr": 0.5}, hidden=[4])
    net = own_model("mlp", data, hidden=[4]).net
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(data.train.x), data.train.y)
        loss.backward()
        return loss

    wanted = [optimizer.step(closure).item() for _ in range(5)]
    rows = Rows()
    fit(model, data, max_epochs=5, callbacks=[rows])
    assert rows.losses == pytest.approx(wanted)
    for one, other in zip(model.net.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_lbfgs_resumes_to_the_bit(tmp_path):
    data = create_data("parabola", batch_size=None, repeat=1, shuffle=False)
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
    data = create_data("synaptic", batch_size=None, repeat=60, shuffle=False)
    torch.manual_seed(1)
    model = create_model("sigmoid_neuron", data)
    w = model.net[0].weight[0].detach().double()
    rows = Rows()
    fit(model, data, callbacks=[rows])
    x, t = data.points.x.double(), data.points.y.double()
    for loss in rows.losses:
        o = torch.sigmoid(x @ w)
        assert loss == pytest.approx(0.5 * float((t - o).square().sum()), rel=1e-5)
        w = w + x.T @ ((t - o) * o * (1 - o))
    assert model.net[0].weight[0].tolist() == pytest.approx(w.tolist(), abs=1e-5)
    assert model.net[0].bias is None


@pytest.mark.parametrize("name", ["perceptron", "sigmoid_classifier", "mlp"])
def test_several_units_learn_a_label_each(name):
    data = table(**TWO, batch_size=None, repeat=100)
    options = {} if name == "perceptron" else {"optimizer": {"name": "adam", "lr": 0.1}}
    model = own_model(name, data, **options)
    assert (model.units, model.task) == (2, "multilabel")
    fit(model, data, max_epochs=3)
    assert model.decide(data.train.x).tolist() == TWO["y"]
    assert model.decisions(TWO["x"]) == ["0 0", "0 1", "0 1", "1 1"]
    assert model.score(data)["accuracy"] == 1
    half = Batch(data.train.x, torch.tensor([[1.0, 0], [1, 1], [0, 1], [1, 1]]))
    assert model.metrics(half)["accuracy"] == 0.5  # a point counts where all its labels are right


def test_names_of_outputs():
    assert create_model("mlp", "iris").output_names == ["setosa", "versicolor", "virginica"]
    assert create_model("mlp", "xor").output_names == ["output"]
    assert create_model("mlp", "parabola").output_names == ["y"]
    assert create_model("mlp", in_features=2, units=3).output_names == []


def test_decisions_are_names_of_classes():
    data = create_data("car_decision")
    model = own_model("perceptron", data)
    fit(model, data, max_epochs=100)
    assert model.score(data)["accuracy"] == 1
    assert model.decisions([[0, 0, 0, 0], [1, 1, 1, 1]]) == ["leave", "buy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "regress"}, r"unknown model\.task 'regress'; did you mean 'regression'"),
        ({"loss": "cross_entropy", "task": "regression"}, "needs classes or labels"),
        ({"loss": "bce", "units": 3}, "needs classes or labels and sigmoid outputs"),
        ({"loss": "cross_entropy", "output_activation": "tanh"}, "or softmax outputs"),
        ({"loss": "rmse"}, r"unknown model\.loss 'rmse'"),
        ({"output_activation": "sigmoidal"}, r"unknown model\.output_activation"),
        ({"activation": "tahn"}, "unknown activation 'tahn'; did you mean 'tanh'"),
        ({"activation": ["tanh"]}, "activation must be one name, or 2 of them"),
        ({"init": "nguyen"}, "unknown init 'nguyen'; did you mean 'nguyen_widrow'"),
        ({"bias": "no"}, r"model\.bias must be true or false"),
        ({"hidden": [], "bias": False, "initial_bias": [0]}, "initial_bias is for bias: true"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(options, message):
    with pytest.raises(InputError, match=message):
        create_model("mlp", **({"in_features": 2} | options))


@pytest.mark.parametrize(
    ("name", "data", "options", "message"),
    [
        ("mlp", "parabola", {"task": "classification"}, "the data have numbers to learn"),
        ("mlp", "xor", {"task": "regression"}, "the data have class labels"),
        ("mlp", "parabola", {"units": 2}, r"model\.units is 2 but the data have 1 targets"),
        ("perceptron", "parabola", {}, "model=mlp learns numbers"),
        ("sigmoid_classifier", "parabola", {}, "needs classes or labels"),
        ("mlp", "gaussian_clusters", {}, "learns from labels and the data have none"),
    ],
)
def test_data_that_do_not_fit(name, data, options, message):
    data = create_data(data)
    with pytest.raises(InputError, match=message):
        create_model(name, data, **options).check(data)


def test_an_ordinary_loader_of_numbers():
    torch.manual_seed(0)
    x = torch.rand(40, 3)
    y = x @ torch.tensor([[1.0], [2.0], [-1.0]])
    model = create_model("mlp", in_features=3, units=1, task="regression", hidden=[])
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y.squeeze(1)), 10)
    fit(model, loader, max_epochs=200)
    assert model.net[0].weight[0].tolist() == pytest.approx([1, 2, -1], abs=0.05)
    short = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.rand(40, 2)), 10)
    with pytest.raises(InputError, match="targets must be 1 numbers a point"):
        fit(model, short)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 8])
def test_xor_by_gradient_descent_gets_stuck_with_two_hidden_units_and_not_with_four(seed):
    accuracies = []
    for hidden in (2, 4):
        data = create_data("xor", batch_size=None, shuffle=False, repeat=15000)
        options = {"hidden": [hidden], "activation": "sigmoid", "loss": "sse"}
        model = own_model("mlp", data, seed, optimizer={"name": "sgd", "lr": 1}, **options)
        fit(model, data)
        accuracies.append(model.score(data)["accuracy"])
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


def test_lbfgs_counts_steps_as_lightning_takes_them():
    """Without blocks Lightning calls training_step once for each loss that L-BFGS asks for."""
    rows = []
    for options in ({}, {"gradient_clip_val": 1e9}):
        data = create_data("parabola", batch_size=None, repeat=1, shuffle=False)
        model = own_model("mlp", data, optimizer={"name": "lbfgs", "lr": 0.5}, hidden=[4])
        seen = Rows()
        fit(model, data, max_epochs=4, callbacks=[seen], **options)
        rows.append(seen)
    assert rows[0].steps == rows[1].steps == [1, 2, 3, 4]
    assert rows[1].losses == pytest.approx(rows[0].losses, rel=1e-5)


def test_equal_targets_have_no_variance_to_explain():
    data = table([[0.0], [1.0]], [[0.1], [0.1]])
    measured = create_model("mlp", data, task="regression").score(data)
    assert math.isnan(measured["r2"])
    assert math.isfinite(measured["rmse"])


def test_points_without_targets_can_be_predicted():
    data = create_data("iris")
    model = own_model("mlp", data)
    for batch in (data.train.x, [data.train.x], Batch(data.train.x)):
        torch.testing.assert_close(model.predict_step(batch, 0), model(data.train.x))
