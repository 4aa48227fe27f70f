"""Base of models that learn point after point, also outside of a training."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from nnzoo.batch import Batch, as_numbers
from nnzoo.errors import InputError, check_choice
from nnzoo.models.bases.model import Model
from nnzoo.models.training.steps import ENDLESS, Clock, Rule

UPDATES = ("batch", "online")
"""How a rule learns the points of a step: from their mean, or one after the other."""


class Online(Model):
    """A model whose only step is a rule that learns the points of a batch in their order."""

    def partial_fit(self, x: Any, y: Any = None, clock: Clock | None = None) -> Self:
        """Learn raw points once, in their order, in place: the step of a training with these points
        as its batch.

        The scaling stays as it is: none, unless the model was created for data or trained on them.
        A competitive layer without weights takes its start from the points of the first call.

        Args:
            x: raw points, (points, in_features), or one (in_features,); also a DataFrame.
            y: their classes, by name if the model has ``class_names``, otherwise as indices; or
                labels (points, units). None: the model learns without targets.
            clock: the time of the step in a training of known length, which rates may follow; None:
                the start of an endless one, so that rates stay.

        Returns:
            The model.

        Raises:
            InputError: as in ``scaled``; or if targets are missing, are not one per point, or are
                unknown classes.
        """
        clock = Clock(0, ENDLESS, 1) if clock is None else clock
        points = self.scaled(x).reshape(-1, self.in_features)
        batch = self.as_batch(Batch(points, None if y is None else self._targets(y)))
        self._start(batch)
        for rule in self.steps(clock):
            assert isinstance(rule, Rule)
            self.apply_rule(rule, batch, clock)
        return self

    def _start(self, batch: Batch) -> None:
        """Set initial values from the scaled points of the first call."""

    def _targets(self, y: Any) -> Tensor:
        values = np.asarray(y)
        if self.task != "classification" or not self.class_names:
            if values.dtype.kind in "OUS":
                raise InputError("y must be class indices: the model has no names of classes")
            return as_numbers(y)
        texts = [_text(value) for value in values.reshape(-1).tolist()]
        known = {name: i for i, name in enumerate(self.class_names)}
        return torch.tensor([known[check_choice("class", text, known)] for text in texts])


def _text(value: Any) -> str:
    """Return a class as text; 1.0 and true are class 1."""
    is_whole = isinstance(value, bool | float) and value == value // 1
    return str(int(value) if is_whole else value)
