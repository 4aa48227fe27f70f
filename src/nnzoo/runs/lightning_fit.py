"""Training by Lightning's own loop, for options that act on each step."""

import time
from collections.abc import Callable

import lightning.pytorch as pl
import torch

from nnzoo.engine.history import History
from nnzoo.engine.interrupts import Interrupts
from nnzoo.errors import InputError, RunError
from nnzoo.runs.bar import ProgressBar, is_terminal
from nnzoo.runs.checkpoint import resume_file, save
from nnzoo.runs.job import Job
from nnzoo.runs.trainer import build_loggers, build_trainer


def fit_by_lightning(job: Job, announce: Callable[[Job], object] | None) -> None:
    """Train a job by ``trainer.fit(model)``, with the same files as the engine writes.

    Raises:
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    recording = Recording(job)
    bar: list[pl.Callback] = [ProgressBar()] if is_terminal() else []
    loggers = build_loggers(job.config)
    trainer = build_trainer(job.config, [*job.callbacks, recording, *bar], loggers)
    if trainer.world_size > 1 and not job.model.automatic_optimization:
        raise InputError(
            f"{type(job.model).__name__} takes its own steps, which processes cannot share: set "
            "trainer.devices=1"
        )
    resume = job.config["resume"]
    checkpoint = None if resume is None else resume_file(resume)
    if trainer.is_global_zero:  # of several processes the first one writes
        job.open(trainer.strategy.root_device)
        if announce is not None:
            announce(job)
    start = time.perf_counter()
    trainer.fit(job.model, datamodule=job.data, ckpt_path=checkpoint)
    if not trainer.is_global_zero:
        raise SystemExit(0)
    job.result["fit_seconds"] = time.perf_counter() - start
    job.model.cpu()
    if recording.interrupts.asked:
        job.fail(RunError(f"interrupted after epoch {job.member.progress.epochs}"))
        raise KeyboardInterrupt(
            f"interrupted by {recording.interrupts.name}; resume={job.folder} continues it"
        )


class Recording(pl.Callback):
    """Records rows, the best epoch and checkpoints of a model that Lightning trains.

    Args:
        job: the job in training.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.interrupts = Interrupts()
        self._written = time.monotonic()
        self._history: History | None = None

    @property
    def history(self) -> History:
        """The history of the job's member; an epoch counts as one step."""
        if self._history is None:
            self._history = History([self.job.member], [1])
        return self._history

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.interrupts.start()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        job, progress, epochs = self.job, self.job.member.progress, trainer.current_epoch + 1
        loss = trainer.callback_metrics["loss"].detach().cpu().reshape(1, 1)
        self.history.no_loss_left([loss[0]], epochs)
        self.history.add_losses(loss)
        progress.step = trainer.global_step
        if progress.rows:
            progress.rows[-1]["step"] = epochs * int(trainer.num_training_batches)
        ends = epochs == job.plan.epochs or progress.error is not None or trainer.should_stop
        if ends or epochs % job.plan.every == 0:
            self._measure(trainer)
        if self.history.done or self.interrupts.asked:
            trainer.should_stop = True
        if time.monotonic() - self._written >= job.plan.every_seconds:
            self._write(trainer)

    @torch.no_grad()
    def _measure(self, trainer: pl.Trainer) -> None:
        job, model = self.job, self.job.model
        model.eval()
        metrics: dict[str, list[float]] = {}
        for prefix, part in (("", job.data.train), ("val_", job.data.val)):
            if part is not None:
                found = model.metrics(part.like(model.scaling.offset))
                metrics |= {f"{prefix}{name}": [float(value)] for name, value in found.items()}
        model.train()
        self.history.add_metrics(metrics, self._state())

    def _state(self) -> dict[str, torch.Tensor]:
        return {n: v.detach().clone()[None] for n, v in self.job.model.state_dict().items()}

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._write(trainer)

    def _write(self, trainer: pl.Trainer) -> None:
        """Write the run's files, with Lightning's state in ``last.ckpt``."""
        temporary = self.job.folder / "incomplete.ckpt"
        trainer.save_checkpoint(temporary)
        if not trainer.is_global_zero:
            return
        model = self.job.model
        current = {name: value.detach().clone() for name, value in model.state_dict().items()}
        device = model.device
        self.history.write(0, self._state(), {})
        content = torch.load(temporary, map_location="cpu", weights_only=True)
        temporary.unlink()
        content["nnzoo"]["training"] = self.job.member.progress.as_dict()
        save(content, self.job.folder / "checkpoints" / "last.ckpt")
        model.to(device).load_state_dict(current)
        self._written = time.monotonic()
