"""The bar on a terminal while many models train as one."""

import time
from typing import Any

import lightning.pytorch as pl

from nnzoo.training.progress import ProgressBar


class MembersBar(ProgressBar):
    """A bar over epochs with the members and how many of them are trained in a second.

    Args:
        members: in training, here and in other processes.
    """

    def __init__(self, members: int) -> None:
        self.members = members

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._begun = time.monotonic()

    def told(self, trainer: pl.Trainer, pl_module: Any) -> str:
        share = (trainer.current_epoch + 1) / (trainer.max_epochs or 1)
        rate = share * self.members / (time.monotonic() - self._begun)
        return f"{self.members} members, {rate:.3g} members/s"
