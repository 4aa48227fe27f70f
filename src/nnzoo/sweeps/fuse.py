"""Training the runs of a sweep as one wherever they are alike."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from nnzoo.data import DataModule
from nnzoo.errors import told, whole
from nnzoo.models.learner import Learner
from nnzoo.models.winner import points_of
from nnzoo.sweeps.likeness import likeness, obstacle
from nnzoo.sweeps.memory import fitting
from nnzoo.sweeps.optimizers import kind_of
from nnzoo.sweeps.processes import processes, spread
from nnzoo.sweeps.training import Ended, train_as_one
from nnzoo.training.run import Run, set_threads
from nnzoo.training.trainer import device_of, quieten

LEAST = 16
"""Members for which a process of their own is worth while."""

Conclude = Callable[[], dict[str, Any]]
"""Ends a run whose training is over: its result, or the error that its training came to."""


class Job(NamedTuple):
    """A job of a sweep.

    Attributes:
        number: of the job.
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        data: the data module, where it is there already.
    """

    number: int
    config: dict[str, Any]
    overrides: list[str]
    data: DataModule | None = None


def fuse(
    jobs: Sequence[Job], members: int | None = None, say: Callable[[str], object] = print
) -> Iterator[tuple[int, Conclude | None]]:
    """Train jobs, those that are alike as one.

    Args:
        jobs: of one sweep.
        members: the most to be trained at once; None: as many as are fast and fit into memory.
        say: told in a line what is trained as one, and what is not and why.

    Yields:
        The number of a job and what ends it, as soon as it has been trained; None for a job that is
        still to be trained, by itself.

    Raises:
        InputError: if ``members`` is no whole number of at least 1.
    """
    if members is not None:
        whole("hydra.launcher.members", members)
    quieten()
    alike: dict[str, list[tuple[Job, Run]]] = {}
    apart: dict[str, list[int]] = {}
    unsound = []
    known: dict[str, DataModule] = {}
    seen: dict[str, str | None] = {}
    for job in jobs:
        try:
            run = _prepared(job, known)
            reason = obstacle(run, seen)
            if reason is None:
                if type(run.model).begin is not Learner.begin:
                    run.model.begin(points_of(run.data))
                alike.setdefault(likeness(run), []).append((job, run))
            else:
                apart.setdefault(f"{job.config['run']['model']}: {reason}", []).append(job.number)
        except Exception:  # which training it by itself will tell
            unsound.append(job.number)
    for group in alike.values():
        # Side by side, members with equal hyper-parameters take their steps as one tensor.
        group.sort(key=lambda one: str(kind_of(one[1].model)))
        numbers = [job.number for job, _ in group]
        if len(group) == 1:
            apart.setdefault("no other job is of the same shape", []).extend(numbers)
            continue
        set_threads(group[0][1].config["threads"])
        try:
            first = group[0][1]
            on_cpu = device_of(first.config).type == "cpu"
            at_a_time = processes(min(members or len(group), len(group)) // LEAST) if on_cpu else 1
            most = members or at_a_time * fitting(first, at_a_time)
        except Exception as error:
            apart.setdefault(f"the model cannot be stacked: {told(error)}", []).extend(numbers)
            continue
        rounds = -(-len(group) // most)
        parts = min(rounds * at_a_time, len(group))
        say(f"{_listed(numbers)}: trained as one" + _told(at_a_time, rounds))
        cuts = [len(group) * k // parts for k in range(parts + 1)]
        cut = [group[one:other] for one, other in pairwise(cuts)]
        for k in range(0, parts, at_a_time):
            yield from _trained(cut[k : k + at_a_time])
    for reason, numbers in apart.items():
        say(f"{_listed(numbers)}: trained one by one ({reason})")
    for number in sorted(sum(apart.values(), unsound)):
        yield number, None


def _prepared(job: Job, known: dict[str, DataModule]) -> Run:
    """A job's run, whose model has its first weights."""
    key = json.dumps(job.config["data"], sort_keys=True, default=str)
    run = Run(job.config, job.overrides, job.data or known.get(key))
    # Of nnzoo's own it is known that they leave torch's stream of random numbers alone.
    if type(run.data).__module__.startswith("nnzoo."):
        known[key] = run.data
    run.model.seed = run.seed
    return run


def _trained(parts: Sequence[Sequence[tuple[Job, Run]]]) -> Iterator[tuple[int, Conclude]]:
    """Train runs as one, each part in a process."""
    total = sum(map(len, parts))

    def work(index: int) -> Ended:
        return train_as_one([run for _, run in parts[index]], 0 if index else total, total)

    for part, ended in zip(parts, spread(work, range(len(parts))), strict=True):
        came = [ended] * len(part) if isinstance(ended, Exception) else ended
        for (job, _), one in zip(part, came, strict=True):
            yield job.number, _raising(one) if isinstance(one, Exception) else partial(dict, one)


def _raising(error: Exception) -> Conclude:
    def conclude() -> dict[str, Any]:
        raise error

    return conclude


def _told(at_a_time: int, rounds: int) -> str:
    told = f", in {at_a_time} processes" if at_a_time > 1 else ""
    return told + (f", in {rounds} rounds" if rounds > 1 else "")


def _listed(numbers: Sequence[int]) -> str:
    """``jobs 0-4, 7``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return f"job{'s' * (len(numbers) > 1)} {text}"
