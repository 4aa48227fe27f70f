"""Training runs as one."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lightning.pytorch.callbacks import EarlyStopping
from rich.console import Console

from nnzoo.errors import RunError, unexpected
from nnzoo.sweeps.data import StackedData
from nnzoo.sweeps.progress import MembersBar
from nnzoo.sweeps.record import Record
from nnzoo.sweeps.records import Records
from nnzoo.sweeps.stack import Stack
from nnzoo.training.recorder import Recorder, write_files
from nnzoo.training.run import Run, fit
from nnzoo.training.trainer import build_callbacks, device_of, trainer_with

Ended = list[dict[str, Any] | Exception]
"""What became of runs: their results, or the errors that they failed with."""


def train_as_one(runs: Sequence[Run], shown: int, total: int) -> Ended:
    """Train runs that are alike, and write their folders.

    Args:
        runs: before their training.
        shown: members that the bar on a terminal tells of; 0: no bar.
        total: members in training, here and in other processes.

    Raises:
        KeyboardInterrupt: if it was interrupted, after what there is has been written.
    """
    ended: dict[int, dict[str, Any] | Exception] = {}
    device = device_of(runs[0].config)
    for place, run in enumerate(runs):
        try:
            run.open(device)
        except Exception as error:  # it loses no other run
            ended[place] = error
    places = [place for place in range(len(runs)) if place not in ended]
    opened = [runs[place] for place in places]
    came = _fitted(opened, shown) if opened else ([], 0.0)
    for number, (place, run) in enumerate(zip(places, opened, strict=True)):
        if isinstance(came, Exception):
            ended[place] = came
            continue
        records, seconds = came
        run.result |= {"fit_seconds": seconds / total, "members": total}
        try:
            ended[place] = _concluded(run, records[number])
        except Exception as error:
            ended[place] = error
        except KeyboardInterrupt:
            for later in opened[number:]:
                later.fail(RunError("interrupted when it was trained, before it was scored"))
            raise
    return [ended[place] for place in range(len(runs))]


def _fitted(runs: Sequence[Run], shown: int) -> tuple[list[Record], float] | Exception:
    """The records of a training and its seconds; or the error that no member survived."""
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
    bar = [MembersBar(shown)] if shown and Console().is_terminal else []
    trainer = trainer_with(runs[0].config, [records, *bar], [])
    stack = Stack([run.model for run in runs])
    data = StackedData([run.data for run in runs], [run.seed for run in runs])
    try:
        seconds = fit(trainer, stack, data, None, "each job's folder")
    except KeyboardInterrupt as error:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end the writing
        try:
            records.interrupt(trainer, stack, RunError(str(error)))
            for number, run in enumerate(runs):
                if number in stack.present:
                    run.fail(error)
                else:
                    with suppress(Exception):  # which the result tells
                        _concluded(run, records.records[number])
        finally:
            signal.signal(signal.SIGINT, handler)
        raise
    except Exception as error:
        if not records.records:
            for run in runs:
                run.fail(error)
            return error
        records.interrupt(trainer, stack, unexpected(error))
        seconds = 0.0
    return records.records, seconds


def _concluded(run: Run, record: Record) -> dict[str, Any]:
    """The result of a run whose training is over.

    Raises:
        RunError: if the training failed.
    """
    if record.error is not None:
        saved = f"the last good weights are in {run.folder / 'checkpoints'}"
        error = RunError(f"{record.error}; {saved}")
        run.fail(error)
        raise error
    weights = record.last["state_dict"]
    run.model.to(next(iter(weights.values())).dtype).load_state_dict(weights)
    return run.conclude(record.rows, record.initial, record.epochs)
