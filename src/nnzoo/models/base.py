"""What all models share: how a batch is learnt, what is counted, what a checkpoint holds."""

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from nnzoo.batch import Batch, Block, as_batch
from nnzoo.errors import InputError, RunError, whole
from nnzoo.models.counting import (
    count_steps,
    steps_per_epoch,
    steps_per_pass,
    takes_blocks,
    total_steps,
)
from nnzoo.models.optimizers import build_optimizer, build_scheduler
from nnzoo.nn import Scaling


class Model(pl.LightningModule):
    """A network and how it learns.

    A subclass gives ``forward`` and ``loss``; a rule that is no gradient step gives ``learn`` too,
    and passes no optimizer. Trains under any ``lightning.Trainer`` with an ordinary DataLoader of
    ``x`` or ``(x, y)``. nnzoo's own data modules hand over a ``Block`` of mini-batches at a time,
    which one ``training_step`` goes through: Lightning's cost per step, larger than a small
    model's own step, is then paid once a block.

    Args:
        in_features: number of inputs.
        optimizer: ``{name: adam, lr: 1e-3, ...}``, or None for a model with a rule of its own.
        scheduler: ``{name: cosine, ...}``, stepped once a pass over the data, or None.

    Attributes:
        scaling: maps raw values to the scale trained on; saved with the weights.
        progress: share of the training that was done when the present batch began, 0 to 1.
        progress_step: share of the training that one batch is.
    """

    curve = "loss"
    """The metric whose course is drawn and whose lowest value picks ``best.ckpt``."""

    curve_label = "loss"
    """What the curve's axis says: the metric, and its unit where it has one."""

    figures: tuple[str, ...] = ("curve",)
    """Names of the pictures of a trained model, drawn by ``nnzoo.training.pictures``."""

    loss_is_sum = False
    """Whether ``loss`` adds up the points of a batch (True) or takes their mean (False)."""

    def __init__(
        self,
        in_features: int,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.in_features = whole("model.in_features", in_features)
        self.optimizer_config = optimizer
        self.scheduler_config = scheduler
        self.scaling = Scaling(in_features)
        self.automatic_optimization = optimizer is not None
        self.progress = 0.0
        self.progress_step = 0.0
        self._losses: list[Tensor] = []
        self._sizes: list[int] = []

    # What a subclass says

    def loss(self, batch: Batch) -> Tensor:
        """The scalar that training lowers: a pure function of parameters, buffers and batch."""
        raise NotImplementedError

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name, measured on a batch with the present weights."""
        return {"loss": self.loss(batch)}

    def learn(self, batch: Batch) -> Tensor:
        """Change the parameters by one batch; the loss before the change, detached."""
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        loss = self.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    def on_pass_start(self) -> None:
        """Called before the first batch of each pass over the data, where steps are taken here."""

    def on_pass_end(self) -> None:
        """Called after the last batch of each pass over the data, where steps are taken here."""
        if (scheduler := self.lr_schedulers()) is not None:
            assert isinstance(scheduler, LRScheduler)  # the one of configure_optimizers
            scheduler.step()

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        """The constructor's arguments that follow from a data module."""
        return {"in_features": data.n_features}

    def check(self, data: Any) -> None:
        """Raise an InputError if the model cannot learn from this data module."""
        if data.n_features != self.in_features:
            raise InputError(
                f"model.in_features is {self.in_features} but the data have {data.n_features} "
                "features; leave it null to take it from the data"
            )
        if self.optimizer_config is not None:
            optimizer = build_optimizer(self.parameters(), self.optimizer_config)
            if self.scheduler_config is not None:
                build_scheduler(optimizer, 1, self.scheduler_config)

    # What a user calls

    @torch.no_grad()
    def predict(self, x: Any) -> Tensor:
        """The output for raw values.

        Args:
            x: (points, in_features) or (in_features,) in raw units: a tensor, array or lists.

        Returns:
            ``forward`` of the scaled values, in the shape that ``forward`` gives.

        Raises:
            InputError: if the last dimension is not ``in_features``.
        """
        return self(self.scaling(self._raw(x)))

    @torch.no_grad()
    def measure(self, raw: Batch) -> dict[str, float]:
        """Metrics by name, measured on a batch in raw units with the present weights."""
        raw = raw.like(self.scaling.offset)
        metrics = self.metrics(raw._replace(x=self.scaling(raw.x)))
        return {name: float(value) for name, value in metrics.items()}

    def score(self, data: Any) -> dict[str, float]:
        """Metrics by name, measured on a data module's training part with the present weights."""
        return self.measure(data.raw[0])

    def weights(self) -> dict[str, Tensor]:
        """The learnt numbers by name, as a person is shown them."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    def _raw(self, x: Any) -> Tensor:
        try:
            x = torch.as_tensor(x).to(self.scaling.offset)
        except (TypeError, ValueError) as error:
            raise InputError(f"the input must be numbers: {error}") from error
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise InputError(f"the input must have {self.in_features} values, got {tuple(x.shape)}")
        return x

    # How Lightning trains it

    def setup(self, stage: str) -> None:
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and data is not None and hasattr(data, "scaling"):
            self.check(data)
            self.scaling.load_state_dict(data.scaling.state_dict())

    def configure_optimizers(self) -> OptimizerLRScheduler:
        if self.optimizer_config is None:
            return []
        parameters = [p for p in self.parameters() if p.requires_grad]
        optimizer = build_optimizer(parameters, self.optimizer_config)
        if self.scheduler_config is None:
            return optimizer
        self.trainer.fit_loop.setup_data()  # makes the loader, whose length is asked for below
        passes = total_steps(self.trainer) // steps_per_pass(self.trainer)
        scheduler = build_scheduler(optimizer, passes, self.scheduler_config)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": scheduler,
                "interval": "step",
                "frequency": steps_per_pass(self.trainer),
            },
        }

    def on_train_start(self) -> None:
        # With blocks the steps are taken in training_step, not by Lightning.
        here = takes_blocks(self.trainer)
        self.automatic_optimization = self.optimizer_config is not None and not here
        count_steps(self.trainer, 0)

    def teardown(self, stage: str) -> None:
        # Lightning reads it before the next fit begins.
        self.automatic_optimization = self.optimizer_config is not None

    def on_train_epoch_start(self) -> None:
        self._losses, self._sizes = [], []

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        if self.automatic_optimization:
            batch = self._batch(batch)
            loss = self.loss(batch)
            self._record([loss.detach()], [batch.x.shape[0]])
            return loss

        batches = batch if isinstance(batch, Block) else [self._batch(batch)]
        if self.trainer.max_steps > 0:
            batches = batches[: self.trainer.max_steps - self.trainer.global_step]
        per_pass, total = steps_per_pass(self.trainer), total_steps(self.trainer)
        before = self.trainer.current_epoch * steps_per_epoch(self.trainer)
        losses: list[Tensor] = []
        for step, item in enumerate(batches, start=len(self._sizes)):
            if step % per_pass == 0:
                self.on_pass_start()
            self.progress, self.progress_step = min((before + step) / total, 1), 1 / total
            losses.append(self.learn(item))
            if (step + 1) % per_pass == 0:
                self.on_pass_end()
                if self.trainer.should_stop:
                    break
        count_steps(self.trainer, len(losses))
        self._record(losses, [item.x.shape[0] for item in batches[: len(losses)]])
        return None

    def on_train_epoch_end(self) -> None:
        self.log("loss", self.passes()[-1]["loss"], sync_dist=True)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self._log_metrics(batch, "val_")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self._log_metrics(batch, "test_")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(self._batch(batch).x)

    def passes(self) -> list[dict[str, float]]:
        """A row for each pass of this epoch: the numbers of ``epoch`` and ``pass`` from 0;
        ``step``, the batches learnt in the whole training so far; and ``loss``, over the pass's
        batches, each before it was learnt; of several processes, this one's. None before the
        epoch's first step."""
        if not self._losses:
            return []
        epoch, per_pass = self.trainer.current_epoch, steps_per_pass(self.trainer)
        losses = torch.cat(self._losses).double().cpu()
        sizes = torch.tensor(self._sizes, dtype=torch.float64)
        step = epoch * steps_per_epoch(self.trainer)
        first = epoch * -(-steps_per_epoch(self.trainer) // per_pass)
        parts = zip(losses.split(per_pass), sizes.split(per_pass), strict=True)
        rows = []
        for index, (loss, size) in enumerate(parts, start=first):
            step += len(loss)
            total = loss.sum() if self.loss_is_sum else (loss * size).sum() / size.sum()
            rows.append({"epoch": epoch, "pass": index, "step": step, "loss": float(total)})
        return rows

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["nnzoo"] = {"class": type(self).__name__}

    def _batch(self, batch: Any) -> Batch:
        """A loader's batch in the type of the weights."""
        return as_batch(batch).like(self.scaling.offset)

    def _log_metrics(self, batch: Any, prefix: str) -> None:
        batch = self._batch(batch)
        for name, value in self.metrics(batch).items():
            self.log(
                f"{prefix}{name}",
                value,
                on_epoch=True,
                on_step=False,
                batch_size=batch.x.shape[0],
                reduce_fx="sum" if name == "loss" and self.loss_is_sum else "mean",
                sync_dist=True,
            )

    def _record(self, losses: list[Tensor], sizes: list[int]) -> None:
        if not losses:
            return
        stacked = torch.stack(losses)
        if not (finite := stacked.isfinite()).all():
            first = int((~finite).nonzero()[0])
            step = len(self._sizes) + first
            self._record(losses[:first], sizes[:first])
            raise RunError(
                f"the loss became {float(losses[first])} in epoch {self.trainer.current_epoch}, "
                f"step {step}: the training diverged; a lower learning rate is the usual mend"
            )
        self._losses.append(stacked)
        self._sizes += sizes
