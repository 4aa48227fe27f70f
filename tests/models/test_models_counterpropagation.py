"""A competitive layer inside a bigger network: forward pass, stages, and what it reaches."""

import copy
import math

import lightning.pytorch as pl
import pytest
import torch
from helpers import Losses, fit, own_data, own_epochs, own_model, state, train_by_engine

import nnzoo
import nnzoo.models.counterpropagation as module
from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.data import Inline
from nnzoo.models import Clock, Descend, Rule
from nnzoo.runs.evaluation import evaluate

NAME = "counterpropagation"
ENCODER = {f"autoencoder.0.{k}.{name}" for k in (0, 2) for name in ("weight", "bias")}
DECODER = {f"autoencoder.1.{k}.{name}" for k in (0, 2) for name in ("weight", "bias")}
HEAD = {"head.weight", "head.bias"}
LAYER = {"layer.weight", "state"}


def by_hand():
    """Two features, two codes, three competitive units, three classes."""
    model = create_model(NAME, in_features=2, units=3, clusters=3, hidden=[], latent=2)
    weights = {
        "autoencoder.0.0.weight": [[1, 0], [0, 2]],
        "autoencoder.0.0.bias": [0, 1],
        "layer.weight": [[0, 1], [2, 3], [5, 5]],
        "head.weight": [[0, 1, 0], [0, 3, 1], [0, 0, 2]],
        "head.bias": [0, -1, 1],
        "autoencoder.1.0.weight": [[1, 0], [0, 1]],
        "autoencoder.1.0.bias": [0, 0],
    }
    model.load_state_dict({k: torch.tensor(v) for k, v in weights.items()}, strict=False)
    return model


def test_forward_by_hand():
    model = by_hand()
    x = torch.tensor([[1.0, 1.0], [0.0, 0.0], [6.0, 2.0]])
    assert model.encoder(x).tolist() == [[1, 3], [0, 1], [6, 5]]
    assert model.winners(x).tolist() == [1, 0, 2]
    net = torch.tensor([[1.0, 2, 1], [0, -1, 1], [0, 0, 3]])
    torch.testing.assert_close(model.net(x), net)
    shares = net.exp() / net.exp().sum(1, keepdim=True)
    torch.testing.assert_close(model(x), shares)
    torch.testing.assert_close(model.predict(x.numpy()), shares)
    assert model.decide(x).tolist() == [1, 2, 2]
    assert model(x.reshape(3, 1, 2)).shape == (3, 1, 3)


def test_metrics_by_hand():
    model = by_hand()
    x, y = torch.tensor([[1.0, 1.0], [0.0, 0.0]]), torch.tensor([1, 0])
    e = math.e
    wanted = {
        "loss": -(math.log(e**2 / (2 * e + e**2)) + math.log(1 / (1 + 1 / e + e))) / 2,
        "accuracy": 0.5,
        "balanced_accuracy": 0.5,
        "reconstruction_mse": (0 + 2**2 + 0 + 1) / 4,  # codes [1, 3] and [0, 1]
        "quantization_error": (1 + 0) / 2,
    }
    found = {name: value.item() for name, value in model.metrics(Batch(x, y)).items()}
    assert found == pytest.approx(wanted, rel=1e-6)
    data = Inline(x.tolist(), y.tolist())
    assert evaluate(model, data) == pytest.approx(wanted | {"dead_units": 1}, rel=1e-6)


def test_the_network_is_one_sequential_that_stands_alone():
    data = create_data("iris")
    model = own_model(NAME, data)
    fit(model, data, max_epochs=5)
    assert type(model.net) is torch.nn.Sequential
    kinds = [nnzoo.nn.MLP, nnzoo.nn.CompetitiveLayer, torch.nn.Linear]
    assert [type(part) for part in model.net] == kinds
    alone = torch.nn.Sequential(
        nnzoo.nn.MLP([4, 64, 16], "tanh", "tanh"),
        nnzoo.nn.CompetitiveLayer(16, 50),
        torch.nn.Linear(50, 3),
    )
    alone.load_state_dict(model.net.state_dict())
    assert torch.equal(alone(data.train.x).softmax(-1), model(data.train.x))


