"""The bar on a terminal while a model trains."""

from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar(pl.Callback):
    """A rich bar over epochs with the last epoch's loss; drawn by time, not by step."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(),  # not rich's shared one, which keeps what its first use found
            transient=True,
        )
        self._task = self._progress.add_task(
            "", total=trainer.max_epochs, completed=trainer.current_epoch, loss=""
        )
        self._progress.start()

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        done = (
            trainer.fit_loop.epoch_loop.batch_progress.current.ready / trainer.num_training_batches
        )
        self._progress.update(self._task, completed=int(trainer.current_epoch + done))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._progress.update(
            self._task, completed=trainer.current_epoch + 1, loss=self.told(trainer, pl_module)
        )

    def told(self, trainer: pl.Trainer, pl_module: Any) -> str:
        """What stands beside the bar after an epoch."""
        return f"loss {pl_module.passes()[-1]['loss']:.4g}"

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._progress.stop()

    def on_exception(self, trainer: pl.Trainer, *args: Any) -> None:
        if hasattr(self, "_progress"):
            self._progress.stop()
