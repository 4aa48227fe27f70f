"""Every model under a plain Lightning Trainer, with its own data or an ordinary DataLoader."""

import lightning.pytorch as pl
import pytest
import torch
from helpers import Rows, fit, own_data, own_model, same, state
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

import nnzoo.data.base
import nnzoo.models
from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.errors import InputError

MODELS = [
    "autoencoder",
    "competitive",
    "counterpropagation",
    "perceptron",
    "sigmoid_classifier",
    "vae",
]
ALL = [*MODELS, "gan"]  # whose loss need not fall
X = torch.rand(40, 3, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1) > 1.5).long()
SIZES = {"competitive": {"units": 4}, "counterpropagation": {"clusters": 8}}


def new(name, **options):
    torch.manual_seed(0)
    return create_model(name, in_features=3, **(SIZES.get(name, {}) | options))


def loaders(labelled):
    """Training in batches of 8, validation in batches of 15."""
    data = TensorDataset(X, Y) if labelled else X
    return DataLoader(data, batch_size=8), DataLoader(data, batch_size=15)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("name", "labelled"),
    [
        *((name, True) for name in MODELS),
        ("autoencoder", False),
        ("competitive", False),
        ("vae", False),
    ],
)
def test_an_ordinary_loader_of_x_or_x_and_y(name, labelled, validated):
    model, rows = new(name), Rows()
    before = state(model)
    train, val = loaders(labelled)
    trainer = fit(model, train, *([val] if validated else []), max_epochs=3, callbacks=[rows])
    assert trainer.global_step == 15
    assert rows.steps == [5, 10, 15]
    assert rows.losses[-1] < rows.losses[0]
    assert trainer.callback_metrics["loss"] == pytest.approx(rows.losses[-1], rel=1e-6)
    assert not same(before, state(model))
    assert ("val_loss" in trainer.callback_metrics) is validated


@pytest.mark.parametrize("name", MODELS)
def test_validation_metrics_are_those_of_the_final_weights_over_all_points(name):
    model = new(name)
    measured = fit(model, *loaders(True)).callback_metrics
    for metric, value in model.metrics(Batch(X, Y)).items():
        assert measured[f"val_{metric}"].item() == pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_a_data_module_with_a_validation_part(name):
    data = create_data("wine", scale="minmax")
    model = own_model(name, data)
    measured = fit(model, data).callback_metrics
    for metric, value in model.metrics(data.val).items():
        assert measured[f"val_{metric}"].item() == pytest.approx(value.item(), rel=1e-6)


def test_an_ordinary_loader_and_the_data_module_train_alike():
    data = create_data("wine", shuffle=False, batch_size=32)
    states = []
    for source in (data, DataLoader(TensorDataset(*data.train), batch_size=32)):
        model = own_model("sigmoid_classifier", data)
        model.scaling.load_state_dict(data.scaling.state_dict())
        fit(model, source, max_epochs=3)
        states.append(state(model))
    assert same(*states)


@pytest.mark.parametrize("source", ["data module", "loader"])
@pytest.mark.parametrize("name", [m for m in MODELS if m != "vae"])  # which draws its codes
def test_a_pass_with_a_smaller_last_batch_has_the_loss_of_all_its_points(name, source):
    """With a rate that moves nothing, a row's loss is that of the whole training part."""
    data = create_data("wine", scale="minmax", batch_size=100, val_fraction=0)  # 100 and 78
    still = 1e-12
    optimizer = {"optimizer": {"name": "sgd", "lr": still}}
    options = {"perceptron": {"lr": still}, "competitive": {"lr": still, "lr_end": None}}
    options["counterpropagation"] = optimizer | {"head_lr": None}
    model, rows = own_model(name, data, **options.get(name, optimizer)), Rows()
    loader = DataLoader(TensorDataset(*data.train), batch_size=100)
    fit(model, data if source == "data module" else loader, callbacks=[rows])
    fresh = own_model(name, data, **options.get(name, optimizer))
    scored = (fresh if name == "perceptron" else model).score(data)  # its zero start has no scale
    assert rows.losses == [pytest.approx(scored["loss"], rel=1e-5)]


# Blocks: many steps in one of Lightning's must change nothing

SCHEDULES = [
    None,
    {"name": "step", "step_size": 1, "gamma": 0.7},
    {"name": "cosine"},
]


def trained(name, data, *, epochs, **options):
    model, rows = own_model(name, data, **options), Rows()
    trainer = fit(model, data, max_epochs=epochs, callbacks=[rows])
    return state(model), rows.rows, trainer.global_step, trainer.num_training_batches


