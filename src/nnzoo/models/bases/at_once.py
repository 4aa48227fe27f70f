"""Base of supervised models that learn all training points in one step."""

from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_int, counted
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.training.steps import Clock, Rule

POINTS = 1000
"""Default of the maximum number of training points, without data to take it from."""


class AtOnce(Supervised):
    """A model that computes its weights from all training points in one step.

    ``loss`` is the mean squared error; classes have the targets 0 and 1. The loss of the training
    is that after the step.

    A subclass defines ``solve``.

    Args:
        in_features, units, task, class_weight: see ``Supervised``; the task may be regression.
        points: maximum number of training points.
    """

    tasks: tuple[str, ...] = ("classification", "multilabel", "regression")
    figures = ("points", "boundary", "confusion", "fit", "residuals")
    learns_at_once = True

    def __init__(
        self, in_features: int, points: int, units: int, task: str, class_weight: str | None
    ) -> None:
        super().__init__(in_features, units, task, class_weight)
        self.points = check_int("model.points", points)
        self.monitor_label = f"loss: mean squared error{self.weighting}"

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        return super().sizes(data) | {"points": len(data.raw[0].x)}

    def solve(self, x: Tensor, y: Tensor, importance: Tensor) -> dict[str, Tensor]:
        """Return new parameters and buffers by name.

        Args:
            x: training points, (points, in_features) scaled, at least one.
            y: their targets, (points, units).
            importance: their weights, (points,).
        """
        raise NotImplementedError

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self._error(self(batch.x), batch)

    def _error(self, output: Tensor, batch: Batch) -> Tensor:
        return self.weighted((output - self.targets(batch)).square(), batch).mean()

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights for all points of the batch, and the loss after it."""
        n = len(batch.x)
        if n == 0:
            return {}
        if n > self.points:
            raise InputError(
                f"model.points is {self.points} but there are {counted(n, 'training point')}; "
                "it must be at least that"
            )
        importance = self.weighted(batch.x.new_ones(n), batch)
        new = self.solve(batch.x, self.targets(batch), importance)
        with torch.no_grad():
            output = functional_call(self, new, (batch.x,), tie_weights=False)
        return new | {"loss": self._error(output, batch)}
