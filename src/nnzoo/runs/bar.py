"""The progress bar on a terminal."""

import time
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def is_terminal() -> bool:
    """Return whether the output goes to a terminal."""
    return Console().is_terminal


class ProgressBar(pl.Callback):
    """A rich progress bar over epochs, redrawn at intervals of time.

    Args:
        members: number of models in training.
    """

    def __init__(self, members: int = 1) -> None:
        self.members = members

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._start = time.monotonic()
        self._progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=Console(),  # rich's shared console caches what it first detects
            transient=True,
        )
        plan = getattr(pl_module, "plan", None)
        total = trainer.max_epochs if plan is None else plan.epochs
        self._task = self._progress.add_task("", total=total, text="")
        self._progress.start()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *args: Any) -> None:
        epoch = getattr(pl_module, "epoch", trainer.current_epoch)
        text = ""
        if self.members > 1:
            seconds = max(time.monotonic() - self._start, 1e-9)
            share = epoch / max(1, self._progress.tasks[0].total or 1)
            text = f"{self.members} members, {share * self.members / seconds:.3g} members/s"
        elif (members := getattr(pl_module, "members", None)) and members[0].progress.rows:
            text = f"loss {members[0].progress.rows[-1]['loss']:.4g}"
        self._progress.update(self._task, completed=epoch, text=text)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._progress.stop()

    def on_exception(self, trainer: pl.Trainer, *args: Any) -> None:
        if hasattr(self, "_progress"):
            self._progress.stop()
