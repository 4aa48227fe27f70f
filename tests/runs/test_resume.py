"""A run that was stopped at any step and resumed equals the uninterrupted one bit for bit."""

import signal

import pytest
import torch
from helpers import AT_ONCE, BIPOLAR, MODELS, TINY, data_for, mostly_slow
from run_folder import checkpoint, contents, result_of, rows

from nnzoo.cli.suggestions import check_arguments
from nnzoo.engine import interrupts
from nnzoo.engine.loop import Engine
from nnzoo.runs.run import train

DIFFERENT = ("fit_seconds", "overrides", "paths")  # between a resumed and an uninterrupted run
EPOCHS = 7


def options(model, *more):
    sizes = [f"model.{name}={value}" for name, value in TINY[model].items()]
    batch = f"data.batch_size={'null' if model in AT_ONCE else 32}"
    data = [*data_for(model, "iris"), batch]
    fixed = (f"trainer.max_epochs={EPOCHS}", "figures=none")
    measured = "trainer.check_val_every_n_epoch=2"
    return check_arguments([f"model={model}", *data, *fixed, measured, *sizes, *more])


def equal(one, other):
    """Whether two nested structures hold the same bits."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other or (one != one and other != other)


def assert_equal(folder, other):
    """Assert that two runs wrote the same files."""
    assert rows(folder) == rows(other)
    for name in ("best", "last"):
        one, two = checkpoint(folder, name), checkpoint(other, name)
        for key in one:
            assert equal(one[key], two[key]), f"{name}.ckpt: {key}"
    one, two = result_of(folder), result_of(other)
    assert list(one) == list(two)
    assert [one[key] for key in one if key not in DIFFERENT] == [
        two[key] for key in two if key not in DIFFERENT
    ]


def signalled(monkeypatch, at, number=signal.SIGTERM):
    """Send a signal in the step ``at``."""
    take = Engine._take

    def taken(engine, batch, clock):
        if clock.step == at:
            signal.raise_signal(number)
        return take(engine, batch, clock)

    monkeypatch.setattr(Engine, "_take", taken)


def killed(monkeypatch, at):
    """End a training in the step ``at`` by an error, without writing."""
    take = Engine._take

    def taken(engine, batch, clock):
        if clock.step == at:
            raise RuntimeError("killed")
        return take(engine, batch, clock)

    monkeypatch.setattr(Engine, "_take", taken)


def whole_and_resumed(composed, monkeypatch, stop, *typed):
    """Folders of an uninterrupted run and of one that ``stop`` ended and that was resumed."""
    whole, broken = composed(*typed), composed(*typed)
    (result,) = train([whole])
    assert result.error is None
    with monkeypatch.context() as patch:
        stop(patch)
        with pytest.raises((KeyboardInterrupt, RuntimeError), match=r"interrupted by|^killed$"):
            train([broken])
    assert result_of(broken["run"]["folder"])["status"] == "failed"
    before = contents(broken["run"]["folder"])
    rest = composed(*typed, f"resume={broken['run']['folder']}")
    (result,) = train([rest])
    assert result.error is None
    assert contents(broken["run"]["folder"]) == before
    return whole["run"]["folder"], rest["run"]["folder"]


@pytest.mark.parametrize("precision", mostly_slow(["32-true", "64-true"], keep=1))
@pytest.mark.parametrize("model", mostly_slow(MODELS, keep=6))
def test_every_model_resumes(model, precision, composed, monkeypatch):
    """Stopped in the third epoch, which no measurement follows, before any timed write."""
    typed = options(model, f"trainer.precision={precision}")
    per_epoch = 1 if model in ("perceptron", *AT_ONCE, *BIPOLAR) else 4
    stop = 2 * per_epoch + per_epoch // 2
    assert_equal(*whole_and_resumed(composed, monkeypatch, lambda m: signalled(m, stop), *typed))


@pytest.mark.parametrize(
    ("stop", "number"),
    # SIGTERM, SIGINT, SIGHUP
    mostly_slow([(0, 15), (3, 15), (4, 2), (7, 1), (8, 15), (23, 2)], keep=3),
)
def test_a_run_stopped_at_any_step_by_any_signal_resumes(stop, number, composed, monkeypatch):
    typed = options("mlp", "model.scheduler={name:cosine}", "callbacks=early_stopping")
    folders = whole_and_resumed(composed, monkeypatch, lambda m: signalled(m, stop, number), *typed)
    assert_equal(*folders)


@pytest.mark.parametrize(
    ("model", "stop"),
    mostly_slow(
        [("mlp", 0), ("mlp", 3), ("gan", 9), ("competitive", 14), ("vae", 26), ("autoencoder", 11)],
        keep=3,
    ),
)
def test_a_run_stopped_within_a_long_epoch_resumes(model, stop, composed, monkeypatch):
    """The training stops before the end of the epoch if that takes too long."""

    def urgently(patch):
        patch.setattr(interrupts, "PATIENCE", -1.0)
        signalled(patch, stop)

    assert_equal(*whole_and_resumed(composed, monkeypatch, urgently, *options(model)))


@pytest.mark.parametrize(
    ("model", "stop"),
    mostly_slow(
        [
            *(
                ("mlp", 1),
                ("mlp", 4),
                ("gan", 2),
                ("gan", 27),
                ("competitive", 5),
                ("perceptron", 3),
            ),
            *(("counterpropagation", 11), ("vae", 13)),
        ],
        keep=4,
    ),
)
def test_a_killed_run_resumes_from_its_last_timed_checkpoint(model, stop, composed, monkeypatch):
    def kill(patch):
        patch.setattr(Engine, "_is_due", lambda engine, since: True)
        killed(patch, stop)

    folders = whole_and_resumed(composed, monkeypatch, kill, *options(model))
    assert_equal(*folders)


def test_a_signal_in_the_last_epoch(composed, monkeypatch):
    config = composed(*options("mlp"))
    signalled(monkeypatch, 4 * EPOCHS - 2)
    with pytest.raises(KeyboardInterrupt, match="by SIGTERM; the training is complete"):
        train([config])
    assert result_of(config["run"]["folder"])["status"] == "completed"


def test_a_run_can_be_resumed_twice(composed, monkeypatch):
    typed = options("gan")
    whole, first = composed(*typed), composed(*typed)
    train([whole])
    second = composed(*typed, f"resume={first['run']['folder']}")
    for config, stop in ((first, 5), (second, 17)):
        with monkeypatch.context() as patch:
            signalled(patch, stop)
            with pytest.raises(KeyboardInterrupt, match="interrupted by SIGTERM"):
                train([config])
    third = composed(*typed, f"resume={second['run']['folder']}")
    train([third])
    assert_equal(whole["run"]["folder"], third["run"]["folder"])


def test_the_best_epoch_is_carried_over(composed, monkeypatch):
    """A rate that rises: the best epoch lies before the interruption."""
    rising = "model.scheduler={name:exponential,gamma:100.0}"
    typed = options("mlp", rising, "trainer.check_val_every_n_epoch=1")
    whole, resumed = whole_and_resumed(composed, monkeypatch, lambda m: signalled(m, 18), *typed)
    assert result_of(resumed)["best"]["epoch"] < 4
    assert_equal(whole, resumed)


def test_early_stopping_is_carried_over(composed, monkeypatch):
    patient = ("callbacks=early_stopping", "callbacks.early_stopping.min_delta=10")
    typed = options("mlp", *patient, "callbacks.early_stopping.patience=2")
    whole, resumed = whole_and_resumed(composed, monkeypatch, lambda m: signalled(m, 14), *typed)
    assert result_of(resumed)["epochs"] == 6  # measured after epochs 2, 4 and 6
    assert_equal(whole, resumed)


@pytest.mark.parametrize("model", ["autoencoder", "mlp", "perceptron"])
def test_a_finished_run_resumes_for_more_epochs(model, composed):
    """A finished run goes on for more epochs, as if it had been longer from the start."""
    typed = options(model)
    first = composed(*typed)
    train([first])
    more = f"trainer.max_epochs={2 * EPOCHS}"
    rest = composed(*typed, more, f"resume={first['run']['folder']}")
    whole = composed(*typed, more)
    train([rest])
    train([whole])
    # The first run ended with a measurement after its last epoch.
    losses = [
        [(row["epoch"], row["loss"]) for row in rows(config["run"]["folder"])]
        for config in (whole, rest)
    ]
    assert losses[0] == losses[1]
    one, two = (checkpoint(config["run"]["folder"])["state_dict"] for config in (whole, rest))
    assert equal(one, two)
