"""A competitive layer inside a bigger network: its forward pass, stage by stage, and as a whole."""

import copy
import math
from pathlib import Path

import pytest
import torch
from helpers import Rows, fit, own_data, own_model, same, state
from lightning.pytorch.callbacks import EarlyStopping
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import nnzoo
import nnzoo.models.counterpropagation as module
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.data import Table
from nnzoo.training.run import train

NAME = "counterpropagation"
ENCODER = {"net.0.0.weight", "net.0.0.bias", "net.0.2.weight", "net.0.2.bias"}
DECODER = {"decoder.0.weight", "decoder.0.bias", "decoder.2.weight", "decoder.2.bias"}


def by_hand():
    """Two features, two codes, three competitive units, three classes."""
    model = create_model(NAME, in_features=2, units=3, clusters=3, hidden=[], latent=2)
    weights = {
        "net.0.0.weight": [[1, 0], [0, 2]],
        "net.0.0.bias": [0, 1],
        "net.1.weight": [[0, 1], [2, 3], [5, 5]],
        "net.2.weight": [[0, 1, 0], [0, 3, 1], [0, 0, 2]],
        "net.2.bias": [0, -1, 1],
        "decoder.0.weight": [[1, 0], [0, 1]],
        "decoder.0.bias": [0, 0],
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
        "reconstruction_mse": (0 + 2**2 + 0 + 1) / 4,  # codes [1, 3] and [0, 1]
        "quantization_error": (1 + 0) / 2,
    }
    assert model.measure(Batch(x, y)) == pytest.approx(wanted, rel=1e-6)
    data = Table(x.tolist(), y.tolist())
    assert model.score(data) == pytest.approx(wanted | {"dead_units": 1}, rel=1e-6)


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


class States(Rows):
    """Keeps the state after each epoch."""

    def on_fit_start(self, trainer, pl_module):
        self.states = []

    def on_train_epoch_end(self, trainer, pl_module):
        super().on_train_epoch_end(trainer, pl_module)
        self.states.append(state(pl_module))


@pytest.mark.parametrize("block_size", [1, 128])
def test_each_stage_changes_its_own_parameters_and_no_others(block_size, monkeypatch):
    monkeypatch.setattr(nnzoo.data.base, "BLOCK_SIZE", block_size)
    data = create_data("wine")
    model, seen = own_model(NAME, data, conscience_until=1.0, **TENTHS), States()
    fit(model, data, max_epochs=10, callbacks=[seen])
    changed = [
        {name for name in now if not torch.equal(now[name], before[name])}
        for before, now in zip(seen.states, seen.states[1:], strict=False)
    ]
    assert changed[:3] == [ENCODER | DECODER] * 3
    assert changed[3:5] == [{"net.1.weight", "state"}] * 2
    assert changed[5:] == [{"net.2.weight", "net.2.bias"}] * 4
    assert seen.losses[:6] == pytest.approx([math.log(3)] * 6)
    assert sorted(seen.losses[6:], reverse=True) == seen.losses[6:]
    assert seen.losses[-1] < 0.7


@pytest.mark.parametrize("stopped_after", [2, 4, 5, 6, 8])
@pytest.mark.parametrize("source", ["data module", "loader"])
def test_a_resumed_training_ends_with_the_bits_of_an_uninterrupted_one(
    stopped_after, source, tmp_path
):
    data = create_data("wine", shuffle=False)
    train_on = data if source == "data module" else DataLoader(TensorDataset(*data.train), 32)

    class Stop(Rows):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == stopped_after - 1

    whole, first, second = (own_model(NAME, data, **TENTHS) for _ in range(3))
    fit(whole, train_on, max_epochs=10)
    trainer = fit(first, train_on, max_epochs=10, callbacks=[Stop()])
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert trainer.current_epoch == stopped_after
    assert not same(state(first), state(whole))
    fit(second, train_on, max_epochs=10, ckpt_path=tmp_path / "a.ckpt")
    assert same(state(second), state(whole))


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
    assert same({n: before[n] for n in ENCODER}, {n: state(model)[n] for n in ENCODER})
    codes = model.encoder(data.train.x).detach()
    assert model.layer.distances(codes).amin(0).max() < 1e-5
    assert model.score(data)["accuracy"] > 0.8


