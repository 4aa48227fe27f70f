"""Every model under a plain Lightning Trainer: two processes learn the same as one."""

import os
import sys
from typing import NamedTuple

import lightning.pytorch as pl
import pytest
import torch
from helpers import (
    MODELS,
    OF_POINTS,
    TINY,
    Losses,
    batch_of,
    difference,
    fit,
    state,
    suited,
    tiny_data,
    tiny_model,
)
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from torch import distributed
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from nnzoo import create_data, create_model
from nnzoo.models import MLP
from nnzoo.runs.ranks import can_fork, other_ranks

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or torch.cuda.is_available(), reason="processes fork, without CUDA"
)

PAIR = {"strategy": "ddp", "devices": 2}
X = torch.rand(41, 3, generator=torch.Generator().manual_seed(0))  # an odd number
Y = (X.sum(1) > 1.5).long()


class Seeded(pl.Callback):
    """Sets the seed before a model initializes, which Lightning does only for several processes."""

    def on_fit_start(self, trainer, pl_module):
        torch.manual_seed(0)


class Learned(NamedTuple):
    losses: list[float]
    metrics: dict[str, float]
    weights: dict[str, torch.Tensor]


def learned(model, *data, **options) -> Learned:
    epochs = Losses()
    trainer = fit(model, *data, max_epochs=3, callbacks=[Seeded(), epochs], **options)
    metrics = {name: value.item() for name, value in trainer.callback_metrics.items()}
    return Learned(epochs.losses, metrics, state(model))


def by_data_module(name, dtype, processes=1):
    """Train on 100 points in batches of 32, so that the last one has 4, 2 of each process; validate
    on 50."""
    data = tiny_data(name, batch_size=32 // processes, val_fraction=1 / 3)
    model = tiny_model(name, data).to(dtype)
    precision = {torch.float32: "32-true", torch.float64: "64-true"}[dtype]
    return learned(model, data, precision=precision, **(PAIR if processes == 2 else {}))


def by_loader(name, processes=1):
    """Train on 41 points in batches of 8, so that the last one has a single point, in the order of
    torch's ``DistributedSampler``, which Lightning uses for several processes."""
    torch.manual_seed(0)
    model = create_model(name, in_features=3, **TINY[name])
    points = TensorDataset(suited(name, X), Y)
    order = {"sampler": DistributedSampler(points, 1, 0)} if processes == 1 else {}
    train = DataLoader(points, batch_size=batch_of(name, 8 // processes), **order)
    val = DataLoader(points, batch_size=30 // processes)
    return learned(model, train, val, **(PAIR if processes == 2 else {}))


def in_two_processes(work):
    """Call a function in two processes and return the result of the first."""
    assert can_fork()
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(find_free_network_port())}
    with other_ranks(2, work, address, fork=True, fail=print):
        return work()


@pytest.fixture(scope="module")
def by_two():
    """Return what each model learns in two processes, which start only once."""
    torch.set_num_threads(1)
    os.environ.pop("PL_GLOBAL_SEED", None)  # Lightning would take its seeds from it

    def work():
        found = {(name, "loader"): by_loader(name, 2) for name in OF_POINTS}
        for dtype in (torch.float32, torch.float64):
            found |= {(name, dtype): by_data_module(name, dtype, 2) for name in MODELS}
        return found

    return in_two_processes(work)


def assert_near(one, two, tolerance):
    assert two.losses == pytest.approx(one.losses, rel=tolerance, abs=1e-12)
    assert two.metrics == pytest.approx(one.metrics, rel=tolerance, abs=1e-12)
    assert difference(one.weights, two.weights) < tolerance


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", MODELS)
def test_two_processes_with_half_the_batch_equal_one(name, dtype, by_two):
    tolerance = 1e-9 if dtype == torch.float64 else 1e-5
    assert_near(by_data_module(name, dtype), by_two[name, dtype], tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_POINTS)
def test_an_ordinary_loader_of_an_odd_number_of_points(name, by_two):
    """The sampler repeats a point, which must count once."""
    assert_near(by_loader(name), by_two[name, "loader"], 1e-5)


@pytest.mark.parametrize("name", ["competitive", "counterpropagation", "gan", "mlp"])
def test_processes_with_other_seeds_learn_the_same_weights(name, monkeypatch):
    monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)

    def work():
        data = create_data("iris", batch_size=8)
        model = tiny_model(name, data, seed=os.getpid())
        fit(model, data, max_epochs=2, **PAIR)
        for value in state(model).values():
            first = value.clone()
            distributed.broadcast(first, 0)
            assert torch.equal(value, first)
        return model.trainer.world_size

    assert in_two_processes(work) == 2


class CustomStep(MLP):
    """Learns in each process from that process's points alone."""

    def training_step(self, batch, batch_idx):
        return self.loss(self.as_batch(batch))


def test_gradients_of_a_custom_training_step_are_averaged():
    def new():
        torch.manual_seed(0)
        return CustomStep(4, 3, "classification", **TINY["mlp"], optimizer={"name": "sgd", "lr": 1})

    def work():
        model = new()
        fit(model, tiny_data("mlp", batch_size=60, shuffle=False), **PAIR)
        return state(model)

    one = new()
    fit(one, tiny_data("mlp", batch_size=120, shuffle=False))
    assert difference(state(one), in_two_processes(work)) < 1e-5
