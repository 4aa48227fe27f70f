"""The engine equals the textbook model, and a member equals the same model trained alone."""

import itertools

import pytest
import torch
from helpers import IN_ONE_EPOCH, MODELS, difference, mostly_slow
from training import (
    AFTER_ONE,
    AT_END,
    CASES,
    IN_DOUBLE,
    OPTIMIZERS,
    SCHEDULERS,
    by_engine,
    by_lightning,
    data_of,
    member,
    optimizer,
    train,
)

# The engine and the textbook model


def by_both(case, data, *, plan=None, trainer=None, **options):
    """Weights in float64 that the engine trains, which equal those of the textbook model."""
    trained = by_engine(case, data, plan=plan, double=True, **options)
    textbook = by_lightning(case, data, trainer=trainer, double=True, **options)
    assert difference(textbook, trained) <= IN_DOUBLE
    return trained


@pytest.mark.parametrize("case", MODELS)
def test_the_engine_equals_the_textbook_model(case):
    data = data_of(case)
    one = train(member(case, data), stop=(1, False))[0].progress
    assert one.epochs == 1
    assert difference(by_lightning(case, data, epochs=1), one.weights) <= AFTER_ONE
    trained = by_engine(case, data)
    assert difference(by_lightning(case, data), trained) <= AT_END
    if case.split()[0] not in IN_ONE_EPOCH:
        assert difference(trained, one.weights) > 10 * AT_END  # it learned in between


@pytest.mark.parametrize("case", mostly_slow(CASES, keep=10))
def test_the_engine_equals_the_textbook_model_in_float64(case):
    trained = by_both(case, data_of(case))
    assert all(value.dtype == torch.float64 for value in trained.values())


@pytest.mark.parametrize(
    ("case", "batch_size"), mostly_slow(itertools.product(OPTIMIZERS, [None, 32]), keep=10)
)
def test_optimizers_equal_torchs(case, batch_size):
    by_both("mlp", data_of("mlp", batch_size=batch_size), optimizer=optimizer(case))


@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda config: config["name"])
@pytest.mark.parametrize("name", mostly_slow(["autoencoder", "gan"], keep=1))
def test_schedules_equal_torchs(name, scheduler):
    data = data_of(name)
    trained = by_both(name, data, scheduler=scheduler)
    assert difference(by_engine(name, data, scheduler=None, double=True), trained) > AT_END


@pytest.mark.parametrize("kind", ["norm", "value"])
def test_gradients_are_clipped_as_by_lightning(kind):
    data = data_of("mlp")
    limit = {"norm": 0.2, "value": 0.02}[kind]
    options = {"optimizer": {"name": "sgd", "lr": 0.1}}
    trainer = {"gradient_clip_val": limit, "gradient_clip_algorithm": kind}
    clipped = by_both("mlp", data, trainer=trainer, plan={"clip": (limit, kind)}, **options)
    assert difference(by_engine("mlp", data, double=True, **options), clipped) > AT_END


# A member and the same model alone


def together_and_alone(name, options, **plan):
    """Weights in float64 of members with these options, which equal those trained alone."""
    data = data_of(name)
    members = train(*[member(name, data, double=True, **own) for own in options], **plan)
    trained = [one.progress.weights for one in members]
    for own, weights in zip(options, trained, strict=True):
        alone = by_engine(name, data, double=True, plan=plan, **own)
        assert difference(alone, weights) <= IN_DOUBLE
    return trained


def assert_different(trained):
    """Assert that no two members have the same weights."""
    assert min(difference(*pair) for pair in itertools.combinations(trained, 2)) > AT_END


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=5))
def test_a_member_of_five_equals_the_one_trained_alone(name):
    data = data_of(name)
    together = train(*[member(name, data, seed=seed) for seed in range(5)])
    short = train(*[member(name, data, seed=seed) for seed in range(5)], stop=(1, False))
    for seed in (0, 3):
        (alone,) = train(member(name, data, seed=seed), stop=(1, False))
        # Biases of machines are of the size of rounding errors.
        after_one = AT_END if name in ("dbn", "rbm") else AFTER_ONE
        assert difference(alone.progress.weights, short[seed].progress.weights) <= after_one
        weights = by_engine(name, data, seed=seed)
        assert difference(weights, together[seed].progress.weights) <= AT_END
    first, other = (one.progress.weights for one in together[:2])
    if name not in ("grnn", "hopfield", "perceptron", "pnn", "rbf"):  # start, order do not matter
        assert difference(first, other) > AT_END


