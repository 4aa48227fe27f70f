"""Training of models: the parts of a step, for the engine and for a plain Lightning Trainer."""

import sys
from collections.abc import Mapping
from copy import copy
from itertools import islice
from typing import Any, ClassVar

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import LearningRateFinder
from torch import Tensor
from torch.utils.data import DataLoader

from nnzoo.batch import Batch, as_batch, joined
from nnzoo.errors import InputError
from nnzoo.models.training.divergence import check_divergence
from nnzoo.models.training.gathering import gather, share_state, take_same_steps
from nnzoo.models.training.measuring import Measured
from nnzoo.models.training.optimizers import build_optimizer, build_scheduler
from nnzoo.models.training.steps import ENDLESS, Clock, Descend, Rule, step_generator
from nnzoo.models.training.whole_batch import WHOLE, estimates, in_double, not_whole, take_step

ONE_LOSS = ("lbfgs", *WHOLE)
"""Optimizers that compare values or slopes of a loss."""

START_BATCHES = 1000
"""Maximum number of batches of an ordinary DataLoader that ``initialize`` gets."""


class Trainable(Measured):
    """A LightningModule that takes one step for each mini-batch.

    Several processes take the same step, for the points of all of them; a batch size, of the data
    or of a loader, is that of each process.

    ``loss``, ``metrics``, rules and ``sample_noise`` read only parameters, buffers and arguments,
    and change nothing, so that ``nnzoo.engine`` can call them for many models at once.

    Args:
        optimizer: ``{name: adam, lr: 0.001, ...}``, merged over ``default_optimizer``.
        scheduler: ``{name: cosine, ...}``, stepped once an epoch; None: a constant rate.
    """

    default_optimizer: ClassVar[Mapping[str, Any] | None] = None  # None: no gradient steps
    parts: tuple[str, ...] = ("",)  # submodules, each with an optimizer; "": all
    stops_at_zero_loss = False  # whether an epoch with a training loss of 0 ends the training
    follows_length = False  # whether rates depend on the length of the training

    def __init__(
        self, optimizer: Mapping[str, Any] | None = None, scheduler: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(optimizer, Mapping | None):
            raise InputError("model.optimizer must be a mapping with a name, such as {name: adam}")
        self.optimizer_config = {**(self.default_optimizer or {}), **(optimizer or {})}
        self.scheduler_config = scheduler
        has_one_loss = type(self).steps is Trainable.steps
        self.automatic_optimization = has_one_loss and not in_double(self)
        name = self.optimizer_config.get("name")
        if not has_one_loss and name in ONE_LOSS:
            raise InputError(
                f"model.optimizer.name={name} needs a model with one loss, the same function in "
                f"each step, which {type(self).__name__} is not; use another optimizer"
            )
        if in_double(self):
            self.optimizer_config.pop("lr", None)  # of an entry of the catalogue; it has no rate
        self._logged = -1  # the last step whose loss was logged
        self._seed = 0  # of the noise

    def save_hyperparameters(self, *names: Any, frame: Any = None, **options: Any) -> None:
        """As in Lightning, whose default frame refers to itself and so keeps all callers' variables
        until the next garbage collection."""
        super().save_hyperparameters(*names, frame=frame or sys._getframe(1), **options)

    def check_parts(self) -> None:
        """Raise an InputError if the class lacks what a training needs."""
        kind, name = type(self), type(self).__name__
        plain = kind.training_step is Trainable.training_step
        by_gradients = plain and kind.steps is Trainable.steps
        if kind.forward is pl.LightningModule.forward:
            raise InputError(f"{name} has no method forward")
        if by_gradients and kind.loss is Trainable.loss:
            raise InputError(f"{name} has neither a method loss nor steps")
        own = kind.configure_optimizers is not Trainable.configure_optimizers
        if by_gradients and self.default_optimizer is None and not own:
            raise InputError(
                f"{name} has no default_optimizer, such as {{'name': 'adam', 'lr': 0.01}}"
            )
        if "in_features" not in self.hparams:
            raise InputError(
                f"{name} must call save_hyperparameters() in its constructor, so that its "
                "checkpoints can be loaded"
            )

    # For a model to define

    def steps(self, clock: Clock) -> tuple[Descend | Rule, ...]:
        """Return the parts of the training step at this time, in order."""
        return (Descend(),)

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor | None:
        """Return the random numbers for a batch's step; None: it needs none."""
        return None

    def initialize(self, x: Tensor) -> None:
        """Set the initial values that depend on training inputs (points, in_features), scaled."""

    def initialize_from(self, batch: Batch) -> None:
        """Set the initial values that depend on scaled training points and their targets; by
        default those of ``initialize``."""
        self.initialize(batch.x)

    def calibrate(self, data: Any) -> None:
        """Set values that depend on the trained weights and a data module's training part."""

    def optimizer_options(self, part: str) -> dict[str, Any]:
        """Return the options of the optimizer of a part."""
        return dict(self.optimizer_config)

    @property
    def learning_rate(self) -> float | None:
        """The optimizer's initial learning rate, which Lightning's ``lr_find`` sets; None: that of
        torch's class."""
        return self.optimizer_config.get("lr")

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.optimizer_config["lr"] = value
        if "optimizer" in self.hparams:  # so that a checkpoint restores it
            self.hparams["optimizer"] = {**(self.hparams["optimizer"] or {}), "lr": value}

    # Hooks of Lightning

    def setup(self, stage: str) -> None:
        callbacks: list[pl.Callback] = getattr(self.trainer, "callbacks", [])
        finds_rate = any(isinstance(callback, LearningRateFinder) for callback in callbacks)
        if finds_rate and not self.automatic_optimization:
            raise InputError(
                f"lr_find needs a model with one optimizer, which {type(self).__name__} is not; "
                "compare rates by a sweep"
            )
        if type(self).training_step is Trainable.training_step:
            take_same_steps(self.trainer)

    def configure_optimizers(self) -> Any:
        if self.default_optimizer is None:
            return None
        optimizers = [
            build_optimizer(self.get_submodule(part).parameters(), self.optimizer_options(part))
            for part in self.parts
        ]
        if self.scheduler_config is None:
            return optimizers
        epochs = self.trainer.max_epochs or 1
        return optimizers, [build_scheduler(o, epochs, self.scheduler_config) for o in optimizers]

    def on_fit_start(self) -> None:
        self._logged = -1
        self._seed = self.trainer.strategy.broadcast(torch.initial_seed())
        kind = type(self)
        by_points = kind.initialize is not Trainable.initialize
        by_targets = kind.initialize_from is not Trainable.initialize_from
        if self.trainer.ckpt_path is None and (by_points or by_targets):
            if (data := self._data_module()) is not None:
                self.initialize_from(data.start_batch())
            else:
                batches = self._first_batches()
                for batch in batches[:1]:
                    self.as_batch(batch)  # checks its shape
                self.initialize_from(joined(batches))
        if self.trainer.world_size > 1:
            share_state(self)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        batch = self._gathered(batch, batch_idx, self.trainer.train_dataloader)
        clock = self.clock()
        name = self.optimizer_config.get("name")
        if name in WHOLE and clock.per_epoch > 1:
            raise not_whole(str(name), "the loader has several batches")
        noise = self.sample_noise(batch, step_generator(self._seed, clock.step))
        if self.automatic_optimization:
            loss = self.loss(batch, noise)
            if self._logged != clock.step:  # L-BFGS computes the loss of a batch several times
                self._log_metrics({"loss": loss}, batch)
                self._logged = clock.step
            return loss
        actions = self.steps(clock)
        losses = [self._take(action, batch, noise, clock) for action in actions]
        self._log_metrics({"loss": next(loss for loss in losses if loss is not None)}, batch)
        if all(isinstance(action, Rule) for action in actions):
            # Lightning counts only steps of optimizers; callbacks ignore a training without steps.
            steps = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
            steps.increment_ready()
            steps.increment_completed()
        if self.trainer.is_last_batch:  # as Lightning does, before checkpoints of the epoch
            schedulers: list[Any] = [c.scheduler for c in self.trainer.lr_scheduler_configs]
            for scheduler in schedulers:
                scheduler.step()
        return None

    def on_train_epoch_end(self) -> None:
        check_divergence(self.trainer, self)
        if self.stops_at_zero_loss and self.trainer.callback_metrics["loss"] == 0:
            self.trainer.should_stop = True
        every = self.trainer.check_val_every_n_epoch or 1  # the engine ends at a measurement
        if (self.trainer.current_epoch + 1) % every == 0 and getattr(self, "finished", 0) > 0:
            self.trainer.should_stop = True

    def on_train_end(self) -> None:
        if (data := self._data_module()) is not None:
            self.calibrate(data)

    def _data_module(self) -> Any:
        """Return nnzoo's data module that the Trainer trains on; None: it has other data."""
        data = getattr(self.trainer, "datamodule", None)
        return data if hasattr(data, "scaling") else None

    def _first_batches(self) -> list[Batch]:
        """Return the first batches of the Trainer's own DataLoader."""
        self.trainer.fit_loop.setup_data()  # builds the loader
        loader: Any = self.trainer.train_dataloader
        to_device = self.trainer.strategy.batch_to_device
        if isinstance(loader, DataLoader):  # persistent workers serve one reader at a time
            loader = copy(loader)
            loader._iterator = None
        batches = enumerate(islice(loader, START_BATCHES))
        return [
            gather(as_batch(to_device(batch)), number, self.trainer, loader)
            for number, batch in batches
        ]

    def clock(self) -> Clock:
        """Return the time of the current batch."""
        # The length of a loader may be infinite; -1 stands for no limit.
        per_epoch = int(min(self.trainer.num_training_batches, ENDLESS))
        limits = per_epoch * (self.trainer.max_epochs or 1), self.trainer.max_steps
        steps = min(limit for limit in (*limits, ENDLESS) if limit > 0)
        return Clock(self.trainer.fit_loop.epoch_loop.total_batch_idx, steps, max(per_epoch, 1))

    def _take(
        self, action: Descend | Rule, batch: Batch, noise: Tensor | None, clock: Clock
    ) -> Tensor | None:
        """Take one part of a step; return the loss before it, if it computes one."""
        if isinstance(action, Rule):
            return self.apply_rule(action, batch, clock, noise)
        optimizer: Any = self.optimizers()
        if isinstance(optimizer, list):
            optimizer = optimizer[self.parts.index(action.part)]
        if in_double(self):
            loss = take_step(self, optimizer, batch, noise)
            self._log_metrics(estimates(self, optimizer), batch)
            return loss
        loss = getattr(self, action.loss)(batch, noise)
        optimizer.zero_grad()
        self.manual_backward(loss, inputs=list(self.get_submodule(action.part).parameters()))
        optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def apply_rule(
        self, rule: Rule, batch: Batch, clock: Clock, noise: Tensor | None = None
    ) -> Tensor | None:
        """Apply a rule to the model in place; return the loss before it, if it computes one."""
        more = (noise,) if rule.noisy else ()
        changed = dict(getattr(self, rule.update)(batch, clock, *more))
        loss: Tensor | None = changed.pop("loss", None)
        state = dict(self.named_parameters()) | dict(self.named_buffers())
        for name, new in changed.items():
            state[name].copy_(new)
        return loss
