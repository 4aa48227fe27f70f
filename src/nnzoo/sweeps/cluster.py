"""Sweeps by SLURM, Ray or joblib: each group of jobs that train together is one task."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import Any

from nnzoo.engine.interrupts import Interrupts, outside
from nnzoo.errors import InputError, counted, message
from nnzoo.runs.files import remove_run
from nnzoo.runs.ranks import begin
from nnzoo.sweeps.executors import EXECUTORS, Outcome, Started, Task
from nnzoo.sweeps.results import JobResult, read_job
from nnzoo.sweeps.sweep import Report, Spec, cut, group_jobs, killed, train_sweep

PAUSE = 0.3
"""Seconds between two checks of the tasks."""

PATIENCE = 30
"""Seconds that cancelled tasks have to write their files, as many as SLURM's default."""


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
        specs: jobs of one sweep.
        folder: the sweep's folder; it and the jobs' folders have the same paths on all machines.
        executor: one of ``EXECUTORS``.
        options: options of the executor; None: its own default.
        members: maximum number of jobs in a task; None: a whole group, or one that trains alone.
        report: called with lines for the user.

    Yields:
        The result of a job as soon as its task has ended.

    Raises:
        InputError: if the executor refuses an option.
        KeyboardInterrupt: if it was interrupted, after the tasks were cancelled.
    """
    groups = yield from group_jobs(specs, members)
    sizes = [(group, members or len(group)) for group in groups.together]
    sizes += [(group, members or 1) for group in groups.alone.values()]
    parts = [part for group, size in sizes for part in cut(group, -(-len(group) // size))]
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


def train_part(
    part: Sequence[Spec],
    members: int | None,
    path: Sequence[str],
    cores: int | None = None,
    parent: int | None = None,
) -> Outcome:
    """Train the jobs of a task in this process, on any machine.

    Args:
        part: jobs that train together, or a single job.
        members: see ``train_sweep``.
        path: folders to import from.
        cores: maximum number to use; None: all that this process may use.
        parent: id of the process whose end stops this one; None: no such process.
    """
    sys.path += [folder for folder in path if folder not in sys.path]
    results: dict[int, JobResult] = {}
    lines: list[str] = []
    _take_signals()
    if parent is not None:
        begin(parent, signal.SIGTERM)
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
    """Stop cleanly on Ctrl-C, and on submitit's signal shortly before the time limit."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if "SUBMITIT_EXECUTOR" in os.environ:
        name = f"SIG{os.environ.get('SUBMITIT_PREEMPT_SIGNAL', 'USR2')}"
        signal.signal(getattr(signal, name), lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def _outcomes(start: Callable[[], Started]) -> Iterator[tuple[int, Outcome | str]]:
    """Start tasks; when one has ended, yield its position, and its outcome or why it has none.

    After an interrupt or an error, cancel the others and wait until they have written their files.
    """
    left: dict[int, Task] = {}
    try:
        with Interrupts() as held:  # an interrupt is delayed until all tasks are known
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
