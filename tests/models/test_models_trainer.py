"""Every model under a plain Lightning Trainer, with a data module or an ordinary DataLoader."""

import lightning.pytorch as pl
import pytest
import torch
from helpers import (
    AT_ONCE,
    IN_ONE_EPOCH,
    MODELS,
    OF_NUMBERS,
    OF_POINTS,
    TINY,
    Losses,
    StopAfter,
    batch_of,
    difference,
    fit,
    mostly_slow,
    own_data,
    own_model,
    same,
    state,
    suited,
    tiny_data,
    tiny_model,
)
from torch.utils.data import DataLoader, TensorDataset

from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.models import Supervised

X = torch.rand(40, 3, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1) > 1.5).long()
# Models whose loss of an epoch is not that of their metrics.
OTHER_LOSSES = ("dbn", "gan", "modern_hopfield", "perceptron", "rbm", "vae")
UNLABELED = [name for name in MODELS if not isinstance(tiny_model(name), Supervised)]


def new(name, **options):
    torch.manual_seed(0)
    return create_model(name, in_features=3, **(TINY[name] | options))


def loaders(name, labeled):
    """Training in batches of 8, validation in batches of 15."""
    x = suited(name, X)
    data = TensorDataset(x, Y) if labeled else x
    return DataLoader(data, batch_size=batch_of(name, 8)), DataLoader(data, batch_size=15)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("name", "labeled"),
    [*((name, True) for name in OF_POINTS), *((name, False) for name in UNLABELED)],
)
def test_an_ordinary_loader_of_points_with_or_without_labels(name, labeled, validated):
    model, epochs = new(name), Losses()
    before = state(model)
    train, val = loaders(name, labeled)
    trainer = fit(model, train, *([val] if validated else []), max_epochs=5, callbacks=[epochs])
    assert trainer.current_epoch == len(epochs.losses) == 5
    # Epochs have different losses, or there is one; of memories all have that of the first. The
    # prototypes of lvq start well, and its rules do not minimize its loss.
    if name not in ("dbn", "gan", "counterpropagation", "lvq", *IN_ONE_EPOCH):
        assert epochs.losses[-1] < epochs.losses[0]
    assert not same(before, state(model))
    assert ("val_loss" in trainer.callback_metrics) is validated


