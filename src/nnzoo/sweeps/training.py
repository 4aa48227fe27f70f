"""Training runs as one."""

from collections.abc import Sequence

from lightning.pytorch.callbacks import EarlyStopping
from rich.console import Console

from nnzoo.errors import RunError
from nnzoo.sweeps.data import StackedData
from nnzoo.sweeps.progress import MembersBar
from nnzoo.sweeps.records import Record, Records
from nnzoo.sweeps.stack import Stack
from nnzoo.training.recorder import Recorder, write_files
from nnzoo.training.run import Run, fit
from nnzoo.training.trainer import build_callbacks, trainer_with


def train_as_one(runs: Sequence[Run], shown: int) -> list[Record] | Exception:
    """Train runs that are alike, and write their files.

    Args:
        runs: with their folders claimed.
        shown: members that the bar on a terminal tells of; 0: no bar.

    Returns:
        What became of each; or the error that none of them survived.

    Raises:
        KeyboardInterrupt: if it was interrupted, after what there is has been written.
    """
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
        fit(trainer, stack, data, None, "each job's folder")
    except KeyboardInterrupt as error:
        records.interrupt(trainer, stack, RunError(str(error)))
        for run in runs:
            run.fail(error)
        raise
    except Exception as error:
        for run in runs:
            run.fail(error)
        return error
    for record in records.records:  # what is in the files by now
        record.state, record.best, record.stop = {}, {}, None
    return records.records
