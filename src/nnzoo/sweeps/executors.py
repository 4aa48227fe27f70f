"""Executors, which start the tasks of a sweep on this machine or on others.

Each library is imported only where it is used.
"""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any, Protocol

from nnzoo.errors import InputError, check_choice
from nnzoo.sweeps.results import JobResult

Outcome = tuple[list[JobResult], list[str]]
"""The results of a task's jobs, and lines for the user."""

Work = Callable[..., Outcome]
"""``cluster.train_part`` with all arguments except the part, ``cores`` and ``parent``."""


class Task(Protocol):
    """A part of a sweep sent to an executor: a job of submitit, or a future."""

    def done(self) -> bool:
        """Return whether the task has ended."""

    def result(self) -> Outcome:
        """Return the outcome, or raise the executor's error."""


Started = tuple[Sequence[Task], Callable[[int], object]]
"""The tasks, and a function that cancels the task at a position."""


def check_executor(executor: str) -> None:
    """Raise an InputError if an executor is not one of ``EXECUTORS``, or is not installed."""
    check_choice("hydra.launcher.executor", executor, EXECUTORS)
    try:
        import_module(executor.partition("_")[0])
    except ImportError as error:
        needs = "pip install 'nnzoo[cluster]'"
        raise InputError(f"hydra/launcher={executor} needs: {needs}") from error


def _start_submitit(
    cluster: str, work: Work, parts: Sequence[Any], folder: Path, options: dict[str, Any]
) -> Started:
    import submitit

    for name in ("nodes", "tasks_per_node"):
        if options.get(name, 1) != 1:
            raise InputError(f"hydra.launcher.{name} must be 1: a group trains in one process")
    folder.mkdir(parents=True, exist_ok=True)
    logs = mkdtemp(prefix=".submitit-", dir=folder)  # must be new: results in it are unpickled
    executor = submitit.AutoExecutor(f"{logs}/%j", cluster=cluster)
    known = submitit.AutoExecutor._typed_parameters()
    executor.update_parameters(
        **{name if name in known else f"{cluster}_{name}": v for name, v in options.items()}
    )
    cores = options.get("cpus_per_task")
    if cores is None and cluster == "local":  # all tasks start at once
        cores = max(1, (os.cpu_count() or 1) // len(parts))
    # Ctrl-C in a terminal reaches all its processes; it must not end those that watch a task.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        jobs = executor.map_array(partial(work, cores=cores), parts)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)

    def cancel(k: int) -> None:
        if cluster == "local":
            os.kill(int(jobs[k].job_id), signal.SIGTERM)  # submitit's cancel() kills after a second
        else:
            jobs[k].cancel(check=False)

    return jobs, cancel


def _start_ray(work: Work, parts: Sequence[Any], folder: Path, options: dict[str, Any]) -> Started:
    import ray

    if not ray.is_initialized():
        ray.init(**{"log_to_driver": False, "logging_level": "ERROR"} | options.get("init", {}))
    remote = {"max_retries": 0, "num_cpus": 1} | options.get("remote", {})
    task = ray.remote(**remote)(_call)
    cores = max(1, int(remote["num_cpus"]))
    references = [task.remote(partial(work, cores=cores), part) for part in parts]
    return [r.future() for r in references], lambda k: ray.cancel(references[k])


def _call(work: Work, part: Any) -> Outcome:
    return work(part)


def _start_joblib(
    work: Work, parts: Sequence[Any], folder: Path, options: dict[str, Any]
) -> Started:
    """Start a process for each part, so that the kill of one ends no other."""
    from joblib import effective_n_jobs
    from joblib.externals.loky import ProcessPoolExecutor

    at_a_time = min(effective_n_jobs(**options), len(parts))
    cores = max(1, effective_n_jobs(-1) // at_a_time)
    own = partial(work, cores=cores, parent=os.getpid())
    running: dict[int, Any] = {}
    stopping = Event()

    def train(k: int) -> Outcome:
        with ProcessPoolExecutor(1) as running[k]:
            future = running[k].submit(own, parts[k])
            if stopping.is_set():
                terminate(k)
            outcome: Outcome = future.result()
        return outcome

    def terminate(k: int) -> None:
        for process in list((running[k]._processes or {}).values()):
            with suppress(OSError):
                os.kill(process.pid, signal.SIGTERM)

    threads = ThreadPoolExecutor(at_a_time)
    tasks = [threads.submit(train, k) for k in range(len(parts))]
    threads.shutdown(wait=False)

    def cancel(k: int) -> None:
        stopping.set()
        if not tasks[k].cancel() and k in running:
            terminate(k)

    return tasks, cancel


EXECUTORS: dict[str, Callable[..., Started]] = {
    "joblib": _start_joblib,
    "ray": _start_ray,
    "submitit_local": partial(_start_submitit, "local"),
    "submitit_slurm": partial(_start_submitit, "slurm"),
}
"""Functions that start a task for each part; each needs the library at the start of its name."""
