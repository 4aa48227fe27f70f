"""Sweeps by SLURM, Ray or joblib: each group of jobs that train together is one task."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from textwrap import shorten
from threading import Event
from typing import Any, Protocol

from nnzoo.engine.interrupts import Interrupts, outside
from nnzoo.errors import InputError, check_choice, counted, message
from nnzoo.runs.files import remove_run
from nnzoo.sweeps.processes import end_with
from nnzoo.sweeps.results import JobResult, read_job
from nnzoo.sweeps.sweep import Report, Spec, cut, group_jobs, killed, train_sweep

PAUSE = 0.3
"""Seconds between two looks at the tasks."""

PATIENCE = 30
"""Seconds that cancelled tasks have to write their files; SLURM gives them as many."""

Outcome = tuple[list[JobResult], list[str]]
"""The results of a task's jobs, and lines for the user."""

Work = Callable[..., Outcome]
"""``train_part`` with all arguments but the part and ``cores``."""


class Task(Protocol):
    """Jobs that were sent to an executor, as of submitit or ``concurrent.futures``."""

    def done(self) -> bool:
        """Return whether it has ended."""

    def result(self) -> Outcome:
        """Return the outcome, or raise an error of the executor."""


Started = tuple[Sequence[Task], Callable[[int], object]]
"""Tasks, and a function that cancels the one at a position."""


