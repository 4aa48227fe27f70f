"""The order of the points in an epoch, and the batches of a TensorLoader."""

import pytest
import torch

from nnzoo import create_data
from nnzoo.batch import Batch
from nnzoo.data import loader as loader_module
from nnzoo.data.loader import TensorLoader, epoch_orders
from nnzoo.nn.scaling import Scaling


def loader(n=10, batch_size=4, *, labels=True, seed=0, **options):
    x = torch.arange(float(n))[:, None]
    data = Batch(x, torch.arange(n) if labels else None)
    return TensorLoader(data, batch_size, seed, **options)


def points(batches):
    """The points of batches, in order."""
    return [int(value) for batch in batches for value in batch.x]


@pytest.fixture(params=[False, True], ids=["hashed", "generator"])
def many(request, monkeypatch):
    """Both ways to make an order: of few points and of very many."""
    if request.param:
        monkeypatch.setattr(loader_module, "MAX_HASHED", 3)


def test_every_point_occurs_once_per_epoch(many):
    orders = epoch_orders(50, [0, 3, 2**64 - 1], range(5))
    assert orders.shape == (3, 5, 50)
    assert torch.equal(orders.sort().values, torch.arange(50).expand(3, 5, 50))


def test_orders_differ_between_epochs_and_between_seeds(many):
    orders = epoch_orders(50, range(5), range(5)).reshape(25, 50)
    assert len(orders.unique(dim=0)) == 25


def test_an_order_depends_only_on_seed_and_epoch(many):
    torch.manual_seed(1)
    first = epoch_orders(50, [7, 8], [0, 1, 2])
    torch.manual_seed(2)
    assert torch.equal(epoch_orders(50, [8], [2, 0]), first[1:, [2, 0]])


def test_more_points_than_are_hashed():
    n = loader_module.MAX_HASHED + 3
    one, other = epoch_orders(n, [0], [0, 1])[0]
    assert torch.equal(one.sort().values, torch.arange(n))
    assert (one == other).sum() < 20


def test_orders_are_uniform(many):
    """Each point is equally often at each place, over seeds and over epochs."""
    n, count = 6000, 6
    over_seeds = epoch_orders(count, range(n), [0])[:, 0]
    over_epochs = epoch_orders(count, [0], range(n))[0]
    for orders in (over_seeds, over_epochs):
        counts = torch.stack([(orders == point).sum(0) for point in range(count)])
        expected = n / count
        chi_square = float(((counts - expected) ** 2 / expected).sum())
        # 25 degrees of freedom: more than 60 has a probability of 1e-4.
        assert chi_square < 60
        # All other points follow a point equally often.
        followers = torch.stack([orders[:, 1:][orders[:, :-1] == 0].eq(k).sum() for k in range(6)])
        wanted = followers.sum() / (count - 1)
        assert float(((followers[1:] - wanted) ** 2 / wanted).sum()) < 25


def test_orders_do_not_change_torchs_global_generator(many):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    epoch_orders(50, [1], [0])
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("labels", [True, False])
def test_batches_are_slices_of_the_order(labels):
    served = loader(labels=labels, seed=3)
    for epoch in range(2):
        served.set_epoch(epoch)
        expected = epoch_orders(10, [3], [epoch]).flatten().tolist()
        batches = list(served)
        assert [len(batch.x) for batch in batches] == [4, 4, 2]
        assert points(batches) == expected
        if labels:
            assert [int(label) for batch in batches for label in batch.y] == expected
        else:
            assert all(batch.y is None for batch in batches)


def test_without_a_seed_the_order_is_unchanged():
    served = loader(seed=None)
    for epoch in range(3):
        served.set_epoch(epoch)
        assert points(served) == list(range(10))


@pytest.mark.parametrize("gathered", [1, 8, 9, 2**20])
def test_points_that_are_ordered_in_pieces_form_the_same_batches(monkeypatch, gathered):
    expected = list(loader(23))
    monkeypatch.setattr(loader_module, "MAX_GATHERED", gathered)
    found = list(loader(23))
    assert [len(batch.x) for batch in found] == [len(batch.x) for batch in expected]
    assert points(found) == points(expected)


def test_a_scaling_is_applied_to_each_batch():
    scaling = Scaling.fit(torch.arange(10.0)[:, None], "minmax")
    found = torch.cat([batch.x for batch in loader(scaling=scaling)])
    expected = torch.cat([scaling(batch.x) for batch in loader()])
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert found.max() == 1


@pytest.mark.parametrize("n", [1, 7, 8, 9])
@pytest.mark.parametrize("batch_size", [1, 4, 20])
@pytest.mark.parametrize("world_size", [1, 2])
def test_the_length_is_the_number_of_batches(n, batch_size, world_size):
    served = loader(n, batch_size, world_size=world_size)
    assert len(list(served)) == len(served)


@pytest.mark.parametrize("seed", [0, None])
@pytest.mark.parametrize(("n", "world_size"), [(10, 2), (13, 3), (4, 4), (7, 5), (9, 2)])
def test_processes_deal_out_the_batches_of_one(seed, n, world_size):
    shares = [
        [
            batch.x[:, 0].tolist()
            for batch in loader(n, 4, seed=seed, rank=rank, world_size=world_size)
        ]
        for rank in range(world_size)
    ]
    whole = [batch.x[:, 0].tolist() for batch in loader(n, 4 * world_size, seed=seed)]
    assert {len(share) for share in shares} == {len(whole)}  # all do as many steps
    for number, points_ in enumerate(whole):
        assert [share[number] for share in shares] == [
            points_[rank::world_size] for rank in range(world_size)
        ]


def test_loaders_work_without_a_trainer():
    data = create_data("iris", batch_size=50)
    torch.manual_seed(4)
    batches = list(data.train_dataloader())
    assert [len(batch.x) for batch in batches] == [50, 50, 20]
    order = epoch_orders(120, [4], [0]).flatten()  # by torch's seed
    assert torch.equal(torch.cat([batch.x for batch in batches]), data.train.x[order])
    (whole,) = data.val_dataloader()
    assert len(whole.x) == 30


def test_a_batch_size_of_null_is_one_batch():
    (batch,) = create_data("iris", batch_size=None).train_dataloader()
    assert len(batch.x) == 120
