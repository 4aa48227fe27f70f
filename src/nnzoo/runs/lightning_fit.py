"""Training by Lightning's own loop, for options that act on each step."""

import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.exceptions import MisconfigurationException

from nnzoo.engine.history import History
from nnzoo.engine.interrupts import Interrupts
from nnzoo.errors import InputError, message
from nnzoo.runs.checkpoint import write_progress
from nnzoo.runs.evaluation import measure
from nnzoo.runs.job import Job
from nnzoo.runs.resume import resume_file
from nnzoo.runs.trainer import build_loggers, build_trainer, fit


def fit_by_lightning(job: Job, announce: Callable[[Job], object] | None) -> Interrupts:
    """Train a job by ``trainer.fit(model)``, with the same files as the engine writes.

    Returns:
        The signals that came.
    """
    recording = Recording(job, announce)
    trainer = build_trainer(job.config, [*job.callbacks, recording], build_loggers(job.config))
    if trainer.world_size > 1 and not job.model.automatic_optimization:
        raise InputError(
            f"{type(job.model).__name__} takes its own steps, which processes cannot share: set "
            "trainer.devices=1"
        )
    resume = job.config["resume"]
    checkpoint = None if resume is None else resume_file(resume)
    if trainer.is_global_zero:  # of several processes the first one writes
        job.open(trainer.strategy.root_device)
    try:
        seconds = fit(
            trainer, recording.interrupts, job.model, datamodule=job.data, ckpt_path=checkpoint
        )
        if not recording.started and not recording.interrupts.asked:
            raise ValueError("nothing was trained: its options leave no epoch or no batch")
    except Exception as error:
        if not recording.started:
            job.close()
            kinds = MisconfigurationException | TypeError | ValueError
            if isinstance(error, kinds) and not isinstance(error, InputError):
                raise InputError(f"trainer: {message(error)}") from error
        raise
    if not trainer.is_global_zero:
        raise SystemExit(0)
    job.result["fit_seconds"] = seconds
    job.model.cpu()
    return recording.interrupts


class InMemory(TorchCheckpointIO):
    """Saves a checkpoint in memory; Lightning's own file goes through the temporary folder."""

    def __init__(self) -> None:
        self.file = io.BytesIO()

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        torch.save(checkpoint, self.file)
        self.file.seek(0)


class Recording(pl.Callback):
    """Records rows, the best epoch and checkpoints of a model that Lightning trains.

    Processes that train together stop and write together: at the word of any, and of the first.
    """

    def __init__(self, job: Job, announce: Callable[[Job], object] | None) -> None:
        self.job, self.announce, self.interrupts = job, announce, Interrupts()
        self.started = False
        self.history = History([job.member], [1])  # an epoch counts as one step
        self._written = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started = True
        self.interrupts.start()
        if trainer.is_global_zero and self.announce is not None:
            self.announce(self.job)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        plan, progress, epochs = self.job.plan, self.job.member.progress, trainer.current_epoch + 1
        loss = trainer.callback_metrics["loss"].detach().cpu().reshape(1, 1)
        self.history.no_loss_left([loss[0]], epochs)
        self.history.add_losses(loss)
        progress.step = trainer.global_step
        if progress.rows:
            progress.rows[-1]["step"] = epochs * int(trainer.num_training_batches)
        ends = epochs == plan.epochs or progress.error is not None or trainer.should_stop
        if ends or epochs % plan.every == 0:
            model = self.job.model.eval()
            measured = measure(model, self.job.data)
            model.train()
            metrics = {name: [value] for name, value in measured.items()}
            self.history.add_metrics(metrics, self._state())
        any_of = partial(trainer.strategy.reduce_boolean_decision, all=False)
        if any_of(self.interrupts.asked) and not self.interrupts.asked:
            self.interrupts.name = "a signal to another process"
        is_due = time.monotonic() - self._written >= plan.every_seconds
        if any_of(is_due and trainer.is_global_zero):
            self._write(trainer)
        ends = bool(self.history.done) or progress.error is not None
        if any_of(ends) or self.interrupts.asked:
            trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._write(trainer)

    def _state(self) -> dict[str, torch.Tensor]:
        return {n: v.detach().clone()[None] for n, v in self.job.model.state_dict().items()}

    def _write(self, trainer: pl.Trainer) -> None:
        """Write the run's files, with Lightning's state in ``last.ckpt``."""
        kept, strategy = InMemory(), trainer.strategy
        former, strategy.checkpoint_io = strategy.checkpoint_io, kept
        try:
            trainer.save_checkpoint("last.ckpt")
        finally:
            strategy.checkpoint_io = former
        if not trainer.is_global_zero:
            return
        state = self._state()
        last = torch.load(kept.file, map_location="cpu", weights_only=True)
        job = self.job
        job.member.write = partial(write_progress, job.folder, job.model, job.data, last=last)
        self.history.write(0, state, {})
        # It may have changed the weights of the model.
        job.model.load_state_dict({name: value[0] for name, value in state.items()})
        self._written = time.monotonic()
