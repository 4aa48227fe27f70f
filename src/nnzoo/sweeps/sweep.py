"""Training of a sweep's jobs, together where possible."""

import json
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.data import DataModule
from nnzoo.engine.interrupts import outside
from nnzoo.errors import RunError, check_int, message, unexpected
from nnzoo.runs.job import Job
from nnzoo.runs.loggers import shares_files
from nnzoo.runs.run import train_jobs
from nnzoo.runs.trainer import build_trainer, set_threads, silence_warnings
from nnzoo.sweeps.groups import group_key, why_alone, why_not_together
from nnzoo.sweeps.memory import max_members
from nnzoo.sweeps.processes import processes, spread
from nnzoo.sweeps.results import JobResult, read_job

MEMBERS_PER_PART = 50
"""Maximum number of members that train together on a CPU: enough to fill one core."""

MIN_PER_PART = 4
"""Minimum number of members that are worth their own process."""

Report = Callable[[str], object]
"""Called with lines for the user."""

Numbered = tuple[int, Job]
"""A job and its number in the sweep."""


class Spec(NamedTuple):
    """A job of a sweep before it is built.

    Attributes:
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        number: the job's number in the sweep.
    """

    config: dict[str, Any]
    overrides: list[str]
    number: int


class Groups(NamedTuple):
    """Jobs that train together, and by reason those that train alone."""

    together: list[list[Numbered]]
    alone: dict[str, list[Numbered]]


