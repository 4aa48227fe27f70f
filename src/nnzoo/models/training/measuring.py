"""Metrics of models: over points in memory, and over the batches of a plain Lightning Trainer."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from nnzoo.batch import Batch, add_up, as_batch
from nnzoo.models.training.gathering import gather
from nnzoo.models.training.least_squares import no_squares


class Measured(pl.LightningModule):
    """A LightningModule with a loss and metrics, which ``validation_step`` and ``test_step`` log.

    Several processes measure the points of all of them.
    """

    loss_is_sum = False  # whether ``loss`` is a sum over points, not a mean

    def __init__(self) -> None:
        super().__init__()
        self._sums: dict[str, Tensor] = {}  # over the batches measured so far

    # For a model to define

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the scalar that training minimizes, for a scaled batch and noise from
        ``sample_noise``; None: no noise, as in metrics."""
        raise NotImplementedError

    def residuals(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return numbers (points, ...) for a loss that is their sum of squares, or if ``loss`` is a
        mean over points, the mean of the points' sums; those of a point depend on it alone.

        Raises:
            InputError: if the loss is not such a sum.
        """
        raise no_squares(f"the loss of {type(self).__name__}")

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the metrics that are means over points, by name as scalars."""
        return {} if self.loss_is_sum else {"loss": self.loss(batch)}

    def sums(self, batch: Batch) -> dict[str, Tensor]:
        """Return sums over points, by name, for the metrics that are not means."""
        return {"loss": self.loss(batch)} if self.loss_is_sum else {}

    def from_sums(self, sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the metrics that are not means as scalars, from ``sums`` added up over batches."""
        return {"loss": sums["loss"]} if self.loss_is_sum else {}

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Return all metrics by name as scalars, including ``loss``."""
        return self.means(batch) | self.from_sums(self.sums(batch))

    def as_batch(self, batch: Any) -> Batch:
        """Return a loader's output as a Batch."""
        return as_batch(batch)

    # Hooks of Lightning

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        batch = self._gathered(batch, batch_idx, self.trainer.val_dataloaders)
        self._measure(batch, batch_idx, "val_")

    def on_validation_epoch_end(self) -> None:
        self._log_sums("val_")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        batch = self._gathered(batch, batch_idx, self.trainer.test_dataloaders)
        self._measure(batch, batch_idx, "test_")

    def on_test_epoch_end(self) -> None:
        self._log_sums("test_")

    def _gathered(self, batch: Any, number: int, loader: Any) -> Batch:
        """Return a loader's output, joined with that of the other processes, as a Batch."""
        return self.as_batch(gather(as_batch(batch), number, self.trainer, loader))

    def _measure(self, batch: Batch, batch_idx: int, prefix: str) -> None:
        """Log a batch's means, which Lightning averages over points, and add its sums to those of
        the batches before."""
        self._log_metrics(self.means(batch), batch, prefix)
        self._sums = add_up(self._sums if batch_idx else {}, self.sums(batch))

    def _log_sums(self, prefix: str) -> None:
        """Log the metrics that follow from the sums over all batches, equal in all processes."""
        for name, value in (self.from_sums(self._sums) if self._sums else {}).items():
            self.log(prefix + name, value, sync_dist=True)
        self._sums = {}

    def _log_metrics(self, metrics: Mapping[str, Tensor], batch: Batch, prefix: str = "") -> None:
        for name, value in metrics.items():
            is_sum = self.loss_is_sum and name == "loss"
            if is_sum:  # every process has the whole sum, and Lightning adds them up
                value = value / self.trainer.world_size
            options: Any = {"batch_size": len(batch.x), "sync_dist": True}
            options["reduce_fx"] = "sum" if is_sum else "mean"
            self.log(prefix + name, value, on_step=False, on_epoch=True, **options)
