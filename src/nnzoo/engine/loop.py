"""The training loop of a population."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.batch import Batch, mean_over_points
from nnzoo.engine.history import History
from nnzoo.engine.interrupts import Interrupts
from nnzoo.engine.loader import PopulationLoader
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.engine.progress import Member
from nnzoo.engine.schedules import Schedule
from nnzoo.models import Clock, Descend
from nnzoo.models.optimizers import build_optimizer

WRITING_SHARE = 0.1
"""The largest share of the training time that is spent on writing files."""


@dataclass(frozen=True)
class Plan:
    """The length of a training, and how often it measures and writes.

    Attributes:
        epochs: of the whole training.
        every: epochs between two measurements.
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
        members: of one kind, all at the same step.
        plan: of the training.

    Attributes:
        epoch, step: epochs and batches completed.
        interrupts: signals that stop the training.
    """

    def __init__(self, members: Sequence[Member], plan: Plan) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.members, self.plan = list(members), plan
        self.epoch, self.step = members[0].progress.epochs, members[0].progress.step
        self.interrupts = Interrupts()

    def configure_optimizers(self) -> list[Any]:
        """Return none: the engine has its own optimizers."""
        return []

    def train_dataloader(self) -> "Spans":
        """Return the spans of epochs between measurements."""
        return Spans(self.epoch, self.plan.epochs, self.plan.every)

    def on_train_start(self) -> None:
        members = self.members
        seeds = [member.seed for member in members]
        self.population = Population([m.model for m in members], seeds, self.device)
        like = torch.zeros((), dtype=self.population.dtype, device=self.device)
        in_slices = members[0].model.metrics_are_means
        self.loader = PopulationLoader([m.data for m in members], seeds, like, in_slices)
        self.per_epoch = len(self.loader.sizes)
        self.history = History(members, self.loader.sizes)
        self._build_optimizers()
        # Losses of the steps since the last row; a resumed training may start within an epoch.
        partial = torch.tensor([m.progress.losses for m in members], dtype=torch.float64)
        self._losses: list[Tensor] = list(partial.to(self.device).T)
        self._written, self._writing = time.monotonic(), 0.0
        self.interrupts.start()

    def training_step(self, span: tuple[int, int], batch_idx: int) -> None:
        for epoch in range(*span):
            self._set_rates(epoch)
            began = time.monotonic()
            for batch in self._batches(epoch, span[1]):
                clock = Clock(self.step, self.plan.epochs * self.per_epoch, self.per_epoch)
                self._losses.append(self._take(batch, clock))
                self.step += 1
                if self.interrupts.urgent or self._is_due(max(began, self._written) + 1):
                    self._write()
                    if self.interrupts.urgent:
                        self.trainer.should_stop = True
                        return
            self.epoch = epoch + 1
            if self.history.no_loss_left(self._losses[-self.per_epoch :], self.epoch):
                break
            if self.epoch < span[1]:
                if self.interrupts.asked:  # an extra measurement would change the history
                    self.trainer.should_stop = True
                    return
                if self._is_due(self._written):
                    self._write()
        self._measure()
        if self.interrupts.asked or not self.history.present:
            self.trainer.should_stop = True
        elif self._is_due(self._written):
            self._write()

    def on_train_end(self) -> None:
        self._write()

    def teardown(self, stage: str) -> None:
        self.interrupts.stop()

    # A step

    def _take(self, batch: Batch, clock: Clock) -> Tensor:
        """Take one step of all members; return their losses before it, (members,)."""
        losses: Tensor | None = None
        noise = self.population.sample_noise(batch, clock.step)
        for action in self.population.template.steps(clock):
            found: Tensor | None
            if isinstance(action, Descend):
                found, gradients = self.population.gradients(action, batch, noise)
                self.row_optimizers[action.part].step(self._clipped(gradients))
            else:
                found = self.population.update(action, batch, clock)
            losses = found if losses is None else losses
        assert losses is not None
        return losses

    def _clipped(self, gradients: Tensor) -> Tensor:
        if self.plan.clip is None:
            return gradients
        limit, kind = self.plan.clip
        if kind == "value":
            return gradients.clamp(-limit, limit)
        norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
        return gradients * (limit / (norms + 1e-6)).clamp(max=1)

    def _batches(self, epoch: int, last: int) -> Iterator[Batch]:
        """Return the batches of an epoch, without those learned before an interruption."""
        return islice(self.loader.epoch(epoch, last), self.step - epoch * self.per_epoch, None)

    # Optimizers

    def _build_optimizers(self) -> None:
        """Build or resume an optimizer for the rows of each part."""
        self.row_optimizers: dict[str, RowOptimizer] = {}
        self.schedules: dict[str, list[Schedule | None]] = {}
        known: dict[str, Schedule] = {}
        for part, rows in self.population.rows.items():
            options = [member.model.optimizer_options(part) for member in self.members]
            groups = [build_optimizer([torch.zeros(1)], own).param_groups[0] for own in options]
            optimizer = RowOptimizer(options[0]["name"], rows, groups)
            optimizer.resume([member.progress.optimizers.get(part) for member in self.members])
            self.row_optimizers[part] = optimizer
            self.schedules[part] = []
            for member, group in zip(self.members, groups, strict=True):
                config, schedule = member.model.scheduler_config, None
                if config is not None:
                    key = repr((group["lr"], config))
                    if key not in known:
                        known[key] = Schedule(group["lr"], config, self.plan.epochs)
                    schedule = known[key]
                self.schedules[part].append(schedule)

    def _set_rates(self, epoch: int) -> None:
        for part, schedules in self.schedules.items():
            if any(schedules):
                optimizer = self.row_optimizers[part]
                optimizer.set_rates(
                    [
                        own["lr"] if schedule is None else schedule.rate(epoch)
                        for own, schedule in zip(optimizer.members, schedules, strict=True)
                    ]
                )

    # Records

    def _measure(self) -> None:
        """Measure all members, and drop those that are done."""
        self._add_rows()
        metrics = self._metrics("train")
        if self.members[0].data.raw[1] is not None:
            metrics |= {f"val_{name}": values for name, values in self._metrics("val").items()}
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
                self.schedules[part] = [self.schedules[part][p] for p in staying]
            self._losses = [loss[staying] for loss in self._losses]

    def _metrics(self, part: str) -> dict[str, list[float]]:
        """Return metrics of a part by name, one number per member."""
        population, loader = self.population, self.loader
        if (slices := loader.slices(part)) is None:
            found = population.measure(loader.all_points(part), loader.shared)
            return {name: value.double().tolist() for name, value in found.items()}
        measured = ((len(batch.x), population.measure(batch, shared=True)) for batch in slices)
        return {name: [mean] for name, mean in mean_over_points(measured).items()}  # of one member

    def _add_rows(self) -> None:
        """Add rows for the completed epochs that have none yet."""
        steps = (self.epoch - self.history.recorded) * self.per_epoch
        if steps > 0:
            self.history.add_losses(torch.stack(self._losses[:steps]))
            self._losses = self._losses[steps:]

    def _is_due(self, since: float) -> bool:
        """Return whether enough time has passed since a point in time to write files."""
        wait = max(self.plan.every_seconds, self._writing / WRITING_SHARE)
        return time.monotonic() - since >= wait

    def _write(self, positions: Sequence[int] | None = None) -> None:
        """Write the members at some positions; None: all that are still in training."""
        start = time.monotonic()
        self._add_rows()
        weights = self.population.state()
        for position in range(len(self.history.present)) if positions is None else positions:
            progress = self.members[self.history.present[position]].progress
            if progress.epochs == self.epoch:  # otherwise it finished or diverged earlier
                progress.step = self.step
                progress.losses = [float(loss[position]) for loss in self._losses]
            optimizers = {part: o.member(position) for part, o in self.row_optimizers.items()}
            self.history.write(position, weights, optimizers)
        self._written = time.monotonic()
        self._writing = self._written - start


class Spans:
    """The spans of epochs between measurements, as a loader.

    Args:
        first: epochs completed already.
        epochs: of the whole training.
        every: epochs between two measurements.
    """

    def __init__(self, first: int, epochs: int, every: int) -> None:
        edges = [first, *range((first // every + 1) * every, epochs, every), epochs]
        self.spans = list(pairwise(edges)) if first < epochs else []

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.spans)
