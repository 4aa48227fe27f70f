"""Runs on several devices give the numbers of one device, and all processes end together."""

import os
import signal
import sys
import time

import pytest
import torch
from commands import Command
from helpers import difference, mostly_slow
from kills import forked
from run_folder import checkpoint, result_of, rows

from nnzoo.errors import InputError, RunError
from nnzoo.models import MLP
from nnzoo.models.training.trainable import Trainable
from nnzoo.runs import lightning_fit, ranks
from nnzoo.runs.run import train

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or torch.cuda.is_available(), reason="processes fork, without CUDA"
)

IRIS = ("model=mlp", "data=iris", "figures=none", "trainer.max_epochs=4", "trainer=cpu")
PAIR = ("trainer=ddp_cpu", "data.batch_size=16")
OPTIONS = {
    "sums": ("++model.loss=sse", "data.val_fraction=0.31"),
    "balanced classes": ("++model.class_weight=balanced", "data.val_fraction=0.31"),
    "clipping and a schedule": ("++trainer.gradient_clip_val=0.1", "++model.scheduler.name=cosine"),
    "a line search": (
        "++model.optimizer={name: lbfgs, line_search_fn: strong_wolfe, max_iter: 5}",
    ),
    "accumulation": ("++trainer.accumulate_grad_batches=2",),
    "no shuffling": ("++data.shuffle=false",),
    "noise": ("model=autoencoder", "++model.noise=0.3"),
    "a GAN": ("model=gan",),
    "starts from data": ("model=competitive", "++model.units=7", "++model.start=kmeans++"),
    "no error left": ("model=perceptron", "data=tutorial_points", "trainer.max_epochs=50"),
}


def pair_of(*options):
    """Options of a run in two processes, each with half the batch."""
    kept = [option for option in options if not option.startswith("trainer=")]
    return (*kept, *(f"++{option}" if "size" in option else option for option in PAIR))


@pytest.mark.parametrize("name", mostly_slow(OPTIONS, keep=5))
def test_two_processes_equal_one(name, composed):
    options = (*IRIS, *OPTIONS[name])
    alone = (*options, "++data.batch_size=32", "++trainer.detect_anomaly=false")  # Lightning's loop
    configs = composed(*alone), composed(*pair_of(*options))
    (one,), (two,) = (train([config]) for config in configs)
    assert two.error is None
    for ours, theirs in zip(one.rows, two.rows, strict=True):
        assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-9)
    assert two.content["best"]["epoch"] == one.content["best"]["epoch"]
    assert two.content["metrics"] == pytest.approx(one.content["metrics"], rel=1e-5, abs=1e-9)
    for kept in ("best", "last"):
        states = [checkpoint(c["run"]["folder"], kept)["state_dict"] for c in configs]
        assert difference(*states) < 1e-5


def test_early_stopping_ends_all(trained_result):
    stopping = ("callbacks=early_stopping", "++callbacks.early_stopping.patience=2")
    never = "++callbacks.early_stopping.min_delta=10"
    assert trained_result(*pair_of(*IRIS, *stopping, never))["epochs"] == 3


def test_the_jobs_of_a_sweep_equal_single_runs(nnzoo_train, trained_result, tmp_path):
    """All jobs are built before the first one is trained."""
    options = pair_of("data=iris", "trainer.max_epochs=2")
    printed = nnzoo_train("-m", "model=competitive", "seed=0,1", *options, "hydra.sweep.dir=sweep")
    assert (printed.code, printed.err) == (0, "")
    assert "jobs 0-1: trained one by one (trainer.devices=2 trains" in printed.out
    for seed in (0, 1):
        alone = trained_result("model=competitive", f"seed={seed}", *options, "figures=none")
        assert result_of(tmp_path / "sweep" / str(seed))["metrics"] == alone["metrics"]


def test_a_resumed_run_has_the_same_devices(composed, trained):
    folder = trained(*pair_of(*IRIS))
    longer = (*IRIS, "trainer.max_epochs=9", f"resume={folder}", "++data.batch_size=16")
    with pytest.raises(InputError, match=r"was trained with trainer\.devices=2, not 1"):
        train([composed(*longer, "++trainer.accumulate_grad_batches=1")])


# Ends


def at_batch(patch, rank, epoch, batch, act):
    """Make a process call a function before a step."""
    step = MLP.training_step

    def acting(model, points, batch_idx):
        if (model.global_rank, model.current_epoch, batch_idx) == (rank, epoch, batch):
            act()
        return step(model, points, batch_idx)

    patch.setattr(Trainable, "training_step", acting)