def train_sweep(
    specs: Sequence[Spec],
    members: int | None = None,
    report: Report = lambda line: None,
    data: DataModule | None = None,
    cores: int | None = None,
) -> Iterator[JobResult]:
    """Train jobs, together where possible.

    Args:
        specs: jobs of one sweep.
        members: maximum number that train together; None: as many as are fast and fit into memory.
        report: called with lines about which jobs train together, and why others do not.
        data: the data module of all jobs, if it exists already.
        cores: maximum number to use; None: all that this process may use.

    Yields:
        The result of a job as soon as it is trained.

    Raises:
        InputError: if ``members`` is not a whole number of at least 1.
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    together, alone = yield from group_jobs(specs, members, data)
    while together:  # trained jobs are freed
        group = together.pop(0)
        parts, at_a_time = 1, 1
        if len(group) > 1:
            parts, at_a_time = _partition(group[0][1], len(group), members, cores)
            rounds = -(-parts // at_a_time)
            how = f", in {at_a_time} processes" if at_a_time > 1 else ""
            how += f", in {rounds} rounds" if rounds > 1 else ""
            report(f"{listed(group)}: trained together{how}")
        left = cut(group, parts)
        del group
        yield from _train(left, at_a_time, report)
    while alone:
        reason = next(iter(alone))
        report(f"{listed(alone[reason])}: trained one by one ({reason})")
        yield from _train([[job] for job in alone.pop(reason)], 1, report)


def group_jobs(
    specs: Sequence[Spec], members: int | None = None, data: DataModule | None = None
) -> Generator[JobResult, None, Groups]:
    """Build jobs and return them grouped; the arguments are those of ``train_sweep``.

    Yields:
        The results of jobs that cannot be built.

    Raises:
        InputError: if ``members`` is not a whole number of at least 1.
    """
    if members is not None:
        check_int("hydra.launcher.members", members)
    silence_warnings()
    groups: dict[str, list[Numbered]] = defaultdict(list)
    alone: dict[str, list[Numbered]] = defaultdict(list)
    loaded: dict[str, DataModule] = {}
    for spec in specs:
        try:
            job = _build(spec, data, loaded)
            reason = why_alone(job)
            jobs = groups[group_key(job)] if reason is None else alone[reason]
            jobs.append((spec.number, job))
        except Exception as error:  # it must not end other jobs
            content = {"status": "failed", "error": message(error), "overrides": spec.overrides}
            yield JobResult(spec.number, Path(spec.config["run"]["folder"]), content)
    for key, group in list(groups.items()):
        if len(group) > 1 and (reason := why_not_together(group[0][1])) is not None:
            alone[reason] += groups.pop(key)
    return Groups(list(groups.values()), alone)


def cut(group: Sequence[Numbered], parts: int) -> list[Sequence[Numbered]]:
    """Return a group in parts of equal size, or sizes that differ by one."""
    cuts = [len(group) * k // parts for k in range(parts + 1)]
    return [group[start:end] for start, end in pairwise(cuts)]


def _build(spec: Spec, data: DataModule | None, loaded: dict[str, DataModule]) -> Job:
    """Return the job; equal data are loaded only once."""
    outside.check()
    set_threads(spec.config["threads"])
    key = json.dumps(spec.config["data"], sort_keys=True, default=str)
    job = Job(spec.config, spec.overrides, data or loaded.get(key))
    # nnzoo's own data modules are known not to use torch's global generator.
    if type(job.data).__module__.startswith("nnzoo."):
        loaded[key] = job.data
    return job


def _partition(job: Job, count: int, members: int | None, cores: int | None) -> tuple[int, int]:
    """Return the number of parts of a group, and how many of them train at a time.

    Rounding may depend on the number of members, so on CPUs parts depend on the machine only if
    memory is short.
    """
    if shares_files(job.config):
        cores = 1
    trainer = build_trainer(job.config, [], [], max_epochs=1)
    device = trainer.strategy.root_device
    if device.type != "cpu":
        return -(-count // (members or max_members(job, device, 1))), 1
    if members is not None:
        parts = -(-count // members)
        return parts, processes(parts, cores)
    parts = max(-(-count // MEMBERS_PER_PART), min(2, count // MIN_PER_PART), 1)
    at_a_time = processes(parts, cores)
    return max(parts, -(-count // max_members(job, device, at_a_time))), at_a_time


def _train(parts: list[Sequence[Numbered]], at_a_time: int, report: Report) -> Iterator[JobResult]:
    """Train the jobs of each part together, several parts at a time in processes of their own.

    Trained parts are removed from the list.
    """
    while parts:
        outside.check()
        now = parts[:at_a_time]
        del parts[:at_a_time]
        work = partial(_train_part, total=sum(map(len, now)), report=report)
        for part, contents in zip(now, spread(work, now), strict=True):
            for position, (number, job) in enumerate(part):
                if contents is None:
                    why = "its process was killed, possibly out of memory"
                    yield killed(number, job, why)
                else:
                    yield JobResult(number, job.folder, contents[position])


def _train_part(part: Sequence[Numbered], total: int, report: Report) -> list[dict[str, Any]]:
    """Train jobs together, or one by one if that fails; an error becomes the result of its job."""
    jobs = [job for _, job in part]
    try:
        return [result.content for result in train_jobs(jobs, total=total)]
    except Exception as error:
        if len(jobs) == 1:
            return [jobs[0].fail(error)]
        report(f"{listed(part)}: trained one by one (together: {message(unexpected(error))})")
    contents = []
    for number, job in part:
        again = Job(job.config, job.overrides, job.data)
        again.is_open = job.is_open
        contents += _train_part([(number, again)], 1, report)
    return contents


def killed(number: int, job: Job, why: str) -> JobResult:
    """Return the result of a job whose process was killed, possibly after the job was complete."""
    result = read_job(number, job.folder)
    if result.completed:
        return result
    job.is_open = job.folder.is_dir()
    return JobResult(number, job.folder, job.fail(RunError(why)))


def listed(jobs: Sequence[Numbered]) -> str:
    """Return the numbers of jobs in short form, such as ``jobs 0-4, 7``."""
    spans: list[list[int]] = []
    for number in sorted(number for number, _ in jobs):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return f"job{'s' * (len(jobs) > 1)} {text}"
