"""The processes of a training on several devices: this one has rank 0 and starts the others."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

import torch
from torch import distributed

from nnzoo.engine.interrupts import SIGNALS
from nnzoo.errors import RunError, message, unexpected

PR_SET_PDEATHSIG = 1
"""The option of Linux's ``prctl`` that sends a signal to a process whose parent ends."""

GRACE = 5.0
"""Seconds in which this process should notice that another was lost, before it is ended."""


def can_fork() -> bool:
    """Return whether processes can fork; a forked process copies no data and imports nothing."""
    # Libraries of other systems do not survive a fork, and torch's threads never do.
    return sys.platform == "linux" and torch.get_num_threads() == 1


def start(
    work: Callable[..., object], arguments: tuple[Any, ...], fork: bool
) -> tuple[BaseProcess, Connection]:
    """Start a process that calls ``work(connection, *arguments)``, which calls ``begin`` first.

    Returns:
        The process, and the connection that receives what it sends.
    """
    context: Any = multiprocessing.get_context("fork" if fork else "spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(there, *arguments), daemon=True)
    if not fork:
        process.start()
    else:
        # Python drops a signal that reaches a forked process before it runs Python code.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns if a process has threads; torch has none here.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    there.close()
    return process, here


def begin(parent: int, number: int) -> None:
    """Receive signals in a started process, and on Linux the given one when its parent ends."""
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


class Rank(NamedTuple):
    """Another process; it sends the time and message of the error that ended it to ``errors``."""

    process: BaseProcess
    errors: Connection

    def why_lost(self, rank: int) -> tuple[float, str] | None:
        """Return when and why it failed; None: it runs, or ended without an error."""
        if not (code := self.process.exitcode):
            return None
        with suppress(EOFError):
            when, why = self.errors.recv()
            return when, f"process {rank} of the training: {why}"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return 0.0, f"process {rank} of the training was ended by {how}"


@contextmanager
def other_ranks(
    count: int,
    work: Callable[[], object],
    environment: Mapping[str, str],
    fork: bool,
    fail: Callable[[RunError], object],
) -> Iterator[None]:
    """Start processes of ranks 1 to ``count - 1`` that do the work; end them with the block.

    Args:
        count: number of processes, this one included.
        work: what each of them calls; it must be picklable unless ``fork`` is set.
        environment: variables by which they find each other.
        fork: whether they are forked, not spawned.
        fail: called before this process is ended because it waits forever for one that was lost.

    Raises:
        RunError: if one of them failed and therefore this one.
    """
    previous = dict(os.environ)
    os.environ |= {**environment, "LOCAL_RANK": "0"}
    ranks: list[Rank] = []
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(ranks, over, fail), daemon=True)
    try:
        ranks += [
            Rank(*start(_follow, (rank, work, os.getpid()), fork)) for rank in range(1, count)
        ]
        watch.start()
        yield
        for rank in ranks:
            rank.process.join(GRACE)
    except RuntimeError as error:
        now = time.monotonic()
        for rank in ranks:
            rank.process.join(1)
        if not isinstance(error, RunError) and (lost := _first_lost(ranks)) and lost[0] < now:
            raise RunError(lost[1]) from error
        raise
    finally:
        over.set()
        for rank in ranks:
            rank.process.kill()
            rank.process.join()
        if watch.ident is not None:
            watch.join()
        if distributed.is_initialized():
            distributed.destroy_process_group()
        os.environ.clear()
        os.environ |= previous


def _follow(errors: Connection, rank: int, work: Callable[[], object], parent: int) -> None:
    """Do the work in the process of a rank; it writes nothing, so it may be killed at any time."""
    begin(parent, signal.SIGKILL)
    os.environ["LOCAL_RANK"] = str(rank)
    try:
        work()
    except (Exception, KeyboardInterrupt) as error:
        errors.send((time.monotonic(), message(unexpected(error))))
        os._exit(1)


def _first_lost(ranks: list[Rank]) -> tuple[float, str] | None:
    found = [own.why_lost(rank) for rank, own in enumerate(ranks, 1)]
    return min((lost for lost in found if lost is not None), default=None)


def _watch(ranks: list[Rank], over: threading.Event, fail: Callable[[RunError], object]) -> None:
    """End this process if another was lost and this one waits for it within a library."""
    while not over.wait(0.2):
        if any(rank.process.exitcode for rank in ranks) and not over.wait(GRACE):
            lost = _first_lost(ranks)
            error = RunError("a process of the training was lost" if lost is None else lost[1])
            try:
                fail(error)
                print(f"error: {message(error)}", file=sys.stderr, flush=True)
            finally:  # even if the output is closed
                os._exit(1)
