"""A run that is killed at any moment loses nothing: its files load, and it resumes bit for bit."""

import os
import random
import sys
import time
from pathlib import Path

import pytest
from helpers import mostly_slow
from kills import assert_whole, forked, kill_after, kill_at, timed, was_killed
from run_folder import contents, rows
from test_resume import assert_equal, options

from nnzoo.engine.loop import Engine
from nnzoo.runs.run import train

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes fork elsewhere")

# Calls of ``link`` for config.yaml, which is new, then of ``replace``; ``fsync`` precedes each.
# After the first epoch: last.ckpt, metrics.csv; after each further epoch and at the end: best.ckpt,
# last.ckpt, metrics.csv.
POINTS = [
    *(("fsync", 1, "within"), ("link", 1, "before"), ("link", 1, "after")),
    *(("save", 1, "before"), ("fsync", 2, "within"), ("fsync", 3, "within")),
    *(("replace", 1, "before"), ("replace", 1, "after"), ("replace", 2, "after")),
    *(("save", 2, "before"), ("save", 3, "after"), ("fsync", 4, "within"), ("fsync", 5, "within")),
    *(("replace", 3, "before"), ("replace", 3, "after"), ("replace", 4, "after")),
    *(("replace", 5, "after"), ("replace", 6, "after"), ("replace", 7, "after")),
    *(("replace", 17, "after"), ("fsync", 23, "within"), ("replace", 22, "after")),
    ("fsync", 25, "within"),  # result.json
]
RESUMED_FROM = POINTS.index(("replace", 1, "after"))


def always(monkeypatch):
    """Make a training write its files after each epoch."""
    monkeypatch.setattr(Engine, "_is_due", lambda engine, since: since <= time.monotonic())


def assert_resumes(composed, typed, killed, whole):
    """Return whether a killed run can be resumed; assert that it then equals the whole run."""
    if not assert_whole(killed):
        return False
    before = contents(killed)
    rest = composed(*typed, f"resume={killed}")
    (result,) = train([rest])
    assert result.error is None
    assert contents(killed) == before
    assert_equal(rest["run"]["folder"], whole)
    return True


@pytest.mark.parametrize(("name", "call", "when"), mostly_slow(POINTS, keep=5))
def test_a_run_killed_in_a_write_resumes(name, call, when, composed, monkeypatch):
    typed = options("gan" if call % 2 else "mlp")
    whole, killed = composed(*typed), composed(*typed)
    train([whole])
    always(monkeypatch)

    def work():
        kill_at(name, call, when)
        train([killed])

    assert was_killed(forked(work))
    folder = killed["run"]["folder"]
    resumed = assert_resumes(composed, typed, folder, whole["run"]["folder"])
    assert resumed == (POINTS.index((name, call, when)) >= RESUMED_FROM)


def test_a_run_killed_after_it_stopped_by_itself_resumes(composed):
    typed = ("model=perceptron", "figures=none")
    whole, killed = composed(*typed), composed(*typed)
    train([whole])

    def work():
        kill_at("replace", 4, "before")
        train([killed])

    assert was_killed(forked(work))
    assert assert_resumes(composed, typed, killed["run"]["folder"], whole["run"]["folder"])


@pytest.mark.parametrize(
    ("call", "model", "more"),
    [
        (4, "mlp", ()),
        (5, "mlp", ("model.optimizer.name=scg", "data.batch_size=null")),
        (6, "gan", ()),  # its rates fall, and it steps its own optimizers
    ],
)
def test_a_killed_run_of_lightnings_loop_resumes(call, model, more, composed):
    by_lightning = ("++trainer.accumulate_grad_batches=1", "run.every_seconds=0")
    typed = options(model, *by_lightning, *more)
    whole, killed = composed(*typed), composed(*typed)
    train([whole])

    def work():
        kill_at("replace", call, "after")
        train([killed])

    assert was_killed(forked(work))
    assert assert_whole(killed["run"]["folder"])
    rest = composed(*typed, f"resume={killed['run']['folder']}")
    (result,) = train([rest])
    assert result.error is None
    ends = [[row["loss"] for row in rows(run["run"]["folder"])] for run in (rest, whole)]
    assert ends[0] == ends[1]


def test_all_points_lie_within_a_run(composed, monkeypatch):
    """A run that is not killed makes enough calls and leaves no temporary files."""
    calls = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append(paths), replace(*paths)))
    always(monkeypatch)
    config = composed(*options("mlp"))
    train([config])
    assert len(calls) >= max(call for name, call, _ in POINTS if name == "replace")
    assert assert_whole(config["run"]["folder"])
    names = {path.name for path in contents(config["run"]["folder"])}
    assert not any(name.startswith(".") for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["autoencoder", "competitive", "mlp"])
def test_a_run_killed_at_a_random_moment_resumes(model, composed, monkeypatch):
    """30 moments in all."""
    typed = options(model)
    whole = composed(*typed)
    train([whole])
    always(monkeypatch)
    for _ in range(2):  # the first takes longer
        with timed() as seconds:
            was_killed(forked(lambda: train([composed(*typed)])))
    moments = random.Random(model)
    met = 0
    for _ in range(10):
        killed = composed(*typed)
        moment = moments.uniform(0, seconds[0])

        def work(config=killed, after=moment):
            kill_after(after)
            train([config])

        met += was_killed(forked(work))
        folder = Path(killed["run"]["folder"])
        if (folder / "result.json").exists():
            assert_equal(folder, whole["run"]["folder"])
        elif folder.exists():
            assert_resumes(composed, typed, folder, whole["run"]["folder"])
    assert met > 1
