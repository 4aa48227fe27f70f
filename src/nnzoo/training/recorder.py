"""What a run leaves behind while it trains: a row of metrics for each pass, and checkpoints."""

import os
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.errors import RunError, diverged, number
from nnzoo.models import Model
from nnzoo.training.files import write_csv


class Recorder(pl.Callback):
    """Writes ``metrics.csv`` and ``checkpoints/{best,last}.ckpt``.

    After each epoch it measures the model on the training part and keeps the weights in memory;
    files are written by elapsed time and at the end, since a file an epoch costs more than a small
    model's epoch. ``best`` is the epoch with the lowest value of the model's ``curve`` metric, on
    the validation part where there is one; it holds no optimizer state.

    Where an epoch has several passes (``data.repeat``), each has its row; what is measured once an
    epoch stands in the row of its last pass. Where the training diverges, the rows go on to the
    last loss that was finite.

    Args:
        folder: the run's folder.
        every_seconds: least time between two writes.

    Attributes:
        rows: of ``metrics.csv``: the numbers of ``epoch`` and ``pass``, from 0; ``step``, the
            batches learnt so far; ``loss``, over the batches of the pass, each before it was
            learnt; then what was measured after the epoch.
        initial: state_dict at the start of the training.
    """

    def __init__(self, folder: str | Path, every_seconds: float = 30) -> None:
        self.folder = Path(folder)
        self.every_seconds = number("callbacks.recorder.every_seconds", every_seconds, low=0)
        self.rows: list[dict[str, float]] = []
        self.initial: dict[str, Tensor] = {}
        self._best_value = float("inf")
        self._best: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._validated = False
        self._written = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._last = self._best = _snapshot(trainer, pl_module)
        self.initial = self._last["state_dict"]

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Model)
        data = trainer.datamodule  # type: ignore[attr-defined]
        measured = pl_module.score(data)
        value = measured[pl_module.curve]
        measured.pop("loss", None)  # a row's loss is that of its pass
        pl_module.tell(measured)
        if self._validated:
            found = trainer.callback_metrics.items()
            measured |= {name: float(value) for name, value in found if name.startswith("val_")}
        self.rows += pl_module.passes()
        self.rows[-1] |= measured

        self._last = _snapshot(trainer, pl_module)
        if data.raw[1] is None or self._validated:
            value = measured.get(f"val_{pl_module.curve}", value)
            if value < self._best_value:
                self._best_value, self._best = value, self._last
        self._validated = False
        due = time.monotonic() - self._written >= self.every_seconds
        if trainer.strategy.broadcast(due):  # else one process would wait for the others
            self._write(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._write(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if not self._last:
            return
        recorded = self.rows and self.rows[-1]["epoch"] == trainer.current_epoch
        if isinstance(exception, RunError) and not recorded:  # diverged within this epoch
            assert isinstance(pl_module, Model)
            self.rows += pl_module.passes()
        self._write(trainer, stopped=True)

    def _write(self, trainer: pl.Trainer, stopped: bool = False) -> None:
        """Write all files; ``stopped``: the training was stopped within an epoch."""
        self._calibrate(trainer, stopped)
        temporary = self.folder / "incomplete.ckpt"
        trainer.save_checkpoint(temporary)
        if not trainer.is_global_zero:
            return
        state = torch.load(temporary, map_location="cpu", weights_only=True)
        temporary.unlink()
        write_files(self.folder, state, self._best, self.rows, self._last if stopped else None)
        self._written = time.monotonic()

    def _calibrate(self, trainer: pl.Trainer, stopped: bool) -> None:
        """Set what follows from the weights in what is about to be written; each epoch it would
        cost a small model's training some percent."""
        model: Any = trainer.lightning_module
        present = _copies(model.state_dict())
        for kept in (self._best, self._last):
            if kept["state_dict"] is not self.initial:
                model.load_state_dict(kept["state_dict"])
                model.calibrate(trainer.datamodule)  # type: ignore[attr-defined]
                kept["state_dict"] = _copies(model.state_dict())
        # After an epoch the last weights are the present ones.
        model.load_state_dict(present if stopped else self._last["state_dict"])


def _copies(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in weights.items()}


def write_files(
    folder: Path,
    state: dict[str, Any],
    best: dict[str, Any],
    rows: list[dict[str, float]],
    stopped: dict[str, Any] | None = None,
) -> None:
    """Write the files of a training: its checkpoints and its metrics.

    Args:
        folder: of the run.
        state: all that a checkpoint holds at the present epoch.
        best: what of it differs for ``best.ckpt``.
        rows: of ``metrics.csv``.
        stopped: where the training was stopped within an epoch, what differs at the end of the last
            whole one; it stands in where there is no ``last.ckpt`` yet, which could be resumed.
    """
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    last = checkpoints / "last.ckpt"
    if stopped is None:
        _save(state, last)
    elif not last.exists():
        _save(_weights_only(state) | stopped, last)
    _save(_weights_only(state) | best, checkpoints / "best.ckpt")
    write_csv(folder / "metrics.csv", rows, ("epoch", "pass", "step", "loss"))


def _save(content: dict[str, Any], file: Path) -> None:
    # A file takes its name only once it is complete, and in its own folder: a stop in between
    # leaves the last good one.
    temporary = file.with_name("incomplete.ckpt")
    torch.save(content, temporary)
    os.replace(temporary, file)


def _snapshot(trainer: pl.Trainer, model: pl.LightningModule) -> dict[str, Any]:
    weights = _copies(model.state_dict())
    if not torch.cat([value.flatten() for value in weights.values()]).isfinite().all():
        raise diverged(f"weights became infinite or nan in epoch {trainer.current_epoch}")
    epoch, step = trainer.current_epoch, trainer.global_step
    return {"state_dict": weights, "epoch": epoch, "global_step": step}


def _weights_only(checkpoint: dict[str, Any]) -> dict[str, Any]:
    dropped = ("optimizer_states", "lr_schedulers", "loops", "callbacks")
    return {key: value for key, value in checkpoint.items() if key not in dropped}