def test_the_rate_falls_and_the_conscience_goes_within_the_second_stage(monkeypatch):
    seen = {"lr": [], "conscience": []}

    def spy(weight, state, x, lr, conscience):
        seen["lr"] += lr.tolist()
        seen["conscience"] += conscience.tolist()
        return weight, state

    monkeypatch.setattr(module, "online_rule", spy)
    data = Table([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    options = {"lr": 0.4, "lr_end": 0.1, "conscience_until": 0.5}
    fit(create_model(NAME, data, **TENTHS, **options), data, max_epochs=10)
    assert seen["lr"] == pytest.approx([0.4 * 0.25 ** (i / 4) for i in range(4)])
    assert seen["conscience"] == pytest.approx([1, 0.5, 0, 0], abs=1e-9)


def mixed(y):
    """Sixty points in three groups, whose targets have nothing to do with the place."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]]).repeat(20, 1)
    x = centres + 0.3 * torch.randn(60, 2, generator=generator)
    return Table(x.tolist(), y.tolist(), batch_size=None, repeat=600, scale="standard")


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
    fit(model, data)
    winners = model.winners(data.train.x)
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
    model, rows = own_model(NAME, data), Rows()
    fit(model, data, max_epochs=10)
    encoder = copy.deepcopy(model.encoder)
    fit(model, data, max_epochs=10, callbacks=[rows])
    assert rows.losses[0] == pytest.approx(math.log(3))
    assert rows.losses[-1] < 0.8
    assert not torch.equal(encoder[0].weight, model.encoder[0].weight)


# What it reaches


def reached(seed, **options):
    """Accuracy on the validation part of digits, with the options and epochs of the YAML."""
    data = create_data("digits", seed=seed)
    model = own_model(NAME, data, seed, **options)
    fit(model, data, max_epochs=40)
    assert model.score(data)["dead_units"] == 0
    return model.measure(data.raw[1])["accuracy"]


def test_digits():
    assert reached(0) >= 0.88


@pytest.mark.slow
def test_digits_on_five_seeds_and_what_the_encoders_training_is_worth():
    trained = [reached(seed) for seed in range(5)]
    assert sum(trained) / 5 >= 0.92
    untrained = [reached(seed, stages=[0.0, 0.5, 0.5]) for seed in range(5)]
    assert sum(untrained) / 5 < 0.8


@pytest.mark.parametrize("data", ["digits", "moons", "iris", "xor"])
def test_the_best_weights_are_those_of_a_trained_head(data, composed):
    cfg = composed(f"model={NAME}", f"data={data}", "trainer.max_epochs=10", "figures=none")
    result = train(cfg, quiet=True)
    checkpoints = Path(cfg.run.folder) / "checkpoints"
    assert torch.load(checkpoints / "best.ckpt", weights_only=True)["epoch"] >= 6
    data = nnzoo.create_data(data)
    best = nnzoo.load_model(cfg.run.folder)
    part = data.raw[1] or data.raw[0]
    loss = "loss" if data.raw[1] is None else "val_loss"
    assert best.measure(part)["loss"] <= result["metrics"][loss] + 1e-6
    assert best.measure(part)["accuracy"] > 0.8


# What cannot be


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": [0.5, 0.5]}, r"model\.stages must be three shares .* got \[0\.5, 0\.5\]"),
        ({"stages": 0.5}, r"model\.stages must be three shares"),
        ({"stages": [0.5, 0.5, 0.5]}, r"model\.stages must add up to 1; .* add up to 1\.5"),
        ({"stages": [1.5, -0.5, 0]}, r"each of model\.stages must be a number >= 0 and <= 1"),
        ({"stages": ["a", 0.5, 0.5]}, r"each of model\.stages must be a number"),
        ({"stages": [0.5, 0.5, 0]}, r"the last of model\.stages must be above 0"),
        ({"lr": 1.5}, r"model\.lr must be a number > 0 and <= 1"),
        ({"head_lr": 0}, r"model\.head_lr must be a number > 0"),
        ({"clusters": 0}, r"model\.clusters must be a whole number"),
        ({"latent": 0}, "latent must be a whole number"),
        ({"task": "ranking"}, r"unknown model\.task"),
        ({"activation": "tan"}, "unknown activation 'tan'"),
    ],
)
def test_what_cannot_be_built_is_an_input_error_of_one_line(options, message):
    with pytest.raises(InputError, match=message) as raised:
        create_model(NAME, in_features=3, **options)
    assert "\n" not in str(raised.value)


def test_clusters_are_no_more_than_the_points():
    data = create_data("xor")
    assert len(create_model(NAME, data).state) == 4
    assert len(create_model(NAME, create_data("iris")).state) == 50
    message = r"model\.clusters is 5 but there are only 4 training points"
    with pytest.raises(InputError, match=message):
        fit(create_model(NAME, data, clusters=5), data)
    loader = DataLoader(TensorDataset(*data.train), batch_size=2)
    with pytest.raises(InputError, match=message):
        fit(create_model(NAME, in_features=2, clusters=5), loader)


@pytest.mark.parametrize("patience", [6, 7])
def test_early_stopping_must_wait_for_the_head(patience):
    data = create_data("iris")
    model, rows = own_model(NAME, data, stages=[0.5, 0.25, 0.25]), Rows()
    callbacks = [rows, EarlyStopping("val_loss", patience=patience)]
    if patience == 6:
        with pytest.raises(InputError, match="stands still for 6 epochs, until the head learns"):
            fit(model, data, max_epochs=8, callbacks=callbacks)
        return
    fit(model, data, max_epochs=8, callbacks=callbacks)
    assert len(rows.rows) == 8


class Stream(IterableDataset):
    """Points without an end that is known."""

    def __iter__(self):
        x, y = create_data("iris").train
        return zip(x, y, strict=True)


def test_the_length_of_the_training_must_be_known():
    loader = DataLoader(Stream(), batch_size=10)
    with pytest.raises(InputError, match=r"length is not known: set trainer\.max_steps"):
        fit(own_model(NAME, create_data("iris")), loader)
    model = own_model(NAME, create_data("iris"))
    fit(model, loader, max_epochs=-1, max_steps=100)
    assert model.score(create_data("iris"))["accuracy"] > 0.8