@pytest.mark.parametrize("case", mostly_slow(CASES, keep=10))
def test_a_member_with_data_of_its_own_equals_the_one_trained_alone_in_float64(case):
    parts = [data_of(case, seed=seed) for seed in range(3)]  # each splits by its own seed
    members = [member(case, data, seed=data.seed, double=True) for data in parts]
    together = train(*members, every=3)
    (alone,) = train(member(case, parts[1], seed=1, double=True), every=3)
    one, other = alone.progress, together[1].progress
    assert difference(one.weights, other.weights) <= IN_DOUBLE
    assert difference(one.best.weights, other.best.weights) <= IN_DOUBLE
    assert one.best.epoch == other.best.epoch
    assert len(one.rows) == len(other.rows)
    for row, same_row in zip(one.rows, other.rows, strict=True):
        assert row == pytest.approx(same_row, rel=1e-7, abs=1e-12)


# name: options of members that train together
DIFFERENT = {
    "artmap": [{"vigilance": 0.5}, {"alpha": 1.0, "beta": 1.0}, {"match_tracking": 0.1}],
    "autoencoder": [
        {"noise": noise, "sparsity": weight, "anomaly_quantile": quantile}
        for noise, weight, quantile in ((0.1, 0.01, 0.9), (0.3, 0.05, 0.5), (0.2, 0.02, 0.7))
    ],
    "competitive": [
        {"lr": lr, "lr_end": end, "conscience_until": until}
        for lr, end, until in ((0.1, 0.01, 0.1), (0.3, 0.3, 0.5), (0.5, 0.001, 1.0))
    ],
    "counterpropagation": [
        {"lr": 0.1, "head_lr": 0.01},
        {"lr_end": 0.01, "conscience_until": 1.0, "head_lr": 0.1},
        {"optimizer": {"name": "adam", "lr": 0.02}, "head_lr": 0.05},
    ],
    "growing_neural_gas": [{"lr": 0.1}, {"max_age": 10, "insert_every": 10}, {"error_split": 0.7}],
    "mlp": [{"dropout": 0.1}, {"dropout": 0.5}, {"dropout": 0.3}],
    "gan": [{"average": 0.9}, {"average": 0.99}, {"average": 0.5}],
    "pnn": [{"spread": 0.3}, {"spread": 1.0}],
    "neural_gas": [{"radius": 1.0}, {"radius": 2.0, "radius_end": 0.1}, {"lr": 0.3, "lr_end": 0.1}],
    "perceptron": [{"lr": 0.1}, {"lr": 0.01}, {"lr": 1.0}],
    "rbf": [{"spread": 1.0}, {"spread": 2.0}, {"spread": 1.0, "tolerance": 0.6}],
    "vae": [{"beta": 0.1}, {"beta": 0.01}, {"beta": 0.001}],
}


@pytest.mark.parametrize("name", mostly_slow(DIFFERENT, keep=4))
def test_members_with_different_numbers_equal_those_trained_alone(name):
    assert_different(together_and_alone(name, DIFFERENT[name]))


def changed(options, factor):
    """Valid options with other numbers."""
    return {
        key: value
        if isinstance(value, bool | str)
        else [1 - (1 - one) * factor for one in value]
        if isinstance(value, list)
        else 1 - (1 - value) * factor
        if key in ("momentum", "alpha")
        else value * factor
        for key, value in options.items()
    }


@pytest.mark.parametrize("case", mostly_slow(OPTIMIZERS, keep=5))
def test_members_with_different_optimizer_options_equal_those_trained_alone(case):
    options = [{"optimizer": changed(optimizer(case), factor)} for factor in (1, 0.8, 0.5)]
    assert_different(together_and_alone("mlp", options))


def test_members_with_different_schedules_equal_those_trained_alone():
    options = [{"scheduler": scheduler} for scheduler in (None, *SCHEDULERS)]
    assert_different(together_and_alone("mlp", options))


@pytest.mark.parametrize("kind", ["norm", "value"])
def test_gradients_of_each_member_are_clipped_as_alone(kind):
    options = [{"optimizer": {"name": "sgd", "lr": lr}} for lr in (0.1, 1.0)]
    assert_different(together_and_alone("mlp", options, clip=(0.05, kind)))
