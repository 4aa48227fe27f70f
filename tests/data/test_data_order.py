"""The order of the points, and the batches and blocks they come in."""

import pytest
import torch

from nnzoo import create_data
from nnzoo.batch import Batch, Block
from nnzoo.data.loader import Order, TensorLoader


def loader(n=10, batch_size=4, *, labels=True, block_size=1, seed=0, shuffle=True, **options):
    x = torch.arange(float(n))[:, None]
    data = Batch(x, torch.arange(n) if labels else None)
    return TensorLoader(data, batch_size, Order(n, seed, shuffle, **options), block_size)


def points(batches):
    """The points of batches, in order."""
    return [int(value) for batch in batches for value in batch.x]


def epoch(order, number):
    order.set_epoch(number)
    return order.indices(0).tolist()


def test_every_point_comes_once_a_pass():
    order = Order(50, seed=3, shuffle=True)
    for number in range(5):
        assert sorted(epoch(order, number)) == list(range(50))


def test_the_order_depends_on_seed_and_epoch_alone():
    torch.manual_seed(1)
    first = [epoch(Order(50, 7, True), number) for number in (0, 1, 2)]
    torch.manual_seed(2)
    again = Order(50, 7, True)
    assert [epoch(again, number) for number in (2, 0, 1)] == [first[2], first[0], first[1]]


def test_it_differs_between_epochs_and_between_seeds():
    orders = [epoch(Order(50, seed, True), number) for seed in range(5) for number in range(5)]
    assert len(set(map(tuple, orders))) == 25


def test_it_does_not_touch_torchs_random_stream():
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    Order(50, 1, True).indices(0)
    assert torch.equal(torch.rand(1), wanted)


def test_a_huge_seed_is_fine():
    assert sorted(epoch(Order(5, 2**64 - 1, True), 3)) == list(range(5))


def test_without_shuffling_the_order_is_the_given_one():
    served = loader(shuffle=False)
    for number in range(3):
        served.sampler.set_epoch(number)
        assert points(served) == list(range(10))


def test_batches_are_slices_of_the_order_with_their_labels():
    served = loader()
    wanted = served.sampler.indices(0).tolist()
    batches = list(served)
    assert [len(batch.x) for batch in batches] == [4, 4, 2]
    assert points(batches) == wanted
    assert [int(label) for batch in batches for label in batch.y] == wanted


def test_unlabelled_points_have_no_labels():
    assert all(batch.y is None for batch in loader(labels=False))


def test_repeat_gives_so_many_passes_each_in_an_order_of_its_own():
    served = loader(repeat=3)
    passes = [points(list(served)[3 * i : 3 * i + 3]) for i in range(3)]
    assert all(sorted(one) == list(range(10)) for one in passes)
    assert len(set(map(tuple, passes))) == 3


def test_passes_are_in_the_same_order_however_epochs_divide_them():
    """Two epochs of three passes are six epochs of one."""
    long, short = loader(repeat=3), loader()
    seen = []
    for number in range(2):
        long.sampler.set_epoch(number)
        seen += points(long)
    wanted = []
    for number in range(6):
        short.sampler.set_epoch(number)
        wanted += points(short)
    assert seen == wanted


@pytest.mark.parametrize("repeat", [1, 4])
@pytest.mark.parametrize("block_size", [2, 3, 100])
@pytest.mark.parametrize("labels", [True, False])
def test_blocks_hold_the_same_batches(repeat, block_size, labels):
    plain = list(loader(repeat=repeat, labels=labels))
    blocks = list(loader(repeat=repeat, labels=labels, block_size=block_size))
    assert all(isinstance(block, Block) for block in blocks)
    assert all(len(block) == block_size for block in blocks[:-1])
    inside = [batch for block in blocks for batch in block]
    assert len(inside) == len(plain)
    for one, other in zip(inside, plain, strict=True):
        assert torch.equal(one.x, other.x)
        assert (one.y is other.y is None) or torch.equal(one.y, other.y)


@pytest.mark.parametrize("n", [1, 7, 8, 9])
@pytest.mark.parametrize("batch_size", [1, 4, 20])
@pytest.mark.parametrize("repeat", [1, 3])
@pytest.mark.parametrize("block_size", [1, 2, 5])
@pytest.mark.parametrize("world_size", [1, 2])
def test_the_length_is_the_number_of_items(n, batch_size, repeat, block_size, world_size):
    served = loader(n, batch_size, repeat=repeat, block_size=block_size, world_size=world_size)
    items = list(served)
    assert len(items) == len(served)
    steps = sum(len(item) for item in items) if block_size > 1 else len(items)
    assert steps == served.steps_per_pass * repeat


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("n", "world_size"), [(10, 2), (10, 3), (4, 4), (7, 5)])
def test_the_shares_of_all_processes_cover_the_points(shuffle, n, world_size):
    shares = [
        points(loader(n, 4, shuffle=shuffle, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    size = -(-n // world_size)
    assert [len(share) for share in shares] == [size] * world_size  # all take as many steps
    served = [point for share in shares for point in share]
    assert set(served) == set(range(n))
    assert len(served) - n < world_size  # no more is served twice than makes the shares equal


def test_loaders_can_be_looked_at_without_a_trainer():
    data = create_data("iris", batch_size=50)
    batches = list(data.train_dataloader())
    assert [len(batch.x) for batch in batches] == [50, 50, 20]
    (whole,) = data.val_dataloader()
    assert len(whole.x) == 30