@pytest.mark.parametrize("scheduler", SCHEDULES)
@pytest.mark.parametrize("block_size", [2, 7, 1000])
@pytest.mark.parametrize("name", ["autoencoder", "sigmoid_classifier"])
def test_blocks_change_no_bit_of_a_gradient_model(name, block_size, scheduler, monkeypatch):
    data = create_data("wine", scale="minmax", repeat=3)
    results = {}
    for size in (block_size, 1):
        monkeypatch.setattr(nnzoo.data.base, "BLOCK_SIZE", size)
        results[size] = trained(name, data, epochs=4, scheduler=scheduler)
    blocked, plain = results[block_size], results[1]
    assert same(blocked[0], plain[0])
    assert blocked[1] == plain[1]  # the rows: steps and losses of each of 12 passes
    assert len(plain[1]) == 12
    assert blocked[2] == plain[2] == 4 * 3 * 5
    assert plain[3] == 15
    assert blocked[3] == -(-15 // block_size)  # and the blocks were really there


@pytest.mark.parametrize("name", ["perceptron", "competitive", "counterpropagation", "gan"])
def test_blocks_change_no_bit_of_a_manual_model(name, monkeypatch):
    data = create_data("wine", scale="minmax", repeat=3)
    results = []
    for size in (4, 1):
        monkeypatch.setattr(nnzoo.data.base, "BLOCK_SIZE", size)
        results.append(trained(name, data, epochs=4))
    assert same(results[0][0], results[1][0])
    assert results[0][1:3] == results[1][1:3]
    assert [result[3] for result in results] == [4, 15]


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({}, 1),
        ({"gradient_clip_val": 1e9}, 15),
        ({"accumulate_grad_batches": 5}, 15),
        ({"limit_train_batches": 1}, 1),  # one batch, not one block of them
        ({"limit_train_batches": 4}, 4),
        ({"val_check_interval": 3}, 15),
        ({"val_check_interval": 1}, 15),
        ({"precision": "bf16-mixed"}, 15),
    ],
)
def test_where_lightning_acts_on_each_batch_there_are_no_blocks(options, batches):
    data = create_data("wine", scale="minmax", repeat=3)
    trainer = fit(own_model("autoencoder", data), data, **options)
    assert trainer.num_training_batches == batches
    wanted = 15 if options == {} else batches
    assert trainer.global_step == wanted // options.get("accumulate_grad_batches", 1)


@pytest.mark.parametrize("max_steps", [1, 7, 15, 22])
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_max_steps_is_kept(name, blocks, max_steps, monkeypatch):
    if not blocks:
        monkeypatch.setattr(nnzoo.data.base, "BLOCK_SIZE", 1)
    data = create_data("wine", scale="minmax", repeat=3)
    trainer = fit(own_model(name, data), data, max_epochs=10, max_steps=max_steps)
    assert trainer.global_step == max_steps


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("precision", ["64-true", "32-true", "bf16-mixed"])
def test_precisions(name, precision):
    data = own_data(name)
    model = own_model(name, data)
    trainer = fit(model, data, precision=precision)
    assert trainer.global_step > 0
    dtype = torch.float64 if precision == "64-true" else torch.float32
    assert {value.dtype for value in state(model).values()} == {dtype}


@pytest.mark.parametrize("name", ALL)
def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(name, tmp_path):
    """Two epochs of four, then the rest in a new Trainer, with the schedule of the whole."""
    data = create_data("wine", scale="minmax")
    whole = own_model(name, data)
    fit(whole, data, max_epochs=4)

    class Stop(Rows):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 1

    file = tmp_path / "a.ckpt"
    first = own_model(name, data)
    fit(first, data, max_epochs=4, callbacks=[Stop()]).save_checkpoint(file)
    second = own_model(name, data)
    trainer = fit(second, data, max_epochs=4, ckpt_path=file)
    assert trainer.global_step == 20
    assert not same(state(first), state(whole))
    assert same(state(second), state(whole))


def test_a_model_can_be_fitted_again_in_another_mode():
    data = create_data("moons")
    model = create_model("sigmoid_classifier", data)
    blocks = fit(model, data, max_epochs=1)
    assert blocks.train_dataloader.block_size > 1
    single = fit(model, data, max_epochs=1, gradient_clip_val=1.0)
    assert single.train_dataloader.block_size == 1
    assert single.global_step == blocks.global_step == 13


def test_rows_count_batches_also_where_gradients_are_accumulated():
    data = create_data("blobs", repeat=2)
    rows = Rows()
    fit(
        create_model("autoencoder", data),
        data,
        max_epochs=1,
        accumulate_grad_batches=4,
        callbacks=[rows],
    )
    assert rows.steps == [32, 64]


