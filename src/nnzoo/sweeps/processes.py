"""A function applied to several parts, each in its own process."""

import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from nnzoo.runs.ranks import begin, can_fork, start

Part = TypeVar("Part")
Result = TypeVar("Result")


def processes(parts: int, cores: int | None = None) -> int:
    """Return how many parts to work on at a time: one per core if processes can fork, otherwise 1.

    A forked process copies no data and imports nothing again.

    Args:
        parts: how many there are.
        cores: maximum number to use; None: all that this process may use.
    """
    if not can_fork():
        return 1
    usable = len(os.sched_getaffinity(0))
    return max(1, min(parts, usable if cores is None else min(cores, usable)))


def spread(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result | None]:
    """Return the result of the work for each part; None: its process was killed.

    This process works on the first part, and a forked process on each other part. An interrupt of
    this process is sent to the forked ones, which also end when it ends.

    Raises:
        KeyboardInterrupt: if it was interrupted, after all processes have ended.
    """
    others = [start(_send, (work, part, os.getpid()), fork=True) for part in parts[1:]]
    try:
        results: list[Result | None] = [work(parts[0])]
        for _, here in others:
            try:
                results.append(here.recv())
            except EOFError:
                results.append(None)
    except BaseException:
        for process, _ in others:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGINT)  # it writes its files first
        raise
    finally:
        for process, _ in others:
            process.join()
    return results


def _send(there: Connection, work: Callable[[Any], Any], part: Any, parent: int) -> None:
    """Send the result of the work; stop cleanly when the parent ends."""
    try:
        begin(parent, signal.SIGTERM)
        there.send(work(part))
    except KeyboardInterrupt:  # everything was written
        os._exit(1)
