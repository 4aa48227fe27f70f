"""The progress bar on a terminal."""

import time
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar(pl.Callback):
    """A rich progress bar over epochs."""

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
        plan = getattr(pl_module, "plan", None)  # only the engine has one
        self._epochs = (trainer.max_epochs if plan is None else plan.epochs) or 1
        self._task = self._progress.add_task("", total=self._epochs, text="")
        self._progress.start()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *args: Any) -> None:
        epoch = getattr(pl_module, "epoch", trainer.current_epoch)
        members, text = getattr(pl_module, "members", []), ""
        if len(members) > 1:
            trained = epoch / self._epochs * len(members)
            seconds = max(time.monotonic() - self._start, 1e-9)
            text = f"{len(members)} members, {trained / seconds:.3g} members/s"
        elif members and (rows := members[0].progress.rows):
            text = f"loss {rows[-1]['loss']:.4g}"
        self._progress.update(self._task, completed=epoch, text=text)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._progress.stop()

    def on_exception(self, trainer: pl.Trainer, *args: Any) -> None:
        if hasattr(self, "_progress"):
            self._progress.stop()
