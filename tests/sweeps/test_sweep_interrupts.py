"""Sweeps that are interrupted write their table; those and killed ones can be resumed."""

import os
import select
import signal
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

import pytest
from commands import Command
from comparing import job_folders, read_csv, result
from helpers import mostly_slow

OPTIONS = ("-m", "model=mlp,perceptron", "data=iris", "seed=0,1", "trainer.max_epochs=3")
OPTIONS = (*OPTIONS, "figures=none")
PHASES = {
    "building": "nnzoo.sweeps.sweep._build",
    "starting": "nnzoo.engine.loop.Engine.configure_optimizers",
    "training": "nnzoo.engine.loop.Engine._measure",
    "ending": "nnzoo.engine.loop.Engine.teardown",
    "completing": "nnzoo.runs.run.finalize",
    "between groups": "nnzoo.sweeps.sweep._partition",
    "table": "nnzoo.sweeps.results.write_results",
    "terminal": "nnzoo.cli.table.print_table",
}


@pytest.fixture
def signal_at(monkeypatch):
    """``signal_at("a.b.function", "SIGTERM", call=2)``: its second call gets the signal."""

    def plan(path, name, call=1):
        owner, _, attribute = path.rpartition(".")
        try:
            place = import_module(owner)
        except ModuleNotFoundError:
            module, _, kind = owner.rpartition(".")
            place = getattr(import_module(module), kind)
        original, calls = getattr(place, attribute), []

        def interrupted(*args, **options):
            calls.append(None)
            if len(calls) == call:
                os.kill(os.getpid(), getattr(signal, name))
                time.sleep(0.01)
            return original(*args, **options)

        monkeypatch.setattr(place, attribute, interrupted)

    return plan


