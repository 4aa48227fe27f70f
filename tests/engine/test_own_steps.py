"""Optimizers that compare errors, in the engine, and what they require of data."""

import itertools

import pytest
from helpers import difference, fit, mostly_slow, tiny_data, tiny_model
from test_same_bits import assert_same_bits, resumed
from training import AT_END, IN_DOUBLE, by_engine, by_lightning, member, train

from nnzoo import InputError
from nnzoo.models.training.whole_batch import UNSCHEDULED, WHOLE, check_whole

OPTIONS = {"gda": {"lr": 0.5}, "gdx": {"lr": 0.5}, "scg": {"damping": 1e-3}}
"""Rates that are too large for some steps, which are taken back."""


@pytest.mark.parametrize(
    ("name", "double"), mostly_slow(itertools.product(OPTIONS, [False, True]), keep=3)
)
def test_the_engine_equals_the_textbook_model(name, double):
    data, options = (
        tiny_data("mlp", batch_size=None),
        {"optimizer": {"name": name, **OPTIONS[name]}},
    )
    trained = by_engine("mlp", data, double=double, **options)
    textbook = by_lightning("mlp", data, double=double, **options)
    assert difference(textbook, trained) <= (IN_DOUBLE if double else AT_END)


def test_members_equal_those_trained_alone():
    data, rates = tiny_data("mlp", batch_size=None), (0.1, 5.0, 100.0)
    own = [{"optimizer": {"name": "gdx", "lr": lr, "lr_inc": 1 + lr / 500}} for lr in rates]
    together = train(*[member("mlp", data, double=True, **options) for options in own])
    for one, options in zip(together, own, strict=True):
        alone = by_engine("mlp", data, double=True, **options)
        assert difference(alone, one.progress.weights) <= IN_DOUBLE
    changed = [
        one.progress.optimizers[""]["state"]["lr"].item() / lr
        for one, lr in zip(together, rates, strict=True)
    ]
    assert min(changed) < 1 < max(changed)


def test_conjugate_members_equal_those_trained_alone():
    data = tiny_data("mlp", batch_size=None)
    own = [{"optimizer": {"name": "scg", "damping": damping}} for damping in (1e-6, 0.1, 10.0)]
    together = train(*[member("mlp", data, double=True, **options) for options in own])
    for one, options in zip(together, own, strict=True):
        alone = by_engine("mlp", data, double=True, **options)
        assert difference(alone, one.progress.weights) <= IN_DOUBLE
    assert len({one.progress.rows[-1]["loss"] for one in together}) == 3


@pytest.mark.parametrize("name", mostly_slow(["scg", "gdx"], keep=1))
def test_a_resumed_training_equals_an_uninterrupted_one_to_the_bit(name):
    data = tiny_data("mlp", batch_size=None)
    options = {"optimizer": {"name": name, **OPTIONS[name]}}
    (uninterrupted,) = train(member("mlp", data, **options))
    (one,) = train(member("mlp", data, **options), stop=(4, False))
    (one,) = train(resumed("mlp", data, one.progress, **options))
    assert_same_bits(one.progress, uninterrupted.progress)


@pytest.mark.parametrize("name", WHOLE)
def test_what_they_cannot_use(name):
    data, whole = tiny_data("mlp", batch_size=32), tiny_data("mlp", batch_size=None)
    model = tiny_model("mlp", data, loss="mse", optimizer={"name": name})
    with pytest.raises(InputError, match=r"batch_size is 32 of 120: add data\.batch_size=null$"):
        check_whole(model, data)
    with pytest.raises(InputError, match=f"^{name} .* the loader has several batches"):
        fit(model, data.train_dataloader())
    if name not in UNSCHEDULED:
        return
    step = {"name": "step", "step_size": 2}
    model = tiny_model("mlp", data, loss="mse", optimizer={"name": name}, scheduler=step)
    with pytest.raises(InputError, match=f"^{name} does not follow a schedule: set"):
        check_whole(model, whole)