@pytest.mark.parametrize(
    "modes", [({}, {"gradient_clip_val": 1e9}), ({"gradient_clip_val": 1e9}, {})]
)
def test_a_checkpoint_is_resumed_in_another_mode(modes, tmp_path):
    data = create_data("moons")
    first = fit(create_model("sigmoid_classifier", data), data, max_epochs=1, **modes[0])
    first.save_checkpoint(tmp_path / "first.ckpt")
    model = create_model("sigmoid_classifier", data)
    rest = fit(model, data, ckpt_path=tmp_path / "first.ckpt", max_epochs=3, **modes[1])
    assert (first.global_step, rest.global_step) == (13, 39)


class SeesSteps(pl.Callback):
    def __init__(self):
        self.steps = 0

    def on_before_optimizer_step(self, *args):
        self.steps += 1


class StepHook(nnzoo.models.Autoencoder):
    def on_after_backward(self):
        self.seen = getattr(self, "seen", 0) + 1


def test_what_acts_on_each_step_sees_each_step(tmp_path):
    data = create_data("wine", scale="minmax")
    callback = SeesSteps()
    fit(create_model("autoencoder", data), data, max_epochs=2, callbacks=[callback])
    assert callback.steps == 10
    model = StepHook(13, [8], 2)
    fit(model, data, max_epochs=2)
    assert model.seen == 10
    saved = ModelCheckpoint(tmp_path, every_n_train_steps=3, save_top_k=-1)
    fit(
        create_model("autoencoder", data),
        data,
        max_epochs=2,
        callbacks=[saved],
        enable_checkpointing=True,
    )
    assert len(list(tmp_path.glob("*.ckpt"))) == 3


def test_an_ordinary_checkpoint_does_not_end_blocks(tmp_path):
    data = create_data("wine", scale="minmax")
    options = {"callbacks": [ModelCheckpoint(tmp_path)], "enable_checkpointing": True}
    trainer = fit(create_model("autoencoder", data), data, max_epochs=2, **options)
    assert trainer.train_dataloader.block_size > 1
    assert list(tmp_path.glob("*step=10.ckpt"))


@pytest.mark.parametrize("labels", [[-1, 1], [1, 2], [0.2, 0.8], [[1, 0], [0, 1]]])
def test_labels_that_are_no_class_indices(labels):
    loader = DataLoader(list(zip(torch.randn(2, 3), torch.tensor(labels), strict=True)), 2)
    with pytest.raises(InputError, match="labels must be class indices 0 to 1, one a point"):
        fit(create_model("sigmoid_classifier", in_features=3), loader, max_epochs=1)


def test_limited_batches_count_for_schedules_and_passes():
    data = create_data("blobs")
    model = create_model("autoencoder", data, scheduler={"name": "cosine"})
    trainer = fit(model, data, max_epochs=10, limit_train_batches=2)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)
    rows = Rows()
    fit(
        create_model("perceptron", data),
        data,
        max_epochs=10,
        limit_train_batches=1,
        callbacks=[rows],
    )
    assert len(rows.rows) < 10  # stopped by a pass without an error


class Last(pl.loggers.logger.DummyLogger):
    """Keeps what Lightning hands to a logger."""

    def __init__(self):
        super().__init__()
        self.kept = {}

    def log_metrics(self, metrics, step=None):
        self.kept |= metrics


def test_callbacks_hear_with_a_logger_what_they_hear_without_one():
    heard, logger = [], Last()
    for option in (False, logger):
        data = create_data("wine", scale="minmax", batch_size=32, val_fraction=0.2)
        model, options = own_model("sigmoid_classifier", data), {"log_every_n_steps": 1}
        trainer = fit(model, data, max_epochs=3, logger=option, **options)
        heard.append({k: float(v) for k, v in trainer.callback_metrics.items()})
        assert trainer.logged_metrics.keys() == trainer.callback_metrics.keys()
    assert heard[0].keys() == {"loss", "val_loss", "val_accuracy"}
    assert heard[0] == pytest.approx(heard[1], rel=1e-6)
    assert {name: logger.kept[name] for name in heard[1]} == pytest.approx(heard[1])


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated")  # within Lightning
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_validation_of_a_trained_model_is_returned():
    data = create_data("wine", scale="minmax", val_fraction=0.2)
    model = own_model("sigmoid_classifier", data)
    trainer = fit(model, data, max_epochs=2)
    (found,) = trainer.validate(model, data, verbose=False)
    assert found["val_loss"] == pytest.approx(model.loss(data.val).item())
