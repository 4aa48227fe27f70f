"""The same work on several parts, a process for each."""

import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import torch

from nnzoo.errors import RunError, unexpected

Part = TypeVar("Part")
Result = TypeVar("Result")


def processes(parts: int) -> int:
    """How many of so many parts are best worked on at a time: as many as there are cores, where a
    process can be split, which copies nothing and imports nothing again; else one."""
    # Elsewhere libraries do not survive it, nor do the threads of torch's loops.
    if sys.platform != "linux" or torch.get_num_threads() > 1:
        return 1
    return max(1, min(parts, len(os.sched_getaffinity(0))))


def spread(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result | Exception]:
    """What the work comes to for each part; the first is done here, the others in processes that
    are split off, and to which an interrupt is passed on. Of a process that failed or was killed
    it is the error."""
    context = multiprocessing.get_context("fork") if len(parts) > 1 else None
    others = []
    for part in parts[1:]:
        assert context is not None
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_send, args=(there, work, part), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns where a process has threads; torch's loops have none here.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        there.close()
        others.append((process, here))
    try:
        results: list[Result | Exception] = []
        try:
            results.append(work(parts[0]))
        except Exception as error:
            results.append(error)
        for _, here in others:
            try:
                results.append(pickle.loads(here.recv_bytes()))
            except EOFError:
                results.append(RunError("its process was killed, maybe for lack of memory"))
            except Exception as error:  # an error of the user's that is built of more than its text
                results.append(unexpected(error))
    except BaseException:
        for process, _ in others:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGINT)  # which ends it in order
        raise
    finally:
        for process, _ in others:
            process.join()
    return results


def _send(there: Connection, work: Callable[[Any], Any], part: Any) -> None:
    try:
        try:
            result = pickle.dumps(work(part))
        except Exception as error:
            result = pickle.dumps(unexpected(error))
        there.send_bytes(result)
    except KeyboardInterrupt:  # what there is has been written
        os._exit(1)
