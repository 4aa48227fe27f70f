"""What each of many runs leaves behind while they train as one."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor

from nnzoo.errors import InputError, RunError, diverged, unexpected
from nnzoo.models import Model
from nnzoo.models.counting import by_pass, pass_rows, steps_per_pass
from nnzoo.sweeps.data import StackedData
from nnzoo.sweeps.record import Record, checkpoint_of, loops_of
from nnzoo.sweeps.stack import Stack

WRITING = 0.1
"""The greatest share of the time that is spent on writing files before the end."""


class Records(pl.Callback):
    """Measures all members after each epoch, and lets go of those that are done.

    It does for each member what ``Recorder`` does for one model: the same rows, the same best and
    last weights, the same complaint where one diverges.

    Args:
        stops: what ends each member early, or None.
        write: called with a member's number and its record, by elapsed time and when the member
            is done.
        every_seconds: least time between two writes of members that are not done.
    """

    def __init__(
        self,
        stops: Sequence[EarlyStopping | None],
        write: Callable[[int, Record], None],
        every_seconds: float,
    ) -> None:
        self.stops = list(stops)
        self.write = write
        self.every_seconds = every_seconds
        self.records: list[Record] = []

    def on_train_start(self, trainer: pl.Trainer, stack: pl.LightningModule) -> None:
        assert isinstance(stack, Stack)
        self.records = [
            Record({name: value.clone() for name, value in member.state_dict().items()}, stop)
            for member, stop in zip(stack.members, self.stops, strict=True)
        ]
        # Of the members in training, in their order: weights by name, and their epoch and step.
        self._last = self._best = self._snapshot(stack)
        self._best_value = torch.full((len(self.records),), torch.inf, dtype=torch.float64)
        self._best_at = self._last_at = [(0, 0)] * len(self.records)
        self._written, self._writing = time.monotonic(), 0.0

    def on_train_epoch_end(self, trainer: pl.Trainer, stack: pl.LightningModule) -> None:
        assert isinstance(stack, Stack)
        measured, failed = self._measured(trainer, stack)
        failed |= self._add_rows(trainer, stack, measured)
        snapshot = self._snapshot(stack)
        sound = torch.stack(
            [value.isfinite().view(len(value), -1).all(1) for value in snapshot.values()]
        )
        for position, fine in enumerate(sound.all(0).tolist()):
            if not fine and position not in failed:
                epoch = trainer.current_epoch
                failed[position] = diverged(f"weights became infinite or nan in epoch {epoch}")
        for position, error in failed.items():
            self.records[stack.present[position]].error = error
        self._complete(trainer, stack, list(failed))
        self._keep_best(trainer, stack, measured, snapshot)
        done = [p for p in range(len(stack.present)) if p not in failed and self._ends(stack, p)]
        self._complete(trainer, stack, done)
        staying = [p for p in range(len(stack.present)) if p not in failed and p not in done]
        if staying and len(staying) < len(stack.present):
            self._go_on_with(trainer, stack, staying)
        elif not staying:
            stack.present = []
            trainer.should_stop = True
        now = time.monotonic()
        if now - self._written >= max(self.every_seconds, self._writing / WRITING):
            self._write_all(trainer, stack)

    def on_train_end(self, trainer: pl.Trainer, stack: pl.LightningModule) -> None:
        assert isinstance(stack, Stack)
        self._write_all(trainer, stack)

    def interrupt(self, trainer: pl.Trainer, stack: Stack, error: RunError) -> None:
        """Write what there is of the members in training, which a stop left within an epoch."""
        for number in stack.present if self.records else ():
            self.records[number].error = error
        self._write_all(trainer, stack)

    # What an epoch came to

    def _measured(
        self, trainer: pl.Trainer, stack: Stack
    ) -> tuple[list[dict[str, float]], dict[int, RunError]]:
        """What was measured, for each member in training; errors of those that cannot be measured,
        by position."""
        data: StackedData = trainer.datamodule  # type: ignore[attr-defined]
        state, failed = stack.state(), {}
        if type(stack.template).score is Model.score:
            found = stack.measure("measured", data.points("raw"), data.shared)
        else:
            found = []
            for position, number in enumerate(stack.present):
                try:
                    found.append(self._loaded(stack, position, state).score(data.parts[number]))
                except Exception as error:  # it loses no other member
                    found.append({stack.template.curve: torch.inf})
                    failed[position] = unexpected(error)
        due = (trainer.current_epoch + 1) % (trainer.check_val_every_n_epoch or 1) == 0
        if data.has_val and due and trainer.limit_val_batches:
            stack.template.eval()  # as Lightning does
            validated = stack.measure("metrics", data.points("val"), data.shared)
            stack.template.train()
            for one, more in zip(found, validated, strict=True):
                one |= {f"val_{name}": value for name, value in more.items()}
        return found, failed

    def _add_rows(
        self, trainer: pl.Trainer, stack: Stack, measured: list[dict[str, float]]
    ) -> dict[int, RunError]:
        """Add this epoch's rows; errors of the members that diverged within it, by position."""
        epoch, per_pass = trainer.current_epoch, steps_per_pass(trainer)
        losses, sizes = stack.losses()
        finite = np.isfinite(losses).cumprod(0).sum(0).tolist()  # steps before one that is not
        totals = by_pass(losses, sizes, per_pass, stack.loss_is_sum)
        failed = {}
        for position, number in enumerate(stack.present):
            column, steps = totals[:, position], finite[position]
            if steps < len(losses):
                column = by_pass(
                    losses[:steps, position], sizes[:steps], per_pass, stack.loss_is_sum
                )
                loss = float(losses[steps, position])
                failed[position] = diverged(
                    f"the loss became {loss} in epoch {epoch}, step {steps}"
                )
            rows = pass_rows(trainer, column[: stack.finished_after.get(number)], steps)
            if rows and position not in failed:
                row = {name: v for name, v in measured[position].items() if name != "loss"}
                rows[-1] |= row
            self.records[number].rows += rows
            self.records[number].epochs = epoch + 1
        return failed

    def _keep_best(
        self,
        trainer: pl.Trainer,
        stack: Stack,
        measured: list[dict[str, float]],
        snapshot: dict[str, Tensor],
    ) -> None:
        data: StackedData = trainer.datamodule  # type: ignore[attr-defined]
        curve = stack.template.curve
        name = f"val_{curve}" if data.has_val else curve
        epoch = trainer.current_epoch
        # A member that had nothing left to learn has taken fewer steps than the others.
        steps = [self.records[n].rows[-1:] for n in stack.present]  # none: its first step failed
        at = [(epoch, int(rows[0]["step"]) if rows else 0) for rows in steps]
        self._last, self._last_at = snapshot, at
        due = not data.has_val or any(key.startswith("val_") for key in measured[0])
        found = [one.get(name, one[curve]) if due else torch.inf for one in measured]
        values = torch.tensor(found, dtype=torch.float64)
        better = values < self._best_value
        self._best_value = torch.where(better, values, self._best_value)
        choices = zip(better.tolist(), at, self._best_at, strict=True)
        self._best_at = [new if is_better else old for is_better, new, old in choices]
        mask = better.to(stack.device)
        self._best = {
            key: torch.where(mask.view(-1, *[1] * (value.ndim - 1)), value, self._best[key])
            for key, value in snapshot.items()
        }

    def _ends(self, stack: Stack, position: int) -> bool:
        """Whether a member's training ends with this epoch."""
        number = stack.present[position]
        record = self.records[number]
        if number in stack.finished_after:
            return True
        if (stop := record.stop) is None:
            return False
        row = record.rows[-1]
        if stop.monitor not in row:
            if stop.monitor.startswith("val_"):  # not measured in this epoch
                return False
            raise InputError(
                f"callbacks.early_stopping.monitor is {stop.monitor!r}, which is not measured; "
                f"measured are {', '.join(key for key in row)}"
            )
        ends, reason = stop._evaluate_stopping_criteria(torch.tensor(row[stop.monitor]))
        if ends:
            stop.stopped_epoch, stop.stopping_reason_message = record.epochs - 1, reason
        return ends

    # Members

    def _snapshot(self, stack: Stack) -> dict[str, Tensor]:
        state = stack.state()
        return {name: state[name].detach().clone() for name in self.records[0].initial}

    def _go_on_with(self, trainer: pl.Trainer, stack: Stack, positions: list[int]) -> None:
        data: StackedData = trainer.datamodule  # type: ignore[attr-defined]
        stack.keep(positions)
        data.keep(positions)
        self._best = {name: value[positions] for name, value in self._best.items()}
        self._last = {name: value[positions] for name, value in self._last.items()}
        self._best_value = self._best_value[positions]
        self._best_at = [self._best_at[position] for position in positions]
        self._last_at = [self._last_at[position] for position in positions]

    def _loaded(self, stack: Stack, position: int, state: dict[str, Tensor]) -> Model:
        """A member with its part of a state."""
        member = stack.members[stack.present[position]].to(stack.whole.dtype)
        names = self.records[0].initial
        member.load_state_dict({name: state[name][position].cpu() for name in names})
        return member

    def _complete(self, trainer: pl.Trainer, stack: Stack, positions: Sequence[int]) -> None:
        """Complete the records of members, and write them."""
        if not positions:
            return
        loops = loops_of(trainer)
        state = {} if stack.optimizer is None else stack.optimizer.state()
        for position in positions:
            number = stack.present[position]
            record = self.records[number]
            kept = (self._best, self._best_at[position]), (self._last, self._last_at[position])
            try:
                best, last = (self._kept(trainer, stack, position, *one) for one in kept)
                record.best, record.last = best, last
                record.state = checkpoint_of(stack, position, record, loops, state)
                self.write(number, record)
            except Exception as error:  # it loses no other member
                record.error = record.error or unexpected(error)

    def _kept(
        self,
        trainer: pl.Trainer,
        stack: Stack,
        position: int,
        state: dict[str, Tensor],
        at: tuple[int, int],
    ) -> dict[str, Any]:
        """A member's weights at an epoch and step, with what follows from them."""
        data: StackedData = trainer.datamodule  # type: ignore[attr-defined]
        member = self._loaded(stack, position, state)
        if at[1]:
            member.calibrate(data.parts[stack.present[position]])
        weights = {name: value.clone() for name, value in member.state_dict().items()}
        return {"state_dict": weights, "epoch": at[0], "global_step": at[1]}

    def _write_all(self, trainer: pl.Trainer, stack: Stack) -> None:
        begun = time.monotonic()
        self._complete(trainer, stack, range(len(stack.present)))
        self._written = time.monotonic()
        self._writing = self._written - begun
