"""Optimizers and learning-rate schedules from plain mappings, against torch's own."""

import pytest
import torch
from helpers import fit, own_model, tiny_model, train_by_engine
from lightning.pytorch import Callback
from torch.optim import lr_scheduler

import nnzoo
from nnzoo import InputError, create_data
from nnzoo.engine.optimizers import FORMULAS, OWN_STEPS
from nnzoo.models.training.optimizers import (
    OPTIMIZERS,
    SCHEDULERS,
    build_optimizer,
    build_scheduler,
)
from nnzoo.models.training.trainable import ONE_LOSS

EPOCHS = 6

# name: options, and torch's schedule with these options
SCHEDULES = {
    "cosine": ({}, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=EPOCHS)),
    "exponential": ({"gamma": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9)),
    "linear": (
        {"start_factor": 0.1, "end_factor": 1},
        lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=EPOCHS),
    ),
    "multistep": (
        {"milestones": [1, 4], "gamma": 0.5},
        lambda o: lr_scheduler.MultiStepLR(o, milestones=[1, 4], gamma=0.5),
    ),
    "step": (
        {"step_size": 2, "gamma": 0.1},
        lambda o: lr_scheduler.StepLR(o, step_size=2, gamma=0.1),
    ),
}


class Rates(Callback):
    """The learning rate of each epoch."""

    def __init__(self):
        self.rates = []

    def on_train_epoch_start(self, trainer, pl_module):
        (optimizer,) = trainer.optimizers
        self.rates.append(optimizer.param_groups[0]["lr"])


def torchs_rates(build):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.01)
    scheduler = build(optimizer)
    rates = []
    for _ in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_every_schedule_is_tested_here():
    assert set(SCHEDULES) == set(SCHEDULERS)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rate_changes_once_an_epoch_as_torchs(name):
    options, build = SCHEDULES[name]
    data = create_data("wine", batch_size=36, val_fraction=0)
    config = {"optimizer": {"name": "sgd", "lr": 0.01}, "scheduler": {"name": name, **options}}
    model = own_model("mlp", data, **config)
    rates = Rates()
    fit(model, data, callbacks=[rates], max_epochs=EPOCHS)
    wanted = torchs_rates(build)
    assert len(set(wanted)) > 1
    assert rates.rates == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("name", "by_engine"),
    [
        *((name, False) for name in OPTIMIZERS),
        *((name, True) for name in (*FORMULAS, *OWN_STEPS)),
    ],
)
def test_every_optimizer_lowers_the_loss(name, by_engine):
    data = create_data("wine", batch_size=None)
    optimizer = {"name": name, "lr": 0.01}
    model = own_model("sigmoid_classifier", data, loss="mse", optimizer=optimizer)
    before = model.loss(data.train)
    if by_engine:
        train_by_engine(model, data, 20)
    else:
        trainer = fit(model, data, max_epochs=20)
        assert isinstance(trainer.optimizers[0], OPTIMIZERS[name])
    assert model.loss(data.train) < before


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("optimizer", {"name": "adan", "lr": 0.1}, r"unknown model\.optimizer\.name 'adan'; did"),
        ("optimizer", {"lr": 0.0}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"lr": -1}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"lr": "high"}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"momentun": 0.9}, "unknown key of model.optimizer 'momentun'"),
        ("optimizer", {"weight_decay": -1}, r"model\.optimizer: Invalid weight_decay"),
        ("optimizer", {"eps": "small"}, r"model\.optimizer\.eps must be a number, got 'small'"),
        ("optimizer", {"weight_decay": True}, r"weight_decay must be a number, got True"),
        ("optimizer", {"betas": [0.9, None]}, r"each of model\.optimizer\.betas must be a number"),
        ("optimizer", {"amsgrad": 1}, r"model\.optimizer\.amsgrad must be true or false, got 1"),
        ("optimizer", {"name": "lbfgs", "max_iter": 1.5}, r"optimizer\.max_iter must be a whole"),
        ("optimizer", "adam", r"model\.optimizer must be a mapping with a name"),
        ("scheduler", {"name": "cosin"}, r"unknown model\.scheduler\.name 'cosin'; did you mean"),
        ("scheduler", {"name": "step"}, r"model\.scheduler\.step_size is missing"),
        ("scheduler", {"name": "step", "stepsize": 2}, "unknown key of model.scheduler 'stepsize'"),
        ("scheduler", {"gamma": 0.5}, r"model\.scheduler must be a mapping with a name"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(key, config, message):
    data = create_data("blobs")
    with pytest.raises(InputError, match=message):
        fit(own_model("autoencoder", data, **{key: config}), data)


@pytest.mark.parametrize("name", ["elman", "jordan"])
def test_squares_of_sequences_are_learned_and_named_as_text(name):
    x = torch.rand(6, 5, 2, generator=torch.Generator().manual_seed(0))
    forced = {"forcing": 0.5} if name == "jordan" else {}
    options = {"optimizer": "levenberg_marquardt", "batch_size": None, "epochs": 8, "seed": 0}
    run = nnzoo.train(name, x, x[..., :1].cumsum(1), hidden=3, washout=1, **options, **forced)
    assert run.model.optimizer_config["name"] == "levenberg_marquardt"
    batch = run.data.train.like(run.model.prototype)
    noise = run.model.sample_noise(batch, torch.Generator().manual_seed(0))
    squares = run.model.residuals(batch, noise).square().sum() / len(batch.x)
    assert squares.item() == pytest.approx(run.model.loss(batch, noise).item(), rel=1e-5)
    assert run.history.loss.iloc[-1] < 0.3 * run.history.loss.iloc[0]


def test_a_linear_schedule_falls_to_zero():
    optimizer = build_optimizer([torch.zeros(1, requires_grad=True)], {"name": "sgd", "lr": 1.0})
    schedule = build_scheduler(optimizer, 4, {"name": "linear"})
    rates = []
    for _ in range(4):
        rates += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([1, 0.75, 0.5, 0.25])


@pytest.mark.parametrize("name", ["gan", "counterpropagation"])
@pytest.mark.parametrize("optimizer", ONE_LOSS)
def test_what_needs_one_loss(name, optimizer):
    with pytest.raises(InputError, match=f"{optimizer} needs a model with one loss"):
        tiny_model(name, optimizer={"name": optimizer})
