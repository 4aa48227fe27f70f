"""Features of Lightning's Trainer on every model: what holds after each, and what is refused."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple

import lightning.pytorch as pl
import pytest
import torch
from helpers import (
    AT_ONCE,
    EXPECTED,
    MODELS,
    batch_of,
    fit,
    mostly_slow,
    same,
    state,
    tiny_data,
    tiny_model,
)
from lightning.pytorch import callbacks
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.profilers import SimpleProfiler
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader, TensorDataset

pytestmark = [
    *(pytest.mark.filterwarnings(f"ignore:{message}") for message in EXPECTED),
    # Lightning gives rules an optimizer that never steps.
    pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step"),
]

MANUAL = frozenset(m for m in MODELS if not tiny_model(m).automatic_optimization)
RULES = frozenset(m for m in MODELS if tiny_model(m).default_optimizer is None)
BATCHES = 4  # of an epoch
KEPT = 24  # cases of the table that a plain pytest runs


class Feature(NamedTuple):
    """A row of the table.

    Attributes:
        options: those of the Trainer, from an empty folder.
        holds: whether the feature worked, from the Trainer and the trained model, whose weights
            have changed and are finite.
        refused: messages of errors by the set of models that raise them.
        arguments: of models that have an optimizer.
    """

    options: Callable[[Any], dict[str, Any]]
    holds: Callable[[pl.Trainer, Any], object] = lambda trainer, model: True
    refused: Mapping[frozenset[str], str] = {}
    arguments: Mapping[str, Any] = {}


def callback(trainer, kind):
    return next(c for c in trainer.callbacks if isinstance(c, kind))


def saved(folder):
    return callbacks.ModelCheckpoint(folder, monitor="val_loss", save_last=True)


def rates_are_recorded(trainer, model):
    recorded = callback(trainer, callbacks.LearningRateMonitor).lrs
    return len(recorded) == (0 if model.default_optimizer is None else len(model.parts))


def of(*callback_list, **options):
    return {"callbacks": list(callback_list), **options}


def dtypes(model):
    if model.learns_at_once:  # in float64
        return set()
    return {value.dtype for name, value in state(model).items() if name.endswith("bias")}


STEPS_ALONE = {MANUAL: "not supported for\\s+manual optimization"}
FEATURES = {
    # Callbacks
    "early stopping": Feature(
        lambda _: of(callbacks.EarlyStopping("val_loss", 1e9, 1), max_epochs=9),
        lambda trainer, _: trainer.current_epoch == 2,
    ),
    "best checkpoint": Feature(
        lambda folder: of(saved(folder), enable_checkpointing=True),
        lambda trainer, _: callback(trainer, callbacks.ModelCheckpoint).best_model_score >= 0,
    ),
    "rates are recorded": Feature(
        lambda folder: of(callbacks.LearningRateMonitor(), logger=CSVLogger(folder)),
        lambda trainer, model: rates_are_recorded(trainer, model),
    ),
    "average of weights": Feature(
        lambda _: of(callbacks.StochasticWeightAveraging(1e-3, 2), max_epochs=4),
        refused={MANUAL - RULES: "SWA currently works with 1 `optimizer`"},
    ),
    "moving average of weights": Feature(lambda _: of(callbacks.EMAWeightAveraging())),
    "rich progress bar": Feature(
        lambda _: of(callbacks.RichProgressBar(), enable_progress_bar=True)
    ),
    "plain progress bar": Feature(lambda _: {"enable_progress_bar": True}),
    "rich summary": Feature(lambda _: of(callbacks.RichModelSummary(), enable_model_summary=True)),
    "accumulation by schedule": Feature(
        lambda _: of(callbacks.GradientAccumulationScheduler({1: 4})),
        lambda trainer, _: trainer.global_step == BATCHES + 1,
        STEPS_ALONE,
    ),
    "timer": Feature(
        lambda _: of(callbacks.Timer("00:00:10:00")),
        lambda trainer, _: callback(trainer, callbacks.Timer).time_elapsed("train") > 0,
    ),
    "device statistics": Feature(
        lambda folder: of(callbacks.DeviceStatsMonitor(cpu_stats=False), logger=CSVLogger(folder))
    ),
    # Precision
    **{
        f"precision {precision}": Feature(
            lambda _, precision=precision: {"precision": precision},
            lambda trainer, model, dtype=dtype: dtypes(model) <= {dtype},
        )
        for precision, dtype in (
            ("64-true", torch.float64),
            ("32-true", torch.float32),
            ("bf16-mixed", torch.float32),
            ("bf16-true", torch.bfloat16),
        )
    },
    "precision 16-true": Feature(  # Adam's epsilon is 0 in float16
        lambda _: {"precision": "16-true"},
        lambda trainer, model: dtypes(model) <= {torch.float16},
        arguments={"optimizer": {"name": "sgd", "lr": 0.01}},
    ),
    # Limits
    "training batches": Feature(
        lambda _: {"limit_train_batches": 2},
        lambda trainer, model: trainer.num_training_batches == (1 if model.learns_at_once else 2),
    ),
    "share of training batches": Feature(
        lambda _: {"limit_train_batches": 0.5},
        lambda trainer, _: trainer.num_training_batches == 2,
        {frozenset(AT_ONCE): "You requested to check 0.5 of the `train_dataloader`"},
    ),
    "validation batches": Feature(
        lambda _: {"limit_val_batches": 1},
        lambda trainer, _: "val_loss" in trainer.callback_metrics,
    ),
    "share of validation batches": Feature(
        lambda _: {"limit_val_batches": 1.0},
        lambda trainer, _: "val_loss" in trainer.callback_metrics,
    ),
    "no validation": Feature(
        lambda _: {"limit_val_batches": 0},
        lambda trainer, _: "val_loss" not in trainer.callback_metrics,
    ),
    "overfitting": Feature(
        lambda _: {"overfit_batches": 1}, lambda trainer, _: trainer.num_training_batches == 1
    ),
    "fast development run": Feature(
        lambda _: {"fast_dev_run": True}, lambda trainer, _: trainer.num_training_batches == 1
    ),
    "steps": Feature(lambda _: {"max_steps": 2}, lambda trainer, _: trainer.global_step == 2),
    "time": Feature(lambda _: {"max_time": {"minutes": 9}}),
    "least epochs": Feature(
        lambda _: {"min_epochs": 2}, lambda trainer, _: trainer.current_epoch == 2
    ),
    "validation within an epoch": Feature(
        lambda _: {"val_check_interval": 0.5},
        lambda trainer, _: "val_loss" in trainer.callback_metrics,
    ),
    "validation every second epoch": Feature(
        lambda _: {"check_val_every_n_epoch": 2},
        lambda trainer, _: "val_loss" in trainer.callback_metrics,
    ),
    "no sanity check": Feature(lambda _: {"num_sanity_val_steps": 0}),
    "sanity check of all": Feature(lambda _: {"num_sanity_val_steps": -1}),
    "new loaders every epoch": Feature(lambda _: {"reload_dataloaders_every_n_epochs": 1}),
    # Steps
    "clipping by norm": Feature(lambda _: {"gradient_clip_val": 0.1}, refused=STEPS_ALONE),
    "clipping by value": Feature(
        lambda _: {"gradient_clip_val": 0.1, "gradient_clip_algorithm": "value"},
        refused=STEPS_ALONE,
    ),
    "accumulation": Feature(
        lambda _: {"accumulate_grad_batches": 2},
        lambda trainer, _: trainer.global_step == BATCHES,
        STEPS_ALONE,
    ),
    "profiler": Feature(
        lambda folder: {"profiler": SimpleProfiler(folder, "profile")},
        lambda trainer, _: list(trainer.profiler.dirpath.glob("*.txt")),
    ),
    "deterministic": Feature(lambda _: {"deterministic": True}),
    "anomaly detection": Feature(lambda _: {"detect_anomaly": True}),
}


def trained(name, folder, *data, arguments=None, **options):
    """Train a tiny model for two epochs; its weights change and stay finite."""
    module = tiny_data(name)
    model = tiny_model(name, module, **(arguments or {}))
    before = state(model)
    defaults = {"max_epochs": 2, "default_root_dir": folder, "log_every_n_steps": 1}
    trainer = fit(model, *(data or (module,)), **(defaults | options))
    after = {key: value.to(before[key]) for key, value in state(model).items()}
    assert all(value.isfinite().all() for value in after.values())
    assert not all(torch.equal(after[key], before[key]) for key in after if "scaling" not in key)
    return trainer, model


@pytest.mark.parametrize(
    ("name", "feature"), mostly_slow([(n, f) for f, n in product(FEATURES, MODELS)], KEPT)
)
def test_feature(name, feature, tmp_path):
    make, holds, refused, arguments = FEATURES[feature]
    arguments = {} if name in RULES else arguments
    for names, message in refused.items():
        if name in names:
            with pytest.raises((MisconfigurationException, RuntimeError), match=message):
                trained(name, tmp_path, arguments=arguments, **make(tmp_path))
            return
    trainer, model = trained(name, tmp_path, arguments=arguments, **make(tmp_path))
    assert holds(trainer, model)


def test_overfitting_trains_on_the_same_batch_each_epoch():
    seen = []

    class Sees(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            seen.append(batch.x)

    data = tiny_data("mlp")
    fit(tiny_model("mlp", data), data, max_epochs=2, overfit_batches=1, callbacks=[Sees()])
    assert torch.equal(*seen)


# Loaders of the user

SOURCES = {
    "points and labels": lambda name, train: loader(name, train),
    "two workers": lambda name, train: loader(name, train, num_workers=2, persistent_workers=True),
}


def loader(name, train, **options):
    options["generator"] = torch.Generator()  # it would draw from the global one, as starts do
    return DataLoader(TensorDataset(*train), batch_size=batch_of(name, 32), **options)


@pytest.mark.parametrize(
    ("name", "source"), mostly_slow([(n, s) for s, n in product(SOURCES, MODELS)], 4)
)
def test_loaders(name, source, tmp_path):
    train = tiny_data(name).train
    expected = trained(name, tmp_path, loader(name, train))[1]
    found = trained(name, tmp_path, SOURCES[source](name, train))[1]
    assert same(state(found), state(expected))


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")  # of the first training
@pytest.mark.parametrize("name", mostly_slow(MODELS, 2))
def test_the_checkpoint_of_the_best_epoch_is_measured_and_resumed(name, tmp_path):
    best, again = saved(tmp_path), saved(tmp_path)
    data = tiny_data(name)
    options = {"enable_checkpointing": True}
    trainer, model = trained(name, tmp_path, data, callbacks=[best], **options)
    last = best.last_model_path  # which Lightning forgets when it reads another checkpoint
    (found,) = trainer.validate(model, data, ckpt_path="best", weights_only=True, verbose=False)
    assert found["val_loss"] == pytest.approx(best.best_model_score.item(), rel=1e-6)
    options |= {"callbacks": [again], "max_epochs": 3}
    resumed = fit(model, data, ckpt_path=last, **options)
    assert resumed.current_epoch == 3
    assert resumed.global_step == trainer.global_step * 3 // 2
