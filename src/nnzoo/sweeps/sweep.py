"""Training of a sweep's jobs, together where possible."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from nnzoo.data import DataModule
from nnzoo.errors import check_int, message, unexpected
from nnzoo.runs.job import Job
from nnzoo.runs.run import Result, set_threads, train_jobs
from nnzoo.runs.trainer import build_trainer, silence_warnings
from nnzoo.sweeps.groups import group_key, why_alone, why_not_together
from nnzoo.sweeps.memory import max_members
from nnzoo.sweeps.processes import processes, spread
from nnzoo.sweeps.results import read_jobs

MEMBERS_PER_PART = 50
"""The most members that train together on a CPU: enough to fill one core."""

MIN_PER_PART = 4
"""The fewest members that are worth their own process."""


class Spec(NamedTuple):
    """A job of a sweep before it is built.

    Attributes:
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        data: the data module, if it exists already.
        number: of the job.
    """

    config: dict[str, Any]
    overrides: list[str]
    data: DataModule | None = None
    number: int = 0


def train_sweep(
    specs: Sequence[Spec],
    members: int | None = None,
    report: Callable[[str], object] = lambda line: None,
) -> Iterator[tuple[int, Result]]:
    """Train jobs, together where possible.

    Args:
        specs: of one sweep.
        members: the most that train as one; None: as many as are fast and fit into memory.
        report: called with lines about which jobs train together, and why others do not.

    Yields:
        The index of a job and its result, as soon as it is trained.

    Raises:
        InputError: if ``members`` is not a whole number of at least 1.
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    if members is not None:
        check_int("hydra.launcher.members", members)
    if not specs:
        return
    silence_warnings()
    groups: dict[str, list[tuple[int, Job]]] = defaultdict(list)
    alone: dict[str, list[tuple[int, Job]]] = defaultdict(list)
    known: dict[str, DataModule] = {}
    for index, spec in enumerate(specs):
        try:
            set_threads(spec.config["threads"])
            job = _build(spec, known)
            reason = why_alone(job)
            if reason is None:
                groups[group_key(job)].append((index, job))
            else:
                alone[reason].append((index, job))
        except Exception as error:  # it must not end other jobs
            content = {"status": "failed", "error": message(error), "overrides": spec.overrides}
            yield index, Result(content, error)
    for group in groups.values():
        if len(group) > 1 and (reason := why_not_together(group[0][1])) is not None:
            alone[reason] += group
            continue
        yield from _train_group(group, [specs[i].number for i, _ in group], members, report)
    for reason, jobs in alone.items():
        report(f"{_listed([specs[i].number for i, _ in jobs])}: trained one by one ({reason})")
        for index, job in jobs:
            yield index, _guarded([job], 1)[0]


def _build(spec: Spec, known: dict[str, DataModule]) -> Job:
    """Return a job; equal data are loaded once."""
    key = json.dumps(spec.config["data"], sort_keys=True, default=str)
    job = Job(spec.config, spec.overrides, spec.data or known.get(key))
    # nnzoo's own data modules are known not to use torch's global generator.
    if type(job.data).__module__.startswith("nnzoo."):
        known[key] = job.data
    return job


def _train_group(
    group: Sequence[tuple[int, Job]],
    numbers: Sequence[int],
    members: int | None,
    report: Callable[[str], object],
) -> Iterator[tuple[int, Result]]:
    """Train jobs of one group, in parts that train in several processes at a time."""
    parts, at_a_time = 1, 1
    if len(group) > 1:
        parts, at_a_time = _partition(group[0][1], len(group), members)
        rounds = -(-parts // at_a_time)
        how = f", in {at_a_time} processes" if at_a_time > 1 else ""
        how += f", in {rounds} rounds" if rounds > 1 else ""
        report(f"{_listed(numbers)}: trained together{how}")
    cuts = [len(group) * k // parts for k in range(parts + 1)]
    cut = [group[start:end] for start, end in pairwise(cuts)]
    for k in range(0, parts, at_a_time):
        now = cut[k : k + at_a_time]
        total = sum(map(len, now))

        def work(part: Sequence[tuple[int, Job]], total: int = total) -> list[Result]:
            return _guarded([job for _, job in part], total)

        for part, found in zip(now, spread(work, now), strict=True):
            for position, (index, job) in enumerate(part):
                if isinstance(found, Exception):  # of the whole process
                    yield index, _after_crash(job, found)
                else:
                    yield index, found[position]


def _partition(job: Job, count: int, members: int | None) -> tuple[int, int]:
    """Return the number of parts of a group, and how many of them train at a time.

    Unless memory is short, parts do not depend on the machine, since rounding may depend on the
    number of members.
    """
    trainer = build_trainer(job.config, [], [], max_epochs=1)
    device = trainer.strategy.root_device
    if device.type != "cpu":
        return -(-count // (members or max_members(job, device, 1))), 1
    if members is not None:
        parts = -(-count // members)
        return parts, processes(parts)
    parts = max(-(-count // MEMBERS_PER_PART), min(2, count // MIN_PER_PART), 1)
    at_a_time = processes(parts)
    return max(parts, -(-count // max_members(job, device, at_a_time))), at_a_time


def _guarded(jobs: Sequence[Job], total: int) -> list[Result]:
    """Train jobs; an error becomes the result of each."""
    try:
        results = train_jobs(jobs, total=total)
    except Exception as error:
        return [Result(job.fail(error), error) for job in jobs]
    # Errors go between processes as text.
    return [Result(r.content, r.error and unexpected(r.error)) for r in results]


def _after_crash(job: Job, error: Exception) -> Result:
    """Return the result of a job whose process was killed, possibly after the job was complete."""
    (kept,) = read_jobs([job.folder])
    if kept.completed:
        return Result(kept.result)
    job.is_open = job.folder.is_dir()
    return Result(job.fail(error), error)


def _listed(numbers: Sequence[int]) -> str:
    """Return numbers of jobs in short form, such as ``jobs 0-4, 7``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return f"job{'s' * (len(numbers) > 1)} {text}"
