"""Trainings in forked processes that are killed, and checks of the files that these wrote."""

import os
import signal
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
from run_folder import checkpoint, rows

from nnzoo import load_model
from nnzoo.runs import files


def forked(work) -> int:
    """Start the work in a forked process, which prints nothing; return its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork warns of threads; torch has one
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 1)
                os.dup2(null.fileno(), 2)
            work()
            code = 0
        finally:
            os._exit(code)  # without the exit handlers of pytest
    return pid


def was_killed(pid) -> bool:
    """Wait for a process; return whether SIGKILL ended it."""
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(name, call, when):
    """Kill this process in the ``call``-th call of a function.

    Args:
        name: ``save``, torch's; ``link``, ``replace`` or ``fsync`` of the system.
        when: ``before`` or ``after`` it; ``within``: half of the file is written.
    """
    place = torch if name == "save" else os
    original, calls = getattr(place, name), []

    def wrapped(*arguments, **options):
        calls.append(None)
        now = len(calls) == call
        if now and when == "before":
            die()
        if now and when == "within":  # arguments: a file that is open
            size = os.fstat(arguments[0]).st_size
            os.truncate(arguments[0], size // 2)
            die()
        result = original(*arguments, **options)
        if now:
            die()
        return result

    setattr(place, name, wrapped)


def kill_after(seconds):
    """Kill this process after a time."""
    signal.signal(signal.SIGALRM, die)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))


@contextmanager
def timed():
    """Yield a list, to which the seconds of the block are added at its end."""
    seconds: list[float] = []
    start = time.monotonic()
    yield seconds
    seconds.append(time.monotonic() - start)


def assert_whole(folder) -> bool:
    """Assert that the files of a killed run are complete and agree; return whether it can be
    resumed."""
    folder = Path(folder)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    own = {name for name in found if not Path(name).name.startswith(files.TEMPORARY)}
    ours = {"checkpoints/best.ckpt", "checkpoints/last.ckpt"}
    ours |= {"config.yaml", "metrics.csv", "result.json"}
    assert own <= ours
    for name in own & {"checkpoints/best.ckpt", "checkpoints/last.ckpt"}:
        load_model(folder / name)
    if "checkpoints/last.ckpt" not in own:
        assert not own & {"metrics.csv", "result.json"}
        return False
    training = checkpoint(folder)["nnzoo"]["training"]
    if "metrics.csv" in own:
        table = [{k: float(v) for k, v in row.items() if v} for row in rows(folder)]
        assert len(table) <= len(training["rows"])
        assert table == training["rows"][: len(table)]
    return training["epochs"] > 0 or training["step"] > 0
