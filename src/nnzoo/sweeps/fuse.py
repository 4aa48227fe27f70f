"""Training the runs of a sweep as one wherever they are alike."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from lightning.pytorch.callbacks import EarlyStopping
from rich.console import Console

from nnzoo.batch import Batch
from nnzoo.data import DataModule
from nnzoo.errors import InputError, RunError, whole
from nnzoo.models.learner import Learner
from nnzoo.models.winner import points_of
from nnzoo.sweeps.data import StackedData
from nnzoo.sweeps.likeness import likeness, obstacle
from nnzoo.sweeps.progress import MembersBar
from nnzoo.sweeps.records import Record, Records
from nnzoo.sweeps.stack import MEASURED, Stack
from nnzoo.training.recorder import Recorder, write_files
from nnzoo.training.run import Run, fit, set_threads
from nnzoo.training.trainer import build_callbacks, quieten, trainer_with

MOST = 256
"""Members that are trained at once: more would gain nothing, since they fill the processor."""
SHARE = 0.5
"""Of the free memory, what the members may take."""

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
    for job in jobs:
        try:
            run = _prepared(job, known)
            reason = obstacle(run)
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
        group.sort(key=lambda one: str(one[1].model.optimizer_config))
        numbers = [job.number for job, _ in group]
        if len(group) == 1:
            apart.setdefault("no other job is of the same shape", []).extend(numbers)
            continue
        try:
            size = members or fitting(group[0][1])
        except Exception as error:
            told = " ".join(str(error).split())
            apart.setdefault(f"the model cannot be stacked: {told}", []).extend(numbers)
            continue
        chunks = -(-len(group) // size)
        say(f"{_listed(numbers)}: trained as one" + (f", in {chunks} parts" if chunks > 1 else ""))
        size = -(-len(group) // chunks)
        for first in range(0, len(group), size):
            yield from _trained(group[first : first + size])
    for reason, numbers in apart.items():
        say(f"{_listed(numbers)}: trained one by one ({reason})")
    for number in sorted(sum(apart.values(), unsound)):
        yield number, None


def fitting(run: Run) -> int:
    """How many runs like this one are to be trained at once.

    Raises:
        Exception: whatever keeps the model from being mapped over members.
    """
    stack = Stack([run.model, run.model])
    x, y = run.data.train
    n = run.data.batch_size or len(x)
    saved = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal saved
        saved += tensor.numel() * tensor.element_size()
        return tensor

    batch = Batch(x[None, :n].expand(2, -1, -1), None if y is None else torch.stack([y[:n]] * 2))
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        if stack.alone:
            stack.each("loss", batch, stack.draw(batch))
        else:
            stack.each("begin_pass")
            stack.each("update", batch)
    raw = run.data.raw[0]
    stack.measure("measured", Batch(raw.x[:n], None if raw.y is None else raw.y[:n]), shared=True)
    # Weights, gradient, two averages, best and last; a batch's outputs, and their gradients; the
    # points in order, and those that are measured.
    points = sum(v.numel() * v.element_size() for v in (x, y) if v is not None)
    need = 8 * 4 * (stack.whole.shape[1] + stack.rest.shape[1]) + saved + 4 * points
    measuring = saved / n * len(x) * min(MEASURED, 2)
    return max(1, min(MOST, int((free_memory(run) * SHARE - measuring) / max(need, 1))))


def free_memory(run: Run) -> int:
    """Bytes that are free on the device that a run is trained on."""
    device = trainer_with(run.config, [], []).strategy.root_device
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):  # not on every system
        return 4 * 2**30


def _prepared(job: Job, known: dict[str, DataModule]) -> Run:
    """A job's run, whose model has its first weights."""
    key = json.dumps(job.config["data"], sort_keys=True, default=str)
    run = Run(job.config, job.overrides, job.data or known.get(key))
    # Of nnzoo's own it is known that they leave torch's stream of random numbers alone.
    if type(run.data).__module__.startswith("nnzoo."):
        known[key] = run.data
    run.model.seed = run.seed
    return run


def _trained(group: Sequence[tuple[Job, Run]]) -> Iterator[tuple[int, Conclude]]:
    """Train runs as one."""
    config = group[0][1].config
    set_threads(config["threads"])
    device = trainer_with(config, [], []).strategy.root_device
    opened = []
    for job, run in group:
        try:
            run.open(device)
            opened.append((job, run))
        except InputError as error:
            yield job.number, _raising(error)
    if not opened:
        return
    runs = [run for _, run in opened]
    stops: list[EarlyStopping | None] = []
    for run in runs:
        callbacks = build_callbacks(run.config, run.model, run.data)
        found = [c for c in callbacks if isinstance(c, EarlyStopping)]
        stops.append(found[0] if found else None)
    every_seconds = next(c.every_seconds for c in callbacks if isinstance(c, Recorder))

    def write(number: int, record: Record) -> None:
        stopped = None if record.error is None else record.last
        write_files(runs[number].folder, record.state, record.best, record.rows, stopped)

    records = Records(stops, write, every_seconds)
    bar = [MembersBar()] if Console().is_terminal else []
    trainer = trainer_with(config, [records, *bar], [])
    stack = Stack([run.model for run in runs])
    data = StackedData([run.data for run in runs], [run.seed for run in runs])
    try:
        seconds = fit(trainer, stack, data, None, "each job's folder")
    except KeyboardInterrupt as error:
        records.interrupt(trainer, stack, RunError(str(error)))
        for run in runs:
            run.fail(error)
        raise
    except Exception as error:
        for job, run in opened:
            run.fail(error)
            yield job.number, _raising(error)
        return
    for (job, run), record in zip(opened, records.records, strict=True):
        run.result["fit_seconds"] = seconds / len(runs)
        run.result["members"] = len(runs)
        yield job.number, _ending(run, record)


def _ending(run: Run, record: Record) -> Conclude:
    def conclude() -> dict[str, Any]:
        if record.error is not None:
            saved = f"the last good weights are in {run.folder / 'checkpoints'}"
            error = RunError(f"{record.error}; {saved}")
            run.fail(error)
            raise error
        weights = record.last["state_dict"]
        run.model.to(next(iter(weights.values())).dtype).load_state_dict(weights)
        return run.conclude(record.rows, record.initial, record.epochs)

    return conclude


def _raising(error: Exception) -> Conclude:
    def conclude() -> dict[str, Any]:
        raise error

    return conclude


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