# The stages

TENTHS = {"stages": [0.4, 0.2, 0.4]}  # of ten epochs: up to the fourth, the sixth, the tenth


class States(pl.Callback):
    """Keeps the state after each epoch."""

    def on_fit_start(self, trainer, pl_module):
        self.states = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.states.append(state(pl_module))


def test_each_stage_changes_its_own_parameters_and_no_others():
    data = create_data("wine", val_fraction=0)
    model, seen, epochs = own_model(NAME, data, conscience_until=1.0, **TENTHS), States(), Losses()
    fit(model, data, max_epochs=10, callbacks=[seen, epochs])
    changed = [
        {name for name in now if not torch.equal(now[name], before[name])}
        for before, now in zip(seen.states, seen.states[1:], strict=False)
    ]
    assert changed[:3] == [ENCODER | DECODER] * 3
    assert changed[3:5] == [LAYER] * 2
    assert changed[5:] == [HEAD] * 4
    # An epoch's training loss is that of its stage.
    assert sorted(epochs.losses[:4], reverse=True) == epochs.losses[:4]
    assert epochs.losses[6] < math.log(3)
    assert sorted(epochs.losses[6:], reverse=True) == epochs.losses[6:]
    assert epochs.losses[-1] < 0.7


def test_the_measured_loss_stays_constant_until_the_head_learns():
    data = create_data("wine")
    progress = train_by_engine(own_model(NAME, data, **TENTHS), data, 10)
    losses = [row["val_loss"] for row in progress.rows]
    assert losses[:6] == pytest.approx([math.log(3)] * 6)
    assert losses[-1] < 0.8
    assert progress.best.epoch >= 6


def test_steps_follow_the_stages():
    model = create_model(NAME, in_features=2, stages=[0.5, 0.25, 0.25])
    taken = [model.steps(Clock(step, 8, 2)) for step in range(8)]
    encoder, compete = Descend("reconstruction_loss", "autoencoder"), Rule("compete")
    start = Rule("start_layer", timed=False)
    head = Descend("loss", "head")
    assert taken == [*[(encoder,)] * 4, (start, compete), (compete,), (head,), (head,)]
    # Without a stage, the layer still starts from the codes.
    for stages, first in (([0.0, 0.5, 0.5], compete), ([0.0, 0.0, 1.0], head)):
        model = create_model(NAME, in_features=2, stages=stages)
        assert model.steps(Clock(0, 8, 2)) == (start, first)
        assert start not in model.steps(Clock(1, 8, 2))


def test_the_competitive_layer_starts_from_codes_of_different_training_points():
    data = own_data(NAME, val_fraction=0.5)
    still = {"stages": [0.4, 0.2, 0.4], "lr": 1e-12, "lr_end": None}
    starts = []
    for seed in (0, 0, 1):
        model = own_model(NAME, data, seed, **still)
        fit(model, data, max_epochs=2)
        codes = model.encoder(data.train.x).detach()
        nearest = model.layer.distances(codes).min(0)
        assert nearest.values.max() < 1e-5
        starts.append(nearest.indices.tolist())
        assert len(set(starts[-1])) == 50
    assert starts[0] == starts[1] != starts[2]


def test_without_its_stage_the_encoder_stays_and_without_its_own_the_layer_is_as_it_started():
    data = create_data("iris")
    model = own_model(NAME, data, stages=[0.0, 0.0, 1.0])
    before = state(model)
    fit(model, data, max_epochs=3)
    assert all(torch.equal(before[n], state(model)[n]) for n in ENCODER)
    codes = model.encoder(data.train.x).detach()
    assert model.layer.distances(codes).amin(0).max() < 1e-5
    assert evaluate(model, data)["accuracy"] > 0.8


