"""What acts on each step under a plain Trainer: clipping, accumulation, precision, callbacks."""

import lightning.pytorch as pl
import pytest
import torch
from helpers import (
    AT_ONCE,
    MODELS,
    Batches,
    Losses,
    difference,
    fit,
    same,
    state,
    tiny_data,
    tiny_model,
)
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

import nnzoo.models
from nnzoo import create_data, create_model
from nnzoo.models import Clock
from nnzoo.models.bases.winner_take_all import Winners

MANUAL = [name for name in MODELS if not tiny_model(name).automatic_optimization]


def test_clipping_by_a_large_value_changes_nothing_and_by_a_small_one_does():
    data = tiny_data("mlp")
    states = []
    for limit in (None, 1e9, 1e-3):
        model = tiny_model("mlp", data, optimizer={"name": "sgd", "lr": 0.1})
        fit(model, data, max_epochs=2, gradient_clip_val=limit)
        states.append(state(model))
    assert same(*states[:2])
    assert not same(*states[1:])


# The biases of an rbm start at 0, and change by small differences of large numbers.
@pytest.mark.parametrize("name", [m for m in MODELS if m not in (*MANUAL, "rbm", "sigmoid_neuron")])
def test_accumulated_gradients_of_two_halves_are_those_of_the_whole(name):
    options = {"optimizer": {"name": "sgd", "lr": 0.1}}
    states = []
    for batch_size, accumulate in ((120, 1), (60, 2)):
        data = tiny_data(name, batch_size=batch_size, shuffle=False)
        model = tiny_model(name, data, **options)
        if model.sample_noise(data.train, torch.Generator()) is not None:
            model.sample_noise = lambda batch, generator: None  # which would differ between halves
        trainer = fit(model, data, accumulate_grad_batches=accumulate)
        assert trainer.global_step == 1
        states.append(state(model))
    assert difference(*states) < 1e-5


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", ["64-true", "32-true", "bf16-mixed"])
def test_training_in_each_precision_changes_finite_weights(name, precision):
    data = tiny_data(name)
    model = tiny_model(name, data)
    before = state(model)
    fit(model, data, precision=precision, max_epochs=2)
    dtype = torch.float64 if precision == "64-true" else torch.float32
    weights = state(model)
    doubles = {name for name in weights if "scaling." in name}
    if isinstance(model, Winners):
        doubles.add("layer.weight")
    if name in AT_ONCE:
        doubles |= {"basis.spread", "head.weight", "head.bias"} & weights.keys()
    assert all(weights[name].dtype == torch.float64 for name in doubles)
    assert {value.dtype for name, value in weights.items() if name not in doubles} == {dtype}
    assert not same({name: value.to(before[name]) for name, value in weights.items()}, before)
    assert all(value.isfinite().all() for value in state(model).values())


@pytest.mark.parametrize("name", MODELS)
def test_half_precision_learns_nearly_the_same(name):
    data = tiny_data(name)
    found = []
    for precision in ("32-true", "bf16-mixed"):
        model = tiny_model(name, data)
        fit(model, data, precision=precision)
        found.append(model.metrics(data.train)[model.monitor].item())
    assert found[1] == pytest.approx(found[0], rel=0.2)


@pytest.mark.parametrize("max_steps", [1, 7])
@pytest.mark.parametrize("name", MODELS)
def test_limited_steps_and_batches(name, max_steps):
    data = tiny_data(name)
    batches = min(2, len(data.train.x) // data.batch_points())
    seen = []
    model = tiny_model(name, data)
    steps = model.steps
    model.steps = lambda clock: seen.append(clock) or steps(clock)
    counted = Batches()
    trainer = fit(model, data, max_epochs=3, limit_train_batches=2, callbacks=[counted])
    assert counted.count == 3 * batches
    assert trainer.num_training_batches == batches
    if name in MANUAL:
        assert [clock.step for clock in seen] == list(range(3 * batches))
        assert {(clock.steps, clock.per_epoch) for clock in seen} == {(3 * batches, batches)}
    elif tiny_model(name).default_optimizer is not None:
        trainer = fit(tiny_model(name, data), data, max_epochs=10, max_steps=max_steps)
        assert trainer.global_step == max_steps


class SeesSteps(pl.Callback):
    def __init__(self):
        self.steps = 0

    def on_before_optimizer_step(self, *args):
        self.steps += 1


class StepHook(nnzoo.models.Autoencoder):
    seen = 0

    def on_after_backward(self):
        self.seen += 1


def test_callbacks_and_hooks_see_each_step(tmp_path):
    data = create_data("wine", scale="minmax")
    callback = SeesSteps()
    fit(create_model("autoencoder", data), data, max_epochs=2, callbacks=[callback])
    assert callback.steps == 10
    model = StepHook(13, [8], 2)
    fit(model, data, max_epochs=2)
    assert model.seen == 10
    saved = ModelCheckpoint(tmp_path, every_n_train_steps=3, save_top_k=-1)
    options = {"callbacks": [saved], "enable_checkpointing": True}
    fit(create_model("autoencoder", data), data, max_epochs=2, **options)
    assert len(list(tmp_path.glob("*.ckpt"))) == 3


def test_lightnings_early_stopping_and_checkpoints_follow_validation_metrics(tmp_path):
    data = tiny_data("mlp")
    saved = ModelCheckpoint(tmp_path, monitor="val_accuracy", mode="max")
    stopping = EarlyStopping("val_loss", patience=1, min_delta=1.0)
    options = {"callbacks": [saved, stopping], "enable_checkpointing": True}
    trainer = fit(tiny_model("mlp", data), data, max_epochs=20, **options)
    assert trainer.current_epoch == 2
    best = nnzoo.load_model(saved.best_model_path)
    found = best.metrics(data.val)["accuracy"].item()
    assert found == pytest.approx(saved.best_model_score.item())


@pytest.mark.parametrize("points", [40, 24])
def test_the_sampler_of_an_ordinary_loader_is_used(points):
    generator = torch.Generator().manual_seed(0)
    sampler = WeightedRandomSampler([1.0] * 40, points, generator=generator)
    epochs, counted = Losses(), Batches()
    x = torch.rand(40, 3, generator=generator)
    y = (x.sum(1) > 1.5).long()
    model = create_model("mlp", in_features=3)
    loader = DataLoader(TensorDataset(x, y), batch_size=8, sampler=sampler)
    fit(model, loader, max_epochs=5, callbacks=[epochs, counted])
    assert counted.count == 5 * points // 8
    assert epochs.losses[-1] < epochs.losses[0]


def test_shares_of_the_training_by_the_clock():
    clock = Clock(step=3, steps=12, per_epoch=3)
    assert (clock.progress, clock.share, clock.starts_epoch) == (0.25, 1 / 12, True)
    assert not Clock(4, 12, 3).starts_epoch
    assert Clock(15, 12, 3).progress == 1