@pytest.mark.parametrize("name", OF_POINTS)
def test_validation_metrics_are_those_of_the_final_weights_over_all_points(name):
    model = new(name)
    train, val = loaders(name, True)
    measured = fit(model, train, val).callback_metrics
    with torch.no_grad():
        expected = model.metrics(Batch(suited(name, X), Y))
        parts = [model.metrics(Batch(x, y)) for x, y in val]
    if name == "gan":  # the distance compares the points of a batch with each other
        distances = [float(part["energy_distance"]) for part in parts]
        expected["energy_distance"] = (
            15 * distances[0] + 15 * distances[1] + 10 * distances[2]
        ) / 40
    for metric, value in expected.items():
        assert measured[f"val_{metric}"].item() == pytest.approx(float(value), rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_data_module_with_a_validation_part(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    trainer = fit(model, data)
    for metric, value in model.metrics(data.val).items():
        found = trainer.callback_metrics[f"val_{metric}"].item()
        assert found == pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_an_ordinary_loader_and_the_data_module_train_alike(name):
    data = tiny_data(name, shuffle=False)
    states = []
    own_stream = torch.Generator()  # a loader would draw from the global one, as starts do
    points = TensorDataset(*data.train)
    loader = DataLoader(points, batch_size=batch_of(name, 32), generator=own_stream)
    for source in (data, loader):
        model = tiny_model(name, data)
        fit(model, source, max_epochs=3)
        kept = state(model)
        for computed in ("connections", "threshold"):  # from a data module
            kept.pop(computed, None)
        states.append(kept)
    assert same(*states)


@pytest.mark.parametrize("name", [m for m in OF_NUMBERS if m not in (*OTHER_LOSSES, *AT_ONCE)])
def test_an_epoch_with_a_smaller_last_batch_has_the_loss_of_all_its_points(name):
    """With a learning rate near 0, the loss of an epoch is that of the whole training part."""
    data = create_data("wine", scale="minmax", batch_size=100, val_fraction=0)  # 100 and 78
    still = {"optimizer": {"name": "sgd", "lr": 1e-12}}
    options = {
        "adaline": {"lr": 1e-12, "lr_end": 1e-12},
        "competitive": {"lr": 1e-12, "lr_end": None},
        "growing_neural_gas": {"lr": 1e-12, "lr_neighbors": 0, "insert_every": 10**6},
        "lvq": {"lr": 1e-12, "lr_end": 1e-12},
        "sanger": {"lr": 1e-12, "lr_end": 1e-12},
        "neural_gas": {"lr": 1e-12, "lr_end": 1e-12},
        "som": {"lr": 1e-12, "lr_end": 1e-12},
        "counterpropagation": {"head_lr": 1e-12, "stages": [0.0, 0.0, 1.0]},
    }
    model, epochs = tiny_model(name, data, **options.get(name, still)), Losses()
    loader = DataLoader(TensorDataset(*data.train), batch_size=100)
    fit(model, loader, callbacks=[epochs])
    assert epochs.losses == [pytest.approx(model.loss(data.train).item(), rel=1e-5)]


# Resuming


@pytest.mark.parametrize("name", mostly_slow([*MODELS, "autoencoder noisy"], keep=5))
def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(name, tmp_path):
    """Two epochs of four, then the rest in a new Trainer, with the schedule of the whole."""
    name, *noisy = name.split()
    options = {"noise": 0.2} if noisy else {}
    if tiny_model(name).scheduler_config is not None or name == "mlp":
        options["scheduler"] = {"name": "cosine"}
    data = tiny_data(name)
    whole = tiny_model(name, data, **options)
    fit(whole, data, max_epochs=4)
    file = tmp_path / "a.ckpt"
    first = tiny_model(name, data, **options)
    fit(first, data, max_epochs=4, callbacks=[StopAfter(2)]).save_checkpoint(file)
    second = tiny_model(name, data, **options)  # sets the seed, on which order and noise depend
    trainer = fit(second, data, max_epochs=4, ckpt_path=file)
    assert trainer.current_epoch == 4
    assert name in IN_ONE_EPOCH or not same(state(first), state(whole))
    assert same(state(second), state(whole))


def test_a_checkpoint_is_resumed_with_other_options_of_the_trainer(tmp_path):
    data = create_data("moons")
    first = fit(create_model("sigmoid_classifier", data), data, max_epochs=1)
    first.save_checkpoint(tmp_path / "first.ckpt")
    model = create_model("sigmoid_classifier", data)
    options = {"max_epochs": 3, "gradient_clip_val": 1.0}
    rest = fit(model, data, ckpt_path=tmp_path / "first.ckpt", **options)
    assert (first.global_step, rest.global_step) == (13, 39)


def test_a_second_training_of_one_step_has_a_loss():
    data = tiny_data("mlp", batch_size=None)
    model = tiny_model("mlp", data)
    for _ in range(2):
        assert "loss" in fit(model, data).callback_metrics


def test_the_rates_of_an_endless_training_stay_as_at_the_start():
    data = tiny_data("competitive")
    states = []
    for options in ({"max_epochs": 10**9}, {"max_epochs": -1}):
        model = tiny_model("competitive", data)
        fit(model, data, callbacks=[StopAfter(1)], **options)
        states.append(state(model))
    assert difference(*states) < 1e-6


# Targets and metrics


@pytest.mark.parametrize("labels", [[-1, 1], [1, 2], [0.2, 0.8], [[1, 0], [0, 1]]])
def test_labels_that_are_no_class_indices(labels):
    loader = DataLoader(list(zip(torch.randn(2, 3), torch.tensor(labels), strict=True)), 2)
    with pytest.raises(InputError, match="labels must be class indices 0 to 1, one per point"):
        fit(create_model("sigmoid_classifier", in_features=3), loader, max_epochs=1)


def test_limited_batches_count_for_schedules_and_stopping():
    data = create_data("blobs", scale="standard")
    model = create_model("autoencoder", data, scheduler={"name": "cosine"})
    trainer = fit(model, data, max_epochs=10, limit_train_batches=2)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)
    trainer = fit(create_model("perceptron", data), data, max_epochs=30, limit_train_batches=1)
    assert trainer.current_epoch < 30  # stopped by an epoch without an error


class Last(pl.loggers.logger.DummyLogger):
    """Keeps the metrics that Lightning logs."""

    def __init__(self):
        super().__init__()
        self.kept = {}

    def log_metrics(self, metrics, step=None):
        self.kept |= metrics


def test_loggers_and_callbacks_get_the_same_metrics():
    seen, logger = [], Last()
    for option in (False, logger):
        data = create_data("wine", scale="minmax")
        model = own_model("sigmoid_classifier", data)
        trainer = fit(model, data, max_epochs=3, logger=option, log_every_n_steps=1)
        seen.append({k: float(v) for k, v in trainer.callback_metrics.items()})
        assert trainer.logged_metrics.keys() == trainer.callback_metrics.keys()
    assert seen[0].keys() == {"loss", "val_loss", "val_accuracy", "val_balanced_accuracy"}
    assert seen[0] == pytest.approx(seen[1], rel=1e-6)
    assert {name: logger.kept[name] for name in seen[1]} == pytest.approx(seen[1])


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated")  # within Lightning
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.parametrize("name", MODELS)
def test_validate_test_and_predict_of_a_trained_model(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    trainer = fit(model, data, max_epochs=2)
    (found,) = trainer.validate(model, data, verbose=False)
    loss = model.metrics(data.val)["loss"].item()
    assert found["val_loss"] == pytest.approx(loss, rel=1e-5)
    loader = DataLoader(TensorDataset(*data.val), batch_size=30)
    (found,) = trainer.test(model, loader, verbose=False)
    assert found["test_loss"] == pytest.approx(loss, rel=1e-5)
    outputs = trainer.predict(model, DataLoader(data.val.x, batch_size=10))  # without targets
    torch.testing.assert_close(torch.cat(outputs), model(data.val.x).detach())


def test_a_perceptron_stops_without_errors_under_a_plain_trainer():
    data = own_data("perceptron")
    trainer = fit(own_model("perceptron", data), data, max_epochs=50)
    assert trainer.current_epoch == 5
