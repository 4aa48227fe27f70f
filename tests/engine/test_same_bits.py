"""Bits are equal for the same seed, for a resumed training, and with or without writing."""

import io
import itertools

import pytest
import torch
from helpers import AT_ONCE, MODELS, difference, mostly_slow, same
from training import (
    AT_END,
    OPTIMIZERS,
    SCHEDULERS,
    by_engine,
    by_lightning,
    data_of,
    member,
    optimizer,
    train,
)

from nnzoo.engine.progress import Progress


def whole(progress):
    """All results of a training except weights, as text with all digits."""
    best = {k: v for k, v in vars(progress.best).items() if k != "weights"}
    return repr((progress.epochs, progress.step, progress.rows, best, progress.last))


def assert_same_bits(one, other):
    assert same(one.weights, other.weights)
    assert same(one.best.weights, other.best.weights)
    assert whole(one) == whole(other)


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=4))
def test_the_same_seed_twice_gives_the_same_bits(name):
    runs = [
        train(*[member(name, data_of(name), seed=seed) for seed in (1, 2)], every=2)
        for _ in range(2)
    ]
    for one, other in zip(*runs, strict=True):
        assert_same_bits(one.progress, other.progress)


def resumed(name, data, kept, **options):
    """A member that continues from the content of a checkpoint."""
    file = io.BytesIO()
    torch.save({"training": kept.as_dict(), "weights": kept.weights}, file)
    file.seek(0)
    content = torch.load(file, weights_only=True)
    one = member(name, data, **options)
    one.progress = Progress.from_dict(content["training"], content["weights"])
    one.model.load_state_dict(one.progress.weights)
    return one


@pytest.mark.parametrize("double", mostly_slow([False, True], keep=1))
@pytest.mark.parametrize(
    "name",
    mostly_slow(
        # Without those whose epochs are one step.
        [*sorted({*MODELS} - AT_ONCE), "autoencoder noisy", "mlp dropout"],
        keep=6,
    ),
)
def test_a_resumed_training_equals_an_uninterrupted_one_to_the_bit(name, double):
    """Stopped within an epoch and at the end of one, several times; measured every second epoch."""
    data = data_of(name)
    per_epoch = -(-len(data.train.x) // data.batch_points())
    assert per_epoch == 4
    (uninterrupted,) = train(member(name, data, double=double), every=2)
    one = member(name, data, double=double)
    for stop in ((6, True), (10, False), (15, True), (24, False), (25, True)):
        train(one, stop=stop, every=2)
        # It stops within the epoch if stop[1], otherwise at the end of the epoch.
        assert one.progress.step == (stop[0] if stop[1] else -(-stop[0] // per_epoch) * per_epoch)
        assert one.progress.epochs == one.progress.step // per_epoch
        one = resumed(name, data, one.progress, double=double)
    train(one, every=2)
    assert_same_bits(one.progress, uninterrupted.progress)


def test_a_resumed_schedule_and_momentum_give_the_same_bits():
    data = data_of("mlp")
    for case, scheduler in zip(OPTIMIZERS, itertools.cycle(SCHEDULERS), strict=False):
        options = {"optimizer": optimizer(case), "scheduler": scheduler}
        (uninterrupted,) = train(member("mlp", data, **options))
        (one,) = train(member("mlp", data, **options), stop=(18, True))
        (one,) = train(resumed("mlp", data, one.progress, **options))
        assert_same_bits(one.progress, uninterrupted.progress)


def test_writing_within_a_training_changes_no_bit():
    data = data_of("mlp")
    (quiet,) = train(member("mlp", data), every=3)
    one, written = member("mlp", data), []
    one.write = lambda progress: written.append(progress.step)
    train(one, every=3, every_seconds=0.0)
    assert len(written) > 1
    assert_same_bits(one.progress, quiet.progress)


def test_points_in_another_order_give_other_weights():
    """The comparisons above would not detect an order that never changes."""
    data = data_of("mlp")
    first = by_engine("mlp", data)
    fixed = by_engine("mlp", data_of("mlp", shuffle=False))
    assert difference(first, fixed) > AT_END
    assert difference(by_lightning("mlp", data_of("mlp", shuffle=False)), fixed) <= AT_END
