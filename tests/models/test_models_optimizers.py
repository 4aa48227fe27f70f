"""Optimizers and learning-rate schedules from plain mappings, against torch's own."""

import pytest
import torch
from helpers import fit, own_model
from lightning.pytorch import Callback
from torch.optim import lr_scheduler

from nnzoo import InputError, create_data
from nnzoo.models.optimizers import OPTIMIZERS, SCHEDULERS, build_optimizer

EPOCHS, REPEAT = 3, 2
PASSES = EPOCHS * REPEAT

# name: the options asked for, and torch's own schedule with what they mean
SCHEDULES = {
    "cosine": ({}, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=PASSES)),
    "exponential": ({"gamma": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9)),
    "linear": (
        {"start_factor": 0.1},
        lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=PASSES),
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
    """The learning rate of each step, as the model's own loss sees it."""

    def __init__(self, model):
        self.rates = []
        self.loss = model.loss
        model.loss = self

    def __call__(self, batch):
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        return self.loss(batch)

    def on_train_start(self, trainer, pl_module):
        (self.optimizer,) = trainer.optimizers


def torchs_rates(build):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.01)
    scheduler = build(optimizer)
    rates = []
    for _ in range(PASSES):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_every_schedule_is_told_of_here():
    assert set(SCHEDULES) == set(SCHEDULERS)


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("limit", [{"max_epochs": EPOCHS}, {"max_epochs": None, "max_steps": 30}])
@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rate_changes_once_a_pass_as_torchs_own(name, limit, blocks):
    options, build = SCHEDULES[name]
    data = create_data("wine", repeat=REPEAT, batch_size=36, val_fraction=0)  # 5 steps a pass
    model = own_model(
        "autoencoder",
        data,
        output_activation="identity",
        optimizer={"name": "sgd", "lr": 0.01},
        scheduler={"name": name, **options},
    )
    rates = Rates(model)
    # An enormous limit of the gradient changes nothing but that there are no blocks.
    fit(model, data, callbacks=[rates], gradient_clip_val=None if blocks else 1e9, **limit)
    wanted = torchs_rates(build)
    assert len(set(wanted)) > 1
    assert rates.rates == pytest.approx([rate for rate in wanted for _ in range(5)])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss(name):
    data = create_data("wine", batch_size=None)
    model = own_model("sigmoid_classifier", data, optimizer={"name": name, "lr": 0.01})
    before = model.score(data)["loss"]
    trainer = fit(model, data, max_epochs=20)
    assert isinstance(trainer.optimizers[0], OPTIMIZERS[name])
    assert model.score(data)["loss"] < before


@pytest.mark.parametrize("name", ["adam", "adamw", "momentum", "sgd"])
def test_fused_optimizers_take_the_same_steps(name):
    """Five steps on a quadratic, with and without the one kernel for all parameters."""
    ends = []
    for options in ({}, {"fused": False}):
        parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
        optimizer = build_optimizer([parameter], {"name": name, "lr": 0.1, **options})
        assert bool(optimizer.defaults["fused"]) is (options == {})
        for _ in range(5):
            optimizer.zero_grad()
            parameter.square().sum().backward()
            optimizer.step()
        ends.append(parameter.detach().clone())
    torch.testing.assert_close(*ends)
    assert not torch.equal(ends[0], torch.tensor([1.0, -2.0, 3.0]))


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("optimizer", {"name": "adan", "lr": 0.1}, r"unknown model\.optimizer\.name 'adan'; did"),
        ("optimizer", {"lr": 0.0}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"lr": -1}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"lr": "high"}, r"model\.optimizer\.lr must be a number > 0"),
        ("optimizer", {"momentun": 0.9}, "unknown key of model.optimizer 'momentun'"),
        ("optimizer", {"weight_decay": -1}, r"model\.optimizer: Invalid weight_decay"),
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
