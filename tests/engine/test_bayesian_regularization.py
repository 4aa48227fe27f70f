"""Bayesian regularization in the engine and in commands."""

import pytest
import torch
from helpers import difference, mostly_slow, tiny_data
from run_folder import result_of, rows
from test_same_bits import assert_same_bits, resumed
from training import AT_END, IN_DOUBLE, by_engine, by_lightning, member, train

from nnzoo import create_data
from nnzoo.nn.bayesian_regularization import NUMBERS

BR = {"name": "bayesian_regularization"}
CASES = {
    "mlp": {"loss": "mse", "optimizer": BR},
    "mlp sums": {"loss": "sse", "output_activation": "sigmoid", "optimizer": BR},
}


def data_of(case, **options):
    return tiny_data(case.split()[0], batch_size=None, **options)


@pytest.mark.parametrize("case", mostly_slow(CASES, keep=1))
def test_the_engine_equals_the_textbook_model(case):
    data = data_of(case)
    one = train(member("mlp", data, double=True, **CASES[case]))[0].progress
    textbook = by_lightning("mlp", data, double=True, **CASES[case])
    assert difference(textbook, one.weights) <= IN_DOUBLE
    assert 0 < one.rows[-1]["effective_parameters"] < 35
    assert one.rows[-1]["loss"] < 0.9 * one.rows[0]["loss"]


def test_members_equal_those_trained_alone():
    data, options = data_of("mlp"), CASES["mlp"]
    together = train(*[member("mlp", data, seed=seed, **options) for seed in range(3)], every=3)
    for seed, one in enumerate(together):
        alone = by_engine("mlp", data, seed=seed, plan={"every": 3}, **options)
        assert difference(alone, one.progress.weights) <= AT_END
    for name in NUMBERS:
        assert len({one.progress.rows[-1][name] for one in together}) == 3


def test_a_resumed_training_equals_an_uninterrupted_one_to_the_bit():
    data, options = data_of("mlp"), CASES["mlp"]
    (uninterrupted,) = train(member("mlp", data, **options))
    (one,) = train(member("mlp", data, **options), stop=(4, False))
    (one,) = train(resumed("mlp", data, one.progress, **options))
    assert_same_bits(one.progress, uninterrupted.progress)


def test_the_last_epoch_is_the_best_without_a_validation_part():
    """The decay grows from epoch to epoch, and with it the training loss."""
    options = CASES["mlp"] | {"hidden": [20]}
    parabola = {"n_points": 40, "noise": 20.0, "scale": "standard", "target_scale": "standard"}
    for fraction in (0, 0.25):
        data = create_data("parabola", batch_size=None, val_fraction=fraction, **parabola)
        one = train(member("mlp", data, epochs=30, **options), epochs=30)[0].progress
        losses = [row["val_loss" if fraction else "loss"] for row in one.rows]
        assert min(losses) < losses[-1]
        assert one.best.epoch == (losses.index(min(losses)) if fraction else 29)


def test_the_numbers_of_lightnings_loop(nnzoo_train, tmp_path):
    options = ("model=mlp", "data.batch_size=null", "data.noise=20", "figures=none")
    options += (f"model.optimizer.name={BR['name']}", "trainer.max_epochs=8")
    printed = [
        nnzoo_train(*options, "trainer.check_val_every_n_epoch=1", *more)
        for more in (["hydra.run.dir=engine"], ["hydra.run.dir=plain", "trainer.max_steps=8"])
    ]
    for one in printed:
        assert (one.code, one.err) == (0, "")
        assert "\nlast epoch: 7 (loss 0." in one.out
    ours, theirs = (rows(tmp_path / name) for name in ("engine", "plain"))
    assert list(ours[0]) == list(theirs[0])
    assert set(NUMBERS) < set(ours[0])
    for one, other in zip(ours, theirs, strict=True):
        assert {k: float(v) for k, v in other.items()} == pytest.approx(
            {k: float(v) for k, v in one.items()}, rel=1e-3
        )
    assert result_of(tmp_path / "plain")["best"]["epoch"] == 7


@pytest.mark.slow
def test_too_many_units_for_noisy_points():
    """On points that were not learned it is better than Levenberg-Marquardt, on ten of ten."""
    found = {}
    for name in (BR["name"], "levenberg_marquardt"):
        members = []
        for seed in range(101, 111):
            data = create_data(
                "parabola", n_points=30, noise=20, batch_size=None, seed=seed, **SCALES
            )
            torch.manual_seed(seed)
            options = {"hidden": [10, 10], "optimizer": {"name": name}}
            members.append(member("mlp", data, seed=seed, epochs=100, **options))
        clean = create_data("parabola", n_points=300, **SCALES)
        found[name] = [error(one, clean) for one in train(*members, epochs=100, every=100)]
    pairs = zip(*found.values(), strict=True)
    assert all(ours < theirs for ours, theirs in pairs)


SCALES = {"scale": "standard", "target_scale": "standard"}


def error(one, clean):
    """The mean squared error of a trained member on points without noise."""
    one.model.load_state_dict(one.progress.weights)
    one.model.set_scaling(one.data)
    return (one.model.predict(clean.raw[0].x) - clean.raw[0].y).square().mean().item()
