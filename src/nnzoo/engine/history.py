"""The history of a training: metrics by epoch, best epochs, members that are done or diverged."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.engine.progress import Best, Member
from nnzoo.errors import diverged, unexpected

State = Mapping[str, Tensor]


class History:
    """Records rows, best epochs and errors of members that train together.

    A member's number is its index in ``members``; its position is its index in ``present``.

    Args:
        members: at the same epoch and step.
        sizes: points in each batch of an epoch.

    Attributes:
        present: numbers of the members still in training.
        done: positions of the members that the last measurement ended.
    """

    def __init__(self, members: Sequence[Member], sizes: Sequence[int]) -> None:
        self.members, self.sizes = list(members), list(sizes)
        self.present = list(range(len(members)))
        self.done: list[int] = []
        model = members[0].model
        self.monitor = model.monitored(members[0].data)
        self.is_sum, self.stops_at_zero = model.loss_is_sum, model.stops_at_zero_loss
        self.recorded = members[0].progress.epochs  # epochs that have rows
        self._last_epoch: dict[int, int] = {}  # of members with an epoch without loss
        self._best: list[dict[str, Any] | None] = []
        self._best_state: dict[str, Tensor] = {}
        for member in members:
            best = member.progress.best
            self._best.append(None if best is None else {**vars(best), "weights": None})
        if members[0].progress.best is not None:
            first = members[0].progress.best.weights
            self._best_state = {
                name: torch.stack([m.progress.best.weights[name] for m in members])  # type: ignore[union-attr]
                for name in first
            }

    # Losses

    def no_loss_left(self, losses: Sequence[Tensor], epoch: int) -> bool:
        """Return whether all members have had an epoch without loss.

        Args:
            losses: of the steps of the last epoch, (members,) each.
            epoch: epochs completed.
        """
        if not self.stops_at_zero:
            return False
        for position, loss in enumerate(torch.stack(list(losses)).sum(0).tolist()):
            if loss == 0:
                self._last_epoch.setdefault(self.present[position], epoch)
        return all(number in self._last_epoch for number in self.present)

    def add_losses(self, losses: Tensor) -> None:
        """Add rows for whole epochs.

        Args:
            losses: of each step, (steps, members).
        """
        per_epoch = len(self.sizes)
        values = losses.double().cpu().numpy()
        steps = values.reshape(-1, per_epoch, values.shape[-1])
        if self.is_sum:
            totals = steps.sum(1)
        else:
            weights = np.asarray(self.sizes, dtype=float)
            totals = (steps * weights[:, None]).sum(1) / weights.sum()
        finite = np.isfinite(values).cumprod(0).sum(0)  # steps before the first that is not
        for position, number in enumerate(self.present):
            progress, good = self.members[number].progress, int(finite[position])
            epochs = len(totals)
            if good < len(values):
                epoch, step = divmod(good, per_epoch)
                loss, epochs = float(values[good, position]), epoch
                progress.error = diverged(
                    f"the loss became {loss} in epoch {self.recorded + epoch}, step {step}"
                )
            if number in self._last_epoch:
                epochs = min(epochs, self._last_epoch[number] - self.recorded)
            for k in range(epochs):
                epoch = self.recorded + k
                row = {"epoch": epoch, "step": (epoch + 1) * per_epoch}
                progress.rows.append({**row, "loss": float(totals[k, position])})
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
        better = []
        self.done = []
        for position, number in enumerate(self.present):
            member, progress = self.members[number], self.members[number].progress
            measured = {name: float(values[position]) for name, values in metrics.items()}
            if progress.error is None and not finite[position]:
                epoch = progress.epochs - 1
                progress.error = diverged(f"weights became infinite or NaN in epoch {epoch}")
            if progress.error is not None:
                better.append(False)
                self.done.append(position)
                continue
            if progress.rows:
                progress.rows[-1] |= {k: v for k, v in measured.items() if k != "loss"}
            value, best = measured[self.monitor], self._best[position]
            progress.last = {"epoch": progress.epochs - 1, "value": value}
            better.append(best is None or math.isnan(best["value"]) or value < best["value"])
            if better[-1]:
                self._best[position] = {
                    "epoch": progress.epochs - 1,
                    "step": progress.step,
                    "value": value,
                    "metrics": measured,
                }
            if member.log is not None and progress.rows:
                member.log(dict(progress.rows[-1]))
            stopping = member.stopping
            stops = stopping is not None and stopping.ends(measured[str(stopping.monitor)])
            progress.complete = stops or number in self._last_epoch
            if progress.complete:
                self.done.append(position)
        self._keep_better(better, state)

    def _keep_better(self, better: list[bool], state: State) -> None:
        if not self._best_state or all(better):
            self._best_state = dict(state)
            return
        if not any(better):
            return
        mask = torch.tensor(better, device=next(iter(state.values())).device)
        for name, value in state.items():
            shape = (-1, *[1] * (value.ndim - 1))
            self._best_state[name] = torch.where(
                mask.view(shape), value, self._best_state[name].to(value)
            )

    def write(self, position: int, weights: State, optimizers: dict[str, Any]) -> None:
        """Update a member's progress and write it.

        Args:
            position: of the member.
            weights: current state of all members, (members, ...) each.
            optimizers: the member's, as in ``Progress``.
        """
        member = self.members[self.present[position]]
        progress, best = member.progress, self._best[position]
        progress.weights = {name: value[position].cpu() for name, value in weights.items()}
        progress.optimizers = optimizers
        if best is not None:
            kept = {name: value[position].cpu() for name, value in self._best_state.items()}
            progress.best = Best(**{**best, "weights": kept})
        if member.stopping is not None:
            progress.stopping = member.stopping.state()
        try:
            member.write(progress)
        except Exception as error:  # it must not end the training of other members
            progress.error = progress.error or unexpected(error)

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the members at some positions."""
        self.present = [self.present[position] for position in positions]
        self._best = [self._best[position] for position in positions]
        self._best_state = {n: value[list(positions)] for n, value in self._best_state.items()}