@pytest.fixture(autouse=True)
def handlers():
    """A test restores the signal handlers."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.getsignal(number) for number in numbers]
    yield
    after = [signal.getsignal(number) for number in numbers]
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    assert after == before


OTHERS = [(name, phase) for name in ("SIGINT", "SIGHUP") for phase in ("starting", "training")]


SIGNALS = [*(("SIGTERM", phase) for phase in PHASES), *OTHERS]


@pytest.mark.parametrize(("name", "phase"), mostly_slow(SIGNALS, keep=4))
def test_a_signal_in_any_phase_writes_the_table(nnzoo_train, signal_at, tmp_path, name, phase):
    signal_at(PHASES[phase], name, call=1 if phase in ("table", "terminal") else 2)
    printed = nnzoo_train(*OPTIONS, "hydra.sweep.dir=sweep")
    assert printed.code == 1
    assert printed.err.startswith("error: interrupted"), printed
    assert printed.err.count("\n") == 1
    if name != "SIGINT":
        assert name in printed.err
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["job"] for row in table] == ["0", "1", "2", "3"]
    done = [row for row in table if row["status"] == "completed"]
    assert all(row["error"] for row in table if row not in done)
    assert (len(done) == 4) == (phase in ("ending", "table", "terminal"))
    if name == "SIGTERM":
        again = nnzoo_train(*OPTIONS, "resume_sweep=sweep")
        assert again.code == 0, again
        assert "4 jobs, 0 failed" in again.out
        table = read_csv(tmp_path / "sweep" / "results.csv")
        assert [row["status"] for row in table] == ["completed"] * 4


@pytest.mark.parametrize("name", mostly_slow(["SIGINT", "SIGTERM"], keep=1))
def test_a_signal_between_the_fits_of_a_basic_sweep(nnzoo_train, signal_at, tmp_path, name):
    signal_at("nnzoo.sweeps.launch.launch", name, call=3)
    options = (*OPTIONS, "hydra/launcher=basic")
    printed = nnzoo_train(*options, "hydra.sweep.dir=sweep")
    assert printed.code == 1
    assert printed.err.startswith("error: interrupted")
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["status"] for row in table] == ["completed", "completed"]
    again = nnzoo_train(*options, "resume_sweep=sweep")
    assert "4 jobs, 0 failed" in again.out


def test_a_signal_reaches_all_processes(nnzoo_train, signal_at, monkeypatch, tmp_path):
    from nnzoo.sweeps import sweep

    monkeypatch.setattr(sweep, "MIN_PER_PART", 2)
    monkeypatch.setattr(sweep, "processes", lambda parts, cores: min(parts, 2))
    parent, spans = os.getpid(), []
    from nnzoo.engine.loop import Engine

    measure = Engine._measure

    def slow(self):
        time.sleep(0.05)
        spans.append(None)
        if os.getpid() == parent and len(spans) == 3:
            os.kill(parent, signal.SIGTERM)
        measure(self)

    monkeypatch.setattr(Engine, "_measure", slow)
    printed = nnzoo_train(
        *("-m", "model=mlp", "data=iris", "seed=0,1,2,3", "trainer.max_epochs=2000"),
        *("figures=none", "hydra.sweep.dir=sweep"),
    )
    assert printed.code == 1
    for job in job_folders(tmp_path / "sweep"):
        assert result(job)["error"].startswith("interrupted after epoch")
        assert (job / "checkpoints" / "last.ckpt").is_file()


def test_nohup_is_respected(nnzoo_train, signal_at):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        signal_at(PHASES["training"], "SIGHUP")
        printed = nnzoo_train(*OPTIONS, "hydra.sweep.dir=sweep")
        assert printed.code == 0
        assert "4 jobs, 0 failed" in printed.out
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


# Kills, in processes of their own


def two_processes():
    from nnzoo.sweeps import sweep

    sweep.MIN_PER_PART = 2
    sweep.processes = lambda parts, cores: min(parts, 2)


LONG = (
    *("-m", "model=perceptron,mlp", "data=iris", "seed=0,1,2,3", "figures=none"),
    *("trainer.max_epochs=600", "trainer.check_val_every_n_epoch=50"),
)


def wait_for(condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def start(tmp_path):
    """``start("hydra/launcher=basic")``: a long sweep in a process of its own, with its group of
    perceptrons complete and its MLPs in training."""
    started = []

    def run(*options, files=(), session=lambda: None):
        def first():
            session()
            two_processes()

        typed = ("train", *LONG, "hydra.sweep.dir=sweep", *options)
        process = Command(*typed, cwd=tmp_path, files=files, first=first)
        started.append(process)
        second = tmp_path / "sweep" / "4" / "config.yaml"
        wait_for(lambda: second.exists() or process.poll() is not None)
        assert process.poll() is None
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes fork and end together on Linux")
@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_a_killed_sweep_can_be_resumed(start, nnzoo_train, tmp_path, launcher):
    process = start(f"hydra/launcher={launcher}")
    if launcher == "fused":
        wait_for(lambda: len(children(process.pid)) == 1)
    others = children(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(is_running, others)), seconds=30)
    sweep = tmp_path / "sweep"
    assert not (sweep / "results.csv").exists()
    kept = {k: (sweep / str(k) / "result.json").read_text() for k in range(4)}
    printed = nnzoo_train(*LONG, "resume_sweep=sweep", f"hydra/launcher={launcher}")
    assert printed.code == 0, printed
    table = read_csv(sweep / "results.csv")
    assert [row["status"] for row in table] == ["completed"] * 8
    assert [row["model"] for row in table] == ["perceptron"] * 4 + ["mlp"] * 4
    assert kept == {k: (sweep / str(k) / "result.json").read_text() for k in range(4)}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it needs a terminal as Linux has it")
def test_a_closed_terminal_ends_the_sweep_with_its_table(start, tmp_path):
    import fcntl
    import termios

    master, slave = os.openpty()

    def session():
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    closing = threading.Event()

    def show():
        while not closing.is_set():
            if select.select([master], [], [], 0.05)[0]:
                os.read(master, 2**16)

    terminal = threading.Thread(target=show)
    terminal.start()
    try:
        process = start(files=(slave, slave, slave), session=session)
        others = children(process.pid)
    finally:
        closing.set()
        terminal.join()
        os.close(slave)
        os.close(master)
    assert process.wait(60) == 1
    wait_for(lambda: not any(map(is_running, others)), seconds=30)
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["status"] for row in table] == ["completed"] * 4 + ["failed"] * 4
