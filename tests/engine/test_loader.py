"""The mini-batches of a population."""

import pytest
import torch
from helpers import tiny_data

import nnzoo
from nnzoo.batch import Batch
from nnzoo.data import loader as data_loader
from nnzoo.data.loader import TensorLoader
from nnzoo.engine import loader as engine_loader
from nnzoo.engine.loader import PopulationLoader

LIKE = torch.zeros((), dtype=torch.float32)


def batches(loader, epoch, last=100):
    return list(loader.epoch(epoch, last))


def same_batch(one, other):
    assert torch.equal(one.x, other.x)
    assert (one.y is None) == (other.y is None)
    assert one.y is None or torch.equal(one.y, other.y)


@pytest.mark.parametrize("shared", [True, False])
def test_each_member_gets_the_batches_that_it_would_get_alone(shared):
    first = tiny_data("mlp", batch_size=32)
    parts = [first] * 3 if shared else [tiny_data("mlp", batch_size=32, seed=k) for k in range(3)]
    loader = PopulationLoader(parts, [4, 5, 9], LIKE, True)
    assert loader.shared is shared
    n = len(first.raw[0].x)
    assert loader.sizes == [32] * (n // 32) + [n % 32]
    for epoch in (0, 1, 70):
        found = batches(loader, epoch)
        assert [len(batch.x[0]) for batch in found] == loader.sizes
        for member, (part, seed) in enumerate(zip(parts, (4, 5, 9), strict=True)):
            alone = TensorLoader(part.train, 32, seed)
            alone.set_epoch(epoch)
            for one, other in zip(found, alone, strict=True):
                same_batch(Batch(one.x[member], one.y[member]), other)


@pytest.mark.parametrize("shared", [True, False])
def test_batches_after_a_member_left(shared):
    data = tiny_data("mlp")
    parts = [data] * 3 if shared else [tiny_data("mlp", seed=k) for k in range(3)]
    loader = PopulationLoader(parts, [4, 5, 9], LIKE, True)
    before = batches(loader, 3)
    points = loader.all_points("train")
    assert points.x.shape[: 1 if shared else 2] == ((120,) if shared else (3, 120))
    loader.keep([0, 2])
    for one, other in zip(before, batches(loader, 3), strict=True):
        same_batch(Batch(one.x[[0, 2]], one.y[[0, 2]]), other)
    assert shared or torch.equal(loader.all_points("train").x, points.x[[0, 2]])


def test_without_shuffling_points_keep_their_order():
    data = tiny_data("mlp", shuffle=False, batch_size=None)
    (batch,) = batches(PopulationLoader([data, data], [0, 1], LIKE, True), 5)
    assert torch.equal(batch.x[1], data.train.x)
    assert torch.equal(batch.x[0], data.train.x)


def test_epochs_ordered_ahead_have_the_same_batches(monkeypatch):
    data = tiny_data("mlp")
    wanted = [b.x for b in batches(PopulationLoader([data, data], [0, 1], LIKE, True), 2)]
    monkeypatch.setattr(engine_loader, "MAX_GATHERED", 3 * 2 * 120 * 4)
    loader = PopulationLoader([data, data], [0, 1], LIKE, True)
    assert list(loader._order(2, 100)) == [2, 3, 4]
    assert list(loader._order(2, 4)) == [2, 3]
    found = [b.x for b in batches(loader, 2)]
    assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_very_many_points_are_ordered_in_pieces(monkeypatch):
    data = tiny_data("mlp", batch_size=50)
    wanted = batches(PopulationLoader([data], [3], LIKE, True), 2)
    monkeypatch.setattr(engine_loader, "MAX_GATHERED", 100)
    monkeypatch.setattr(data_loader, "MAX_GATHERED", 100)
    monkeypatch.setattr(engine_loader, "SLICE", 40)
    loader = PopulationLoader([data], [3], LIKE, True)
    for one, other in zip(batches(loader, 2), wanted, strict=True):
        same_batch(one, other)
    parts = list(loader.slices("train"))
    assert torch.equal(torch.cat([part.x for part in parts]), data.train.x)
    assert PopulationLoader([data], [3], LIKE, False).slices("train") is None
    assert PopulationLoader([data, data], [3, 4], LIKE, True).slices("train") is None


def test_values_have_the_type_of_the_weights():
    data = nnzoo.create_data("parabola")
    loader = PopulationLoader([data, data], [0, 1], LIKE.double(), True)
    batch = batches(loader, 0)[0]
    assert (batch.x.dtype, batch.y.dtype) == (torch.float64, torch.float64)
    labels = PopulationLoader([tiny_data("mlp")] * 2, [0, 1], LIKE.double(), True)
    assert batches(labels, 0)[0].y.dtype == torch.int64
