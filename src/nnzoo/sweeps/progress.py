"""The bar on a terminal while many models train as one."""

import time
from typing import Any

import lightning.pytorch as pl

from nnzoo.training.progress import ProgressBar


class MembersBar(ProgressBar):
    """A bar over epochs with the members and how many of them are trained in a second."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._begun = time.monotonic()

    def told(self, trainer: pl.Trainer, pl_module: Any) -> str:
        members = len(pl_module.members)
        share = (trainer.current_epoch + 1) / (trainer.max_epochs or 1)
        rate = share * members / (time.monotonic() - self._begun)
        return f"{members} members, {rate:.3g} members/s"