def train_on_cluster(
    specs: Sequence[Spec],
    folder: Path,
    executor: str,
    options: Mapping[str, Any],
    members: int | None = None,
    report: Report = lambda line: None,
) -> Iterator[JobResult]:
    """Train jobs by an executor: each group that trains together, and each other job, is a task.

    Args:
        specs: of one sweep.
        folder: of the sweep; all machines must have it, and the folders of the jobs, as they are.
        executor: see ``check_executor``.
        options: of the executor; those that are None are left to it.
        members: the most jobs of a task; None: a whole group, and one job that trains alone.
        report: called with lines for the user.

    Yields:
        The result of a job as soon as its task has ended.

    Raises:
        InputError: if the executor refuses an option.
        KeyboardInterrupt: if it was interrupted, after the tasks were cancelled.
    """
    groups = yield from group_jobs(specs, members)
    most = [(group, members or len(group)) for group in groups.together]
    most += [(group, members or 1) for group in groups.alone.values()]
    parts = [part for group, size in most for part in cut(group, -(-len(group) // size))]
    if not parts:
        return
    sent = [[Spec(job.config, job.overrides, number) for number, job in part] for part in parts]
    work = partial(train_part, members=members, path=sys.path)
    given = {name: value for name, value in options.items() if value is not None}

    def start() -> Started:
        try:
            started = EXECUTORS[executor](work, sent, folder, given)
        except Exception as error:  # each library has its own
            raise InputError(f"hydra/launcher={executor}: {message(error)}") from error
        jobs = counted(sum(map(len, parts)), "job")
        report(f"{jobs} sent to {executor} in {counted(len(parts), 'group')}")
        return started

    for k, outcome in _outcomes(start):
        if isinstance(outcome, str):
            yield from (killed(number, job, outcome) for number, job in parts[k])
            continue
        results, lines = outcome
        for line in lines:
            report(line)
        yield from results


def check_executor(executor: str) -> None:
    """Raise an InputError if an executor is not one of ``EXECUTORS`` or not installed."""
    check_choice("hydra.launcher.executor", executor, EXECUTORS)
    try:
        import_module(executor.partition("_")[0])
    except ImportError as error:
        needs = "pip install 'nnzoo[cluster]'"
        raise InputError(f"hydra/launcher={executor} needs: {needs}") from error


def train_part(
    part: Sequence[Spec],
    members: int | None,
    path: Sequence[str],
    cores: int | None = None,
    parent: int | None = None,
) -> Outcome:
    """Train the jobs of a task in this process, on any machine.

    Args:
        part: jobs that train together, or one.
        members: see ``train_sweep``.
        path: folders to import from.
        cores: the most to use; None: all that this process may use.
        parent: the process that this one stops with; None: it survives all others.
    """
    sys.path += [folder for folder in path if folder not in sys.path]
    results: dict[int, JobResult] = {}
    lines: list[str] = []
    _take_signals()
    if parent is not None:
        end_with(parent)
    with outside:
        try:
            if int(os.environ.get("SLURM_RESTART_COUNT", "0")):  # SLURM runs it again
                for spec in part:
                    job = read_job(spec.number, Path(spec.config["run"]["folder"]))
                    if job.completed:
                        results[spec.number] = job
                    else:
                        remove_run(job.folder)
            left = [spec for spec in part if spec.number not in results]
            for result in train_sweep(left, members, lines.append, cores=cores):
                results[result.number] = result
        except KeyboardInterrupt:  # everything was written
            outside.ignore()
            for spec in part:
                job = read_job(spec.number, Path(spec.config["run"]["folder"]), spec.overrides)
                results.setdefault(spec.number, job)
    return list(results.values()), lines


def _take_signals() -> None:
    """Stop cleanly at Ctrl-C and at the signal of submitit that the time is nearly over."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if "SUBMITIT_EXECUTOR" in os.environ:
        name = f"SIG{os.environ.get('SUBMITIT_PREEMPT_SIGNAL', 'USR2')}"
        signal.signal(getattr(signal, name), lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def _outcomes(start: Callable[[], Started]) -> Iterator[tuple[int, Outcome | str]]:
    """Start tasks; yield the position and the outcome of each as soon as it has ended, or why there
    is none.

    An interrupt or an error cancels the others, and waits until they have written their files.
    """
    left: dict[int, Task] = {}
    try:
        with Interrupts() as held:  # an interrupt waits until all tasks are known
            tasks, cancel = start()
            left.update(enumerate(tasks))
        if held.name is not None:
            signal.raise_signal(signal.Signals[held.name])
        while left:
            outside.check()
            for k in [k for k, task in left.items() if task.done()]:
                yield k, _outcome(left.pop(k))
            if left:
                time.sleep(PAUSE)
    except BaseException:
        for k in left:
            with suppress(Exception):
                cancel(k)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not all(task.done() for task in left.values()):
            time.sleep(PAUSE)
        raise


def _outcome(task: Task) -> Outcome | str:
    try:
        return task.result()
    except Exception as error:  # each library has its own
        if (paths := getattr(task, "paths", None)) is not None:
            state, job = (getattr(task, name) for name in ("state", "job_id"))
            return f"its cluster job {job} ended without a result ({state}); see {paths.stderr}"
        return f"its process was killed: {shorten(message(error), 200)}"


# Executors: each starts a task for each part.


def _start_submitit(
    cluster: str, work: Work, parts: Sequence[Any], folder: Path, options: dict[str, Any]
) -> Started:
    import submitit

    for name in ("nodes", "tasks_per_node"):
        if options.get(name, 1) != 1:
            raise InputError(f"hydra.launcher.{name} must be 1: a group trains in one process")
    folder.mkdir(parents=True, exist_ok=True)
    logs = mkdtemp(prefix=".submitit-", dir=folder)  # new: results are read from it by pickle
    executor = submitit.AutoExecutor(f"{logs}/%j", cluster=cluster)
    known = submitit.AutoExecutor._typed_parameters()
    executor.update_parameters(
        **{name if name in known else f"{cluster}_{name}": v for name, v in options.items()}
    )
    cores = options.get("cpus_per_task")
    if cores is None and cluster == "local":  # all tasks start at once
        cores = max(1, (os.cpu_count() or 1) // len(parts))
    # Ctrl-C in a terminal reaches all its processes; those that watch a task must leave it time.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        jobs = executor.map_array(partial(work, cores=cores), parts)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)

    def cancel(k: int) -> None:
        if cluster == "local":
            os.kill(int(jobs[k].job_id), signal.SIGTERM)  # its own cancel() kills after a second
        else:
            jobs[k].cancel(check=False)

    return jobs, cancel


def _start_ray(
    work: Work, parts: Sequence[Any], folder: Path, options: dict[str, Any]
) -> Started:
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
    """Start a process for each part, so that a killed one ends no other."""
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