@pytest.mark.parametrize(
    ("rank", "urgent"), mostly_slow([(0, False), (0, True), (1, False), (1, True)], keep=2)
)
def test_a_signal_to_any_process_stops_all(rank, urgent, composed, monkeypatch):
    whole, broken = (composed(*pair_of(*IRIS)) for _ in range(2))
    train([whole])
    with monkeypatch.context() as patch:
        if urgent:  # the signal stops the epoch
            patch.setattr("nnzoo.engine.interrupts.PATIENCE", -1)
            patch.setattr(lightning_fit, "PATIENCE", -1)
            patch.setattr(lightning_fit, "WRITING_SHARE", float("inf"))
        at_batch(patch, rank, 2, 1, lambda: signal.raise_signal(signal.SIGTERM))
        name = "SIGTERM" if rank == 0 else "a signal to another process"
        with pytest.raises(
            KeyboardInterrupt, match=f"interrupted by {name}; continue with resume="
        ):
            train([broken])
    folder = broken["run"]["folder"]
    assert [row["epoch"] for row in rows(folder)] == ["0", "1"] + ["2"] * (not urgent)
    rest = composed(*pair_of(*IRIS), f"resume={folder}")
    train([rest])
    folders = [config["run"]["folder"] for config in (whole, rest)]
    assert rows(folders[0]) == rows(folders[1])
    for kept in ("best", "last"):
        one, two = (checkpoint(folder, kept)["state_dict"] for folder in folders)
        assert all(torch.equal(one[key], two[key]) for key in one)


def fail():
    raise ZeroDivisionError("an error of the step")


ERRORS = {
    "error": (fail, "process 1 of the training: ZeroDivisionError: an error of the step"),
    "kill": (lambda: os.kill(os.getpid(), signal.SIGKILL), "process 1 .* was ended by SIGKILL"),
    "exit": (lambda: os._exit(3), "process 1 of the training was ended by exit code 3"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_the_end_of_another_process_ends_all(kind, composed, monkeypatch):
    act, text = ERRORS[kind]
    at_batch(monkeypatch, 1, 1, 1, act)
    config = composed(*pair_of(*IRIS))
    with pytest.raises(RunError, match=text):
        train([config])
    assert result_of(config["run"]["folder"])["status"] == "failed"


def test_an_error_of_the_first_process_ends_all(composed, monkeypatch):
    at_batch(monkeypatch, 0, 1, 1, fail)
    with pytest.raises(ZeroDivisionError):
        train([composed(*pair_of(*IRIS))])


def test_a_process_that_is_lost_before_it_joins_ends_all(composed, monkeypatch):
    """The first process waits for it within a library, where no Python code runs."""
    config = composed(*pair_of(*IRIS))
    monkeypatch.setattr(lightning_fit, "fit_as_rank", lambda *_: os._exit(3))
    monkeypatch.setattr("nnzoo.runs.ranks.GRACE", 0.5)
    _, status = os.waitpid(forked(lambda: train([config])), 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert result_of(config["run"]["folder"])["error"].endswith("was ended by exit code 3")


def wait(connection, parent):
    """Wait for a signal."""
    ranks.begin(parent, signal.SIGKILL)
    time.sleep(5)


def test_a_signal_reaches_a_process_that_has_just_started():
    former = signal.signal(signal.SIGTERM, lambda *_: os._exit(2))
    try:
        for _ in range(10):
            process, _ = ranks.start(wait, (os.getpid(),), fork=True)
            os.kill(process.pid, signal.SIGTERM)
            process.join()
            assert process.exitcode == 2
    finally:
        signal.signal(signal.SIGTERM, former)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(number) for number in file.read().split()]


def is_running(pid):
    """Whether a process runs; a zombie, which its parent has not waited for, does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


PHASES, RECEIVERS = ("starts", "trains", "writes"), ("first", "second", "both")
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# A Latin square: each pair of two of the three stands once.
SQUARE = [
    (phase, receiver, NUMBERS[(p + r) % 3])
    for p, phase in enumerate(PHASES)
    for r, receiver in enumerate(RECEIVERS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "receiver", "number"), SQUARE)
def test_a_command(phase, receiver, number, tmp_path):
    long = ("model=autoencoder", "data=digits", "++data.batch_size=1", "trainer.max_epochs=50")
    short = ("model=mlp", "data=iris", "trainer.max_epochs=5000", "run.every_seconds=0")
    options = (*(short if phase == "writes" else long), "trainer=ddp_cpu", "figures=none")
    process = Command("train", *options, "hydra.run.dir=run", cwd=tmp_path)
    if phase == "starts":
        while not children(process.pid):
            assert process.poll() is None
            time.sleep(0.01)
    else:
        assert process.stdout.readline().startswith(b"Lightning's loop")
        time.sleep(1.5)
    (other,) = children(process.pid)
    for pid in {"first": [process.pid], "second": [other]}.get(receiver, [process.pid, other]):
        os.kill(pid, number)
    _, err = process.communicate(timeout=60)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    if number == signal.SIGKILL:
        expected = 1 if receiver == "second" else -signal.SIGKILL
        printed = "error: process 1 of the training was ended by SIGKILL\n"
        assert (process.returncode, err) == (expected, printed if receiver == "second" else "")
    else:
        assert (process.returncode, err.count("\n")) == (1, 1)
        assert err.endswith(f"; continue with resume={tmp_path}/run\n")
        epochs = len(rows(tmp_path / "run"))
        assert checkpoint(tmp_path / "run")["nnzoo"]["training"]["epochs"] == epochs
    end = time.monotonic() + 30
    while is_running(other):
        assert time.monotonic() < end, "a process is left"
        time.sleep(0.1)
    if phase == "writes" or number != signal.SIGKILL:
        assert last.exists()
