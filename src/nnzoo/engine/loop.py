"""The training loop of a population."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.adaptive_rate import RowGDA
from nnzoo.engine.conjugate_gradient import RowSCG
from nnzoo.engine.history import History
from nnzoo.engine.interrupts import Interrupts
from nnzoo.engine.levenberg_marquardt import RowLevenbergMarquardt
from nnzoo.engine.loader import PopulationLoader
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.engine.progress import Member
from nnzoo.models import Clock, Descend

BY_NAME: dict[str, type[RowOptimizer]] = {
    "bayesian_regularization": RowLevenbergMarquardt,
    "gda": RowGDA,
    "gdx": RowGDA,
    "levenberg_marquardt": RowLevenbergMarquardt,
    "scg": RowSCG,
}
"""Classes of the optimizers that are not one of the formulas of ``RowOptimizer``."""

WRITING_SHARE = 0.1
"""Maximum share of the training time that is spent on writing files."""


@dataclass(frozen=True)
class Plan:
    """The length of a training, and how often it measures and writes.

    Attributes:
        epochs: length of the whole training.
        every: number of epochs between two measurements.
        clip: the limit of gradients, and what it limits: ``norm`` or ``value``; None: no limit.
        every_seconds: minimum time between two writes.
    """

    epochs: int
    every: int = 1
    clip: tuple[float, str] | None = None
    every_seconds: float = 30.0


class Engine(pl.LightningModule):
    """Trains members together; each ``training_step`` takes them to their next measurement.

    Args:
        members: members with models of one kind, all at the same step.
        plan: length and intervals of the training.

    Attributes:
        epoch, step: numbers of epochs and batches completed.
        interrupts: signals that stop the training.
    """

    def __init__(self, members: Sequence[Member], plan: Plan) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.members, self.plan = list(members), plan
        self.epoch, self.step = members[0].progress.epochs, members[0].progress.step
        self.interrupts = Interrupts()

    def configure_optimizers(self) -> list[Any]:
        """Return an empty list: the engine has its own optimizers."""
        return []

    def train_dataloader(self) -> range:
        """Return the epochs at which to measure; the last may lie beyond the plan's end."""
        every = self.plan.every
        return range((self.epoch // every + 1) * every, self.plan.epochs + every, every)

    def on_train_start(self) -> None:
        members = self.members
        models, seeds = [m.model for m in members], [m.seed for m in members]
        self.population = Population(models, seeds, self.device)
        in_slices = not models[0].measured_whole
        self.loader = PopulationLoader(
            [m.data for m in members], seeds, self.population.template.prototype, in_slices
        )
        self.per_epoch = len(self.loader.sizes)
        self.history = History(members, self.loader.sizes)
        self.row_optimizers: dict[str, RowOptimizer] = {}
        for part, rows in self.population.rows.items():
            configs = [model.optimizer_options(part) for model in models]
            schedulers = [model.scheduler_config for model in models]
            kind = BY_NAME.get(configs[0]["name"], RowOptimizer)
            epochs = max(self.plan.epochs, 1)
            optimizer = kind(rows, configs, schedulers, epochs, self.plan.clip)
            if members[0].progress.optimizers:
                optimizer.resume([m.progress.optimizers[part] for m in members])
            self.row_optimizers[part] = optimizer
        # Losses of the steps since the last row; a resumed training may start within an epoch.
        partial = torch.tensor([m.progress.losses for m in members], dtype=torch.float64)
        self._losses: list[Tensor] = list(partial.to(self.device).T)
        self._written, self._write_seconds = time.monotonic(), 0.0

    def training_step(self, end: int, batch_idx: int) -> None:
        end = min(end, self.plan.epochs)
        for epoch in range(self.epoch, end):
            for optimizer in self.row_optimizers.values():
                optimizer.set_epoch(epoch)
            began = time.monotonic()
            for batch in self._batches(epoch, end):
                clock = Clock(self.step, self.plan.epochs * self.per_epoch, self.per_epoch)
                self._losses.append(self._take(batch, clock))
                self.step += 1
                if self.interrupts.urgent:
                    self.trainer.should_stop = True
                    return
                if self._is_due(max(began, self._written) + 1):
                    self._write()
                    if self.trainer.should_stop:
                        return
            self.epoch = epoch + 1
            if self.history.reached_zero_loss(self._losses[-self.per_epoch :], self.epoch):
                end = self.epoch
            if self.epoch == end:  # never at an interrupt: the history must not depend on it
                self._measure()
            if self.interrupts.asked or not self.history.members:
                self.trainer.should_stop = True
                return
            if self._is_due(self._written):
                self._write()
            if self.trainer.should_stop:
                return

    def on_train_end(self) -> None:
        self._write()

    def measure_untrained(self) -> None:
        """Measure and write the members without a Trainer, for a plan of 0 epochs."""
        self.on_train_start()
        self._measure()
        self._write()

    # A step

    def _batches(self, epoch: int, end: int) -> Iterator[Batch]:
        """Return the batches of an epoch, without those trained on before an interrupt."""
        return islice(self.loader.epoch(epoch, end), self.step - epoch * self.per_epoch, None)

    def _take(self, batch: Batch, clock: Clock) -> Tensor:
        """Take one step of all members; return their losses before it, (members,)."""
        losses: list[Tensor | None] = []
        noise = self.population.sample_noise(batch, clock.step)
        for action in self.population.template.steps(clock):
            if isinstance(action, Descend):
                optimizer = self.row_optimizers[action.part]
                losses.append(optimizer.descend(self.population, action, batch, noise))
            else:
                losses.append(self.population.update(action, batch, clock, noise))
        return next(loss for loss in losses if loss is not None)

    # Measurements

    def _measure(self) -> None:
        """Measure all members, and drop those that are done."""
        self._add_rows()
        metrics = self._metrics("train")
        if self.members[0].data.raw[1] is not None:
            metrics |= {f"val_{name}": values for name, values in self._metrics("val").items()}
        for optimizer in self.row_optimizers.values():
            columns = {n: optimizer.state[n] for n in optimizer.measured if n in optimizer.state}
            metrics |= {name: column[:, 0].tolist() for name, column in columns.items()}
        self.history.add_metrics(metrics, self.population.state())
        if not self.history.done:
            return
        self._write(self.history.done)
        staying = [p for p in range(len(self.population)) if p not in self.history.done]
        self.history.keep(staying)
        if staying:
            self.population.keep(staying)
            self.loader.keep(staying)
            for part, optimizer in self.row_optimizers.items():
                optimizer.keep(self.population.rows[part], staying)
            self._losses = [loss[staying] for loss in self._losses]

    def _metrics(self, part: str) -> dict[str, list[float]]:
        """Return the metrics of a part by name, one number per member."""
        population, loader = self.population, self.loader
        if (slices := loader.slices(part)) is None:
            found = population.measure(loader.all_points(part), loader.shared)
        else:
            found = population.measure_slices(slices)
        return {name: value.double().tolist() for name, value in found.items()}

    def _add_rows(self) -> None:
        """Add rows for the completed epochs that have none yet."""
        steps = (self.epoch - self.history.recorded) * self.per_epoch
        if steps > 0:
            self.history.add_losses(torch.stack(self._losses[:steps]))
            self._losses = self._losses[steps:]

    # Files

    def _is_due(self, since: float) -> bool:
        """Return whether enough time has passed since the time ``since`` to write files."""
        wait = max(self.plan.every_seconds, self._write_seconds / WRITING_SHARE)
        return time.monotonic() - since >= wait

    def _write(self, positions: Sequence[int] | None = None) -> None:
        """Write the members at some positions; None: all that are still in training."""
        start = time.monotonic()
        self._add_rows()
        weights = self.population.state()
        for position in range(len(self.history.members)) if positions is None else positions:
            progress = self.history.members[position].progress
            if progress.epochs == self.epoch:  # otherwise it finished or diverged earlier
                progress.step = self.step
                progress.losses = [float(loss[position]) for loss in self._losses]
            optimizers = {part: o.member(position) for part, o in self.row_optimizers.items()}
            self.history.write(position, weights, optimizers)
        failed = all(member.progress.error for member in self.history.members)
        if failed and self._trainer is not None:
            self.trainer.should_stop = True
        self._written = time.monotonic()
        self._write_seconds = self._written - start
