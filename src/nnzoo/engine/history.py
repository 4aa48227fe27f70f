"""The history of a training: metrics by epoch, best epochs, finished and diverged members."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.engine.progress import Best, Member
from nnzoo.errors import RunError, diverged, unexpected
from nnzoo.models.training.least_squares import keeps_last

State = Mapping[str, Tensor]


class History:
    """Records rows, best epochs and errors of members that train together.

    Args:
        members: the members, all at the same epoch and step.
        sizes: numbers of points in the batches of an epoch.

    Attributes:
        members: those still in training; a member's position is its index.
        recorded: number of epochs that have rows.
        done: positions of the members that had finished or failed at the last measurement.
    """

    def __init__(self, members: Sequence[Member], sizes: Sequence[int]) -> None:
        self.members, self.sizes = list(members), list(sizes)
        self.recorded = members[0].progress.epochs
        self.done: list[int] = []
        model = members[0].model
        self.monitor = model.monitored(members[0].data)
        self.keeps_last = keeps_last(model, members[0].data)
        self.prefers_later = model.prefers_later
        self.compared_from = model.compared_from * members[0].progress.length
        self.is_sum, self.stops_at_zero = model.loss_is_sum, model.stops_at_zero_loss
        # By position: epochs completed when the loss was first 0; None: it was not yet.
        self._ends: list[int | None] = [None] * len(members)
        best = [member.progress.best for member in members]
        kept = [one.weights for one in best if one is not None]  # of resumed members
        self._best_weights: dict[str, Tensor] = {}
        if kept:
            self._best_weights = {n: torch.stack([own[n] for own in kept]) for n in kept[0]}

    # Losses

    def reached_zero_loss(self, losses: Sequence[Tensor], epoch: int) -> bool:
        """Return whether all members have had an epoch with a loss of 0.

        Args:
            losses: one per step of the last epoch, (members,) each.
            epoch: number of epochs completed.
        """
        if self.stops_at_zero:
            for position, loss in enumerate(torch.stack(list(losses)).sum(0).tolist()):
                if loss == 0 and self._ends[position] is None:
                    self._ends[position] = epoch
        return None not in self._ends

    def add_losses(self, losses: Tensor) -> None:
        """Add rows for complete epochs.

        Args:
            losses: (steps, members).
        """
        values = losses.double().cpu().numpy()
        per_epoch = len(self.sizes)
        steps = values.reshape(-1, per_epoch, len(self.members))
        means: Any = np.average(steps, axis=1, weights=self.sizes)
        totals = steps.sum(1) if self.is_sum else means
        for position, member in enumerate(self.members):
            progress, epochs, end = member.progress, len(totals), self._ends[position]
            bad = np.flatnonzero(~np.isfinite(values[:, position]))
            if bad.size:
                epochs, step = divmod(int(bad[0]), per_epoch)
                progress.error = diverged(
                    f"the loss became {float(values[bad[0], position])} in epoch "
                    f"{self.recorded + epochs}, step {step}"
                )
            if end is not None:
                epochs = min(epochs, end - self.recorded)
            for epoch, loss in enumerate(totals[: max(epochs, 0), position], self.recorded):
                row = {"epoch": epoch, "step": (epoch + 1) * per_epoch, "loss": float(loss)}
                progress.rows.append(row)
            progress.epochs = self.recorded + epochs
            progress.step = progress.epochs * per_epoch
        self.recorded += len(totals)

    # Measurements

    def add_metrics(self, metrics: Mapping[str, Sequence[float]], state: State) -> None:
        """Add metrics to the last row; update the best epochs and ``done``.

        Args:
            metrics: by name, one number per member.
            state: copies of the measured weights and buffers, (members, ...) each.
        """
        numbers = [value.reshape(len(value), -1) for value in state.values()]
        finite = torch.cat(numbers, 1).isfinite().all(1).tolist()
        better: list[int] = []
        self.done = []
        finished = state["finished"].tolist() if "finished" in state else None
        for position, member in enumerate(self.members):
            progress = member.progress
            epoch = max(progress.epochs - 1, 0)
            if progress.error is None and not finite[position]:
                progress.error = diverged(f"weights became infinite or NaN in epoch {epoch}")
            if progress.error is not None:
                self.done.append(position)
                continue
            measured = {name: float(values[position]) for name, values in metrics.items()}
            value, best = measured[self.monitor], progress.best
            progress.last = {"epoch": epoch, "value": value}
            is_first = best is not None and self._is_early(best.epoch) and not self._is_early(epoch)
            is_better = best is None or math.isnan(best.value) or value < best.value
            is_better |= self.prefers_later and best is not None and value == best.value
            if is_first or is_better or self.keeps_last:
                better.append(position)
                progress.best = Best(epoch, progress.step, value, measured)
            if not progress.rows:  # before the first step
                progress.rows = [{"epoch": 0, "step": 0, "loss": measured["loss"]}]
            progress.rows[-1] |= {k: v for k, v in measured.items() if k != "loss"}
            progress.error = self._log(member)
            if progress.error is not None:
                self.done.append(position)
                continue
            stopping = member.stopping
            stops = stopping is not None and stopping.ends(measured[str(stopping.monitor)])
            ends = finished is not None and finished[position] > 0
            progress.complete = stops or ends or self._ends[position] is not None
            if progress.complete:
                self.done.append(position)
        if not self._best_weights or len(better) == len(self.members):
            self._best_weights = dict(state)
        elif better:
            for name, now in state.items():
                kept = self._best_weights[name].to(now)
                kept[better] = now[better]
                self._best_weights[name] = kept

    def _is_early(self, epoch: int) -> bool:
        """Return whether the middle of an epoch lies before the last stage."""
        return epoch + 0.5 < self.compared_from

    def write(self, position: int, weights: State, optimizers: dict[str, Any]) -> None:
        """Update a member's progress and write it.

        Args:
            position: the member's position.
            weights: current state of all members, (members, ...) each.
            optimizers: the member's ``Progress.optimizers``.
        """
        member = self.members[position]
        progress = member.progress
        progress.weights = _member(weights, position)
        progress.optimizers = optimizers
        if progress.best is not None:
            progress.best.weights = _member(self._best_weights, position)
        if member.stopping is not None:
            progress.stopping = member.stopping.state()
        try:
            member.write(progress)
        except Exception as error:  # it must not stop the training of other members
            progress.error = progress.error or unexpected(error)

    @staticmethod
    def _log(member: Member) -> RunError | None:
        """Log the last row; return the error, which must not stop the training of other members."""
        try:
            if member.log is not None:
                member.log(dict(member.progress.rows[-1]))
        except Exception as error:  # each library has its own
            return unexpected(error)
        return None

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the members at some positions."""
        self.members = [self.members[position] for position in positions]
        self._ends = [self._ends[position] for position in positions]
        self._best_weights = {n: value[list(positions)] for n, value in self._best_weights.items()}


def _member(state: State, position: int) -> dict[str, Tensor]:
    """Return a copy of one member's state on the CPU; saving a view would save all members."""
    return {name: value[position].cpu().clone() for name, value in state.items()}