def test_the_rate_falls_and_the_conscience_goes_within_the_second_stage(monkeypatch):
    seen = {"lr": [], "conscience": []}

    def spy(weight, state, x, lr, conscience):
        seen["lr"] += lr.tolist()
        seen["conscience"] += conscience.tolist()
        return weight, state

    monkeypatch.setattr(module, "online_rule", spy)
    data = Inline([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    options = {"lr": 0.4, "lr_end": 0.1, "conscience_until": 0.5}
    fit(create_model(NAME, data, **TENTHS, **options), data, max_epochs=10)
    assert seen["lr"] == pytest.approx([0.4 * 0.25 ** (i / 4) for i in range(4)])
    assert seen["conscience"] == pytest.approx([1, 0.5, 0, 0], abs=1e-9)


def mixed(y):
    """Sixty points in three groups, with targets that are independent of the group."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]]).repeat(20, 1)
    x = centres + 0.3 * torch.randn(60, 2, generator=generator)
    return Inline(x.tolist(), y.tolist(), batch_size=None, scale="standard")


@pytest.mark.parametrize("task", ["classification", "two classes", "multilabel", "regression"])
def test_the_head_gives_the_mean_of_the_targets_that_each_unit_wins(task):
    """Shares of the classes, shares of the labels, or mean numbers, counted point by point."""
    generator = torch.Generator().manual_seed(1)
    y = {
        "classification": torch.arange(60) * 7 % 11 % 3,
        "two classes": torch.arange(60) * 7 % 11 % 2,
        "multilabel": torch.randint(2, (60, 2), generator=generator).float(),
        "regression": torch.randn(60, 2, generator=generator),
    }[task]
    data = mixed(y)
    model = own_model(NAME, data, clusters=3, hidden=[], latent=2)
    train_by_engine(model, data, 600, every=600)
    winners = model.nearest_units(data.train.x)
    assert sorted(winners.bincount().tolist()) == [20, 20, 20]
    wanted = torch.nn.functional.one_hot(y).float() if task == "classification" else y.float()
    outputs = model.predict(data.points.x)
    for unit in range(3):
        mean = wanted[winners == unit].mean(0)
        assert mean.abs().min() > 0
        for output in outputs[winners == unit]:
            torch.testing.assert_close(output, mean.reshape(-1), rtol=0, atol=5e-3)


def test_a_second_fit_begins_its_units_and_its_head_anew():
    data = create_data("iris")
    model = own_model(NAME, data)
    fit(model, data, max_epochs=10)
    encoder = copy.deepcopy(model.encoder)
    progress = train_by_engine(model, data, 10)
    assert progress.rows[0]["val_loss"] == pytest.approx(math.log(3))
    assert progress.rows[-1]["val_loss"] < 0.8
    assert not torch.equal(encoder[0].weight, model.encoder[0].weight)


# Accuracy


def reached(seed, **options):
    """Accuracy on the validation part of digits, with the options and epochs of the YAML."""
    data = own_data(NAME, seed=seed)
    model = own_model(NAME, data, seed, **options)
    train_by_engine(model, data, own_epochs(NAME), seed=seed, every=own_epochs(NAME))
    found = evaluate(model, data)
    assert found["dead_units"] == 0
    return found["val_accuracy"]


@pytest.mark.slow
def test_accuracy_on_digits():
    assert reached(0) >= 0.88


@pytest.mark.slow
def test_a_trained_encoder_raises_the_accuracy_on_digits():
    trained = [reached(seed) for seed in range(5)]
    assert sum(trained) / 5 >= 0.92
    untrained = [reached(seed, stages=[0.0, 0.5, 0.5]) for seed in range(5)]
    assert sum(untrained) / 5 < sum(trained) / 5 - 0.1


@pytest.mark.parametrize("data", ["digits", "moons", "iris", "xor"])
def test_the_best_weights_are_those_of_a_trained_head(data):
    data = create_data(data)
    model = own_model(NAME, data)
    progress = train_by_engine(model, data, 10 if len(data.points.x) > 4 else 100)
    assert progress.best.epoch >= 0.6 * progress.epochs
    found = evaluate(model, data)
    assert found == pytest.approx(progress.best.metrics | model.diagnostics(data), rel=1e-5)
    assert found.get("val_accuracy", found["accuracy"]) > 0.8
