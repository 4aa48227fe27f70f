"""Training by Lightning's own loop, for options that act on each step."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher

from nnzoo.engine.history import History
from nnzoo.engine.interrupts import PATIENCE, Interrupts, StopError
from nnzoo.engine.loop import WRITING_SHARE
from nnzoo.errors import InputError, RunError, message
from nnzoo.nn.bayesian_regularization import NUMBERS
from nnzoo.runs.checkpoint import write_progress
from nnzoo.runs.evaluation import measure
from nnzoo.runs.job import Job
from nnzoo.runs.loggers import build_loggers, close, log_hyperparameters
from nnzoo.runs.ranks import can_fork, other_ranks
from nnzoo.runs.resume import resume_file
from nnzoo.runs.trainer import build_trainer, fit, set_threads, silence_warnings


def fit_by_lightning(
    job: Job, announce: Callable[[Job], object] | None, interrupts: Interrupts | None = None
) -> Interrupts:
    """Train a job by ``trainer.fit(model)``, with the same files as the engine writes.

    On several devices it starts the other processes, unless ``torchrun`` or a cluster did. All take
    the same steps, and the first one writes.

    Returns:
        The recorded signals.
    """
    recording = Recording(job, announce, interrupts or Interrupts())
    loggers, callbacks = build_loggers(job.config), [*job.callbacks, recording]
    trainer = build_trainer(job.config, callbacks, loggers, job.member.progress)
    together = other_processes(trainer, recording)
    if job.plan.clip is not None and not job.model.automatic_optimization:
        raise InputError(
            "trainer.gradient_clip_val: Lightning's loop cannot clip the gradients of a "
            f"{type(job.model).__name__}, and trains it since {job.reason}; remove one option"
        )
    resume = job.config["resume"]
    checkpoint = None if resume is None else resume_file(resume)
    if trainer.is_global_zero:
        job.open(trainer.strategy.root_device)
        log_hyperparameters(loggers, job)
    start = time.perf_counter()
    try:
        with recording.interrupts, together, suppress_recorded(job):
            fit(trainer, recording.interrupts, job.model, datamodule=job.data, ckpt_path=checkpoint)
        job.result["fit_seconds"] = time.perf_counter() - start
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
    close(loggers, job.member.progress.error is None)
    job.model.cpu()
    return recording.interrupts


@contextmanager
def suppress_recorded(job: Job) -> Iterator[None]:
    """In a block, suppress the error of a training that diverged, which its progress has."""
    try:
        yield
    except RunError:
        if job.member.progress.error is None:
            raise


def fit_as_rank(job: Job, interrupts: Interrupts) -> None:
    """Train a job in a process of rank 1 or higher; signals may already be recorded."""
    silence_warnings()
    set_threads(job.config["threads"])
    fit_by_lightning(job, None, interrupts)


def other_processes(trainer: pl.Trainer, recording: "Recording") -> AbstractContextManager[None]:
    """Return a context in which the other processes of a training on several devices run.

    Raises:
        InputError: if the strategy starts processes that return no result.
    """
    strategy: Any = trainer.strategy
    job = recording.job
    if isinstance(strategy.launcher, _MultiProcessingLauncher):
        raise InputError(
            f"trainer.strategy={job.config['trainer'].get('strategy')} starts processes of its own,"
            " which return no result: use trainer.strategy=ddp"
        )
    if trainer.world_size == 1 or strategy.cluster_environment.creates_processes_externally:
        return nullcontext()
    place = strategy.cluster_environment
    variables = {"MASTER_ADDR": place.main_address, "MASTER_PORT": str(place.main_port)}
    # Neither CUDA nor threads for its gradients survive a fork.
    fork = can_fork() and not torch.cuda.is_available()
    work = partial(fit_as_rank, job, recording.interrupts)
    return other_ranks(strategy.num_processes, work, variables, fork, job.fail)


class InMemory(TorchCheckpointIO):
    """Saves a checkpoint in memory; Lightning itself writes through the temporary folder."""

    def __init__(self) -> None:
        self.file = io.BytesIO()

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        torch.save(checkpoint, self.file)
        self.file.seek(0)


class Recording(pl.Callback):
    """Records rows, the best epoch and checkpoints of a model that Lightning trains.

    All processes of a training stop if any of them decides so, and write if the first one does. A
    signal also stops a long epoch; then the state at its start is written.
    """

    def __init__(
        self, job: Job, announce: Callable[[Job], object] | None, interrupts: Interrupts
    ) -> None:
        self.job, self.announce, self.interrupts = job, announce, interrupts
        self.started = False
        self.history = History([job.member], [1])  # an epoch counts as one step
        self._written = self._began = time.monotonic()
        self._kept, self._kept_epoch, self._keep_seconds = InMemory(), -1, 0.0

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Other jobs have been built since, and Lightning seeds each process again.
        torch.set_rng_state(self.job.random_state)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started = True
        if self.job.config["resume"] is None:
            self.job.load_start()  # Lightning's loop has initialized the model
        if trainer.is_global_zero and self.announce is not None:
            self.announce(self.job)
        self._keep(trainer)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began = time.monotonic()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if self._kept_epoch != trainer.current_epoch:
            return
        if self._any(trainer, self.interrupts.urgent):
            self._note_other_signal()
            self._write(trainer)
            raise StopError

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        plan, progress, epochs = self.job.plan, self.job.member.progress, trainer.current_epoch + 1
        loss = trainer.callback_metrics["loss"].detach().cpu().reshape(1, 1)
        self.history.reached_zero_loss([loss[0]], epochs)
        self.history.add_losses(loss)
        progress.step = trainer.global_step
        if progress.rows:
            progress.rows[-1]["step"] = epochs * int(trainer.num_training_batches)
        is_last = epochs == plan.epochs or progress.error is not None or trainer.should_stop
        if is_last or epochs % plan.every == 0:
            model = self.job.model.eval()
            measured = measure(model, self.job.data)
            model.train()
            logged = trainer.callback_metrics
            measured |= {name: float(logged[name]) for name in NUMBERS if name in logged}
            metrics = {name: [value] for name, value in measured.items()}
            self.history.add_metrics(metrics, self._state())
        asked = self._any(trainer, self.interrupts.asked)
        now, first = time.monotonic(), trainer.is_global_zero
        is_due = now - self._written >= plan.every_seconds
        is_long = now - self._began >= max(PATIENCE, self._keep_seconds / WRITING_SHARE)
        if self._any(trainer, first and (is_due or is_long)):
            self._keep(trainer)
        if is_due:
            self._write(trainer)
        ends = bool(self.history.done) or progress.error is not None
        if asked:
            self._note_other_signal()
        if self._any(trainer, asked or ends):
            trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._keep(trainer)
        self._write(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if self.started and isinstance(exception, RunError):  # it diverged, in all processes
            progress = self.job.member.progress
            progress.error = progress.error or exception
            self.on_train_end(trainer, pl_module)

    @staticmethod
    def _any(trainer: pl.Trainer, decision: bool) -> bool:
        """Return whether any process decides so."""
        return trainer.strategy.reduce_boolean_decision(decision, all=False)

    def _note_other_signal(self) -> None:
        if not self.interrupts.asked:
            self.interrupts.name = "a signal to another process"

    def _state(self) -> dict[str, torch.Tensor]:
        return {n: v.detach().clone()[None] for n, v in self.job.model.state_dict().items()}

    def _keep(self, trainer: pl.Trainer) -> None:
        """Keep Lightning's checkpoint in memory; all processes do it together."""
        start = time.monotonic()
        self._kept, self._kept_epoch = InMemory(), self.history.recorded
        previous, trainer.strategy.checkpoint_io = trainer.strategy.checkpoint_io, self._kept
        try:
            trainer.save_checkpoint("last.ckpt")
        finally:
            trainer.strategy.checkpoint_io = previous
        self._keep_seconds = time.monotonic() - start

    def _write(self, trainer: pl.Trainer) -> None:
        """Write the run's files, with the checkpoint in memory as ``last.ckpt``."""
        if not trainer.is_global_zero:
            return
        job, state = self.job, self._state()
        last = torch.load(self._kept.file, map_location="cpu", weights_only=True)
        job.member.write = partial(write_progress, job.folder, job.model, job.data, last=last)
        self.history.write(0, state, {})
        # Writing may have changed the weights of the model.
        job.model.load_state_dict({name: value[0] for name, value in state.items()})
        self._written = time.monotonic()
