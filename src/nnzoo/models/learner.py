"""How mini-batches become steps under a Lightning Trainer, and what is counted on the way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from nnzoo.batch import Batch, Block, as_batch
from nnzoo.errors import InputError, diverged
from nnzoo.models.counting import (
    by_pass,
    count_steps,
    pass_rows,
    steps_per_epoch,
    steps_per_pass,
    takes_blocks,
    total_steps,
)
from nnzoo.models.optimizers import build_optimizer, build_scheduler
from nnzoo.models.winner import training_points


class Learner(pl.LightningModule):
    """A LightningModule that learns batch by batch, in blocks where the loader gives them.

    nnzoo's own data modules hand over a ``Block`` of mini-batches at a time, which one
    ``training_step`` goes through: Lightning's cost per step, larger than a small model's own step,
    is then paid once a block.

    Args:
        optimizer: ``{name: adam, lr: 1e-3, ...}``, or None for a model with a rule of its own.
        scheduler: ``{name: cosine, ...}``, stepped once a pass over the data, or None.

    Attributes:
        step: number of batches that were learnt before the present one, in the whole training.
        progress: share of the training that was done when the present batch began, 0 to 1.
        progress_step: share of the training that one batch is.
        seed: of the random numbers of a step; None: torch's.
    """

    manual = False
    """Whether ``learn`` takes the steps even where Lightning could: several optimizers, or none."""

    loss_is_sum = False
    """Whether ``loss`` adds up the points of a batch (True) or takes their mean (False)."""

    unstackable: str | None = None
    """Why a sweep cannot train models of this class as one; None: it can. See ``nnzoo.sweeps``."""

    varying: ClassVar[Mapping[str, str | None]] = {}
    """Arguments that may differ between models trained as one, and the attributes in which ``loss``
    or ``update`` reads them, as numbers that it does not branch on; None: they read it nowhere."""

    def __init__(
        self, optimizer: dict[str, Any] | None = None, scheduler: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(optimizer, Mapping | None):
            raise InputError("model.optimizer must be a mapping with a name, such as {name: adam}")
        self.optimizer_config = optimizer
        self.scheduler_config = scheduler
        self.seed: int | None = None
        self.manual = self.manual or optimizer is None
        self.automatic_optimization = not self.manual
        self.step = 0
        self.progress = 0.0
        self.progress_step = 0.0
        self._losses: list[Tensor] = []
        self._sizes: list[int] = []

    # What a subclass says

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """The scalar that training lowers: a pure function of parameters, buffers, batch and noise.

        Args:
            batch: in the scale trained on.
            noise: what ``draw`` gives in training; None: measured without noise.
        """
        raise NotImplementedError

    def draw(self, batch: Batch) -> Tensor | None:
        """The random numbers that learning a batch takes, of ``random``; None: it takes none."""
        return None

    def begin(self, x: Tensor) -> None:
        """Set what follows from the training points (points, in_features), where a training begins
        that resumes none."""

    def update(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """A step of a rule that is no gradient's: new parameters and buffers by name, and the loss
        before; a pure function as ``loss`` is."""
        raise NotImplementedError

    def begin_pass(self) -> dict[str, Tensor]:
        """Parameters and buffers by name that each pass over the data sets anew; pure."""
        return {}

    def finished(self) -> Tensor | None:
        """Whether the pass that just ended left nothing to learn; pure. None: no pass says so."""
        return None

    def learn(self, batch: Batch) -> Tensor:
        """Change the parameters by one batch; the loss before the change, detached."""
        if self.optimizer_config is None:
            with torch.no_grad():
                changed, before = self.update(batch)
            self._change(changed)
            return before
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        noise = self.draw(batch)
        return self.descend(optimizer, lambda: self._noisy_loss(batch, noise))

    @staticmethod
    def descend(optimizer: Optimizer, loss: Callable[[], Tensor]) -> Tensor:
        """Take one step of an optimizer down a loss; the loss before the step, detached."""

        def closure() -> float:
            value = loss()
            optimizer.zero_grad()
            value.backward()
            return value.detach()  # type: ignore[return-value]  # torch hands it through

        before: Any = optimizer.step(closure)
        return before

    def parts(self) -> Sequence[nn.Module]:
        """The modules that have an optimizer each."""
        return [self]

    def on_pass_start(self) -> None:
        """Called before the first batch of each pass over the data, where steps are taken here."""
        if changed := self.begin_pass():
            self._change(changed)

    def on_pass_end(self) -> None:
        """Called after the last batch of each pass over the data, where steps are taken here."""
        schedulers: Any = self.lr_schedulers() or []
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            scheduler.step()
        if (finished := self.finished()) is not None and finished:
            self.trainer.should_stop = True

    def random(self) -> torch.Generator:
        """Random numbers on the CPU that depend on the seed and the step alone, so that a resumed
        training draws the same."""
        # Odd numbers keep the streams of steps, processes, and the order of the points apart.
        seed = torch.initial_seed() if self.seed is None else self.seed
        seed += 1_000_003 * self.step + 15_485_863 * self.global_rank + 500_001
        return torch.Generator().manual_seed(seed % 2**63)

    # How Lightning trains it

    def build_optimizers(self) -> list[Optimizer]:
        """One for each part; none for a model with a rule of its own."""
        if self.optimizer_config is None:
            return []
        return [
            build_optimizer(
                (p for p in part.parameters() if p.requires_grad), self.optimizer_config
            )
            for part in self.parts()
        ]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizers = self.build_optimizers()
        if self.scheduler_config is None:
            return optimizers
        self.trainer.fit_loop.setup_data()  # makes the loader, whose length is asked for below
        per_pass = steps_per_pass(self.trainer)
        passes = total_steps(self.trainer) // per_pass
        schedulers: list[Any] = [
            {
                "scheduler": build_scheduler(optimizer, passes, self.scheduler_config),
                "interval": "step",
                "frequency": per_pass,
            }
            for optimizer in optimizers
        ]
        return optimizers, schedulers

    def on_fit_start(self) -> None:
        if self.trainer.ckpt_path is None and type(self).begin is not Learner.begin:
            self.begin(training_points(self.trainer))

    def on_train_start(self) -> None:
        # With blocks the steps are taken in training_step, not by Lightning.
        self.automatic_optimization = not self.manual and not takes_blocks(self.trainer)
        count_steps(self.trainer, 0)

    def teardown(self, stage: str) -> None:
        # Lightning reads it before the next fit begins.
        self.automatic_optimization = not self.manual

    def on_train_epoch_start(self) -> None:
        self._losses, self._sizes = [], []

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        before = self.trainer.current_epoch * steps_per_epoch(self.trainer)
        if self.automatic_optimization:
            batch = self._batch(batch)
            self.step = before + batch_idx
            loss = self._noisy_loss(batch, self.draw(batch))
            if batch_idx == len(self._sizes):  # L-BFGS asks for the loss of a batch several times
                self._record([loss.detach()], [batch.x.shape[0]])
            return loss

        batches = batch if isinstance(batch, Block) else [self._batch(batch)]
        if self.trainer.max_steps > 0:
            batches = batches[: self.trainer.max_steps - self.trainer.global_step]
        per_pass, total = steps_per_pass(self.trainer), total_steps(self.trainer)
        losses: list[Tensor] = []
        for number, item in enumerate(batches, start=len(self._sizes)):
            if number % per_pass == 0:
                self.on_pass_start()
            step = before + number
            # A module's own way to set attributes costs a small model's step some percent.
            self.__dict__.update(step=step, progress=min(step / total, 1), progress_step=1 / total)
            losses.append(self.learn(item))
            if (number + 1) % per_pass == 0:
                self.on_pass_end()
                if self.trainer.should_stop:
                    break
        count_steps(self.trainer, len(losses))
        self._record(losses, [item.x.shape[-2] for item in batches[: len(losses)]])
        return None

    def on_train_epoch_end(self) -> None:
        self.tell({"loss": self.passes()[-1]["loss"]})

    @property
    def unheard(self) -> bool:
        """Whether what is measured goes to callbacks alone: to no logger, to no other process."""
        return not self.trainer.loggers and self.trainer.world_size == 1

    def tell(self, measured: Mapping[str, float]) -> None:
        """Log what was measured once in an epoch, from ``on_train_epoch_end``: numbers by name."""
        if not self.unheard:
            self.log_dict(dict(measured), sync_dist=True)
            return
        # Nothing to write and nothing to average: Lightning's way there takes ten times as long.
        found = {name: torch.tensor(value) for name, value in measured.items()}
        self.trainer.callback_metrics.update(found)
        self.trainer.logged_metrics.update(found)

    def passes(self) -> list[dict[str, float]]:
        """A row for each pass of this epoch: the numbers of ``epoch`` and ``pass`` from 0;
        ``step``, the batches learnt in the whole training so far; and ``loss``, over the pass's
        batches, each before it was learnt; of several processes, this one's. None before the
        epoch's first step."""
        if not self._losses:
            return []
        losses = torch.cat(self._losses).double().cpu().numpy()
        sizes = np.array(self._sizes, dtype=float)
        totals = by_pass(losses, sizes, steps_per_pass(self.trainer), self.loss_is_sum)
        return pass_rows(self.trainer, totals, len(losses))

    def _batch(self, batch: Any) -> Batch:
        """What a loader gives as a Batch in the type of the weights."""
        return as_batch(batch)

    @torch.no_grad()
    def _change(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            owner, _, attribute = name.rpartition(".")
            getattr(self.get_submodule(owner), attribute).copy_(value)

    def _noisy_loss(self, batch: Batch, noise: Tensor | None) -> Tensor:
        return self.loss(batch) if noise is None else self.loss(batch, noise)

    def _record(self, losses: list[Tensor], sizes: list[int]) -> None:
        if not losses:
            return
        stacked = torch.stack(losses)
        if not (finite := stacked.isfinite()).all():
            first = int((~finite).nonzero()[0])
            step = len(self._sizes) + first
            self._record(losses[:first], sizes[:first])
            epoch = self.trainer.current_epoch
            raise diverged(f"the loss became {float(losses[first])} in epoch {epoch}, step {step}")
        self._losses.append(stacked)
        self._sizes += sizes
