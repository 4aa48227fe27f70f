"""Tasks of supervised models: what output units mean, and which targets they can learn."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from nnzoo.errors import InputError, counted
from nnzoo.models.parts.measures import (
    accuracy,
    balanced_accuracy,
    class_sums,
    regression_errors,
    regression_sums,
)
from nnzoo.models.parts.targets import check_binary


class Classification:
    """One unit for two classes, or one unit per class.

    Attributes:
        output: name of the activation that fits the units.
    """

    def __init__(self, units: int) -> None:
        self.units, self.classes = units, max(2, units)
        self.output = "softmax" if units > 1 else "sigmoid"

    def check(self, y: Tensor, points: int) -> None:
        """Raise an InputError if y does not have a valid target for each of the points."""
        labels = y.reshape(-1)
        wrong = (labels != labels.long()) | (labels < 0) | (labels >= self.classes)
        if len(labels) != points or wrong.any():
            last = self.classes - 1
            raise InputError(f"labels must be class indices 0 to {last}, one per point")

    def targets(self, y: Tensor) -> Tensor:
        """Return the target outputs, (points, units), for the targets of a batch."""
        labels = y.reshape(-1, 1).long()
        # one_hot would check the labels at each step.
        return labels if self.units == 1 else labels == torch.arange(self.units, device=y.device)

    def decide(self, output: Tensor) -> Tensor:
        """Return class indices, (..., units) -> (...)."""
        return output.argmax(-1) if self.units > 1 else (output > 0.5).long().squeeze(-1)

    def output_names(self, class_names: list[str], target_names: list[str]) -> list[str]:
        """Return the names of the units."""
        return class_names if self.units > 1 else ["output"]

    def texts(self, decided: Tensor, class_names: Sequence[str]) -> list[str]:
        """Return the predicted label of each point as text."""
        return [class_names[k] if k < len(class_names) else str(k) for k in decided.tolist()]

    def sums(self, output: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Return what ``metrics`` needs, for outputs (points, units) and targets."""
        labels = y.reshape(-1).long()
        return class_sums(self.decide(output) == labels, labels, self.classes)

    def metrics(self, sums: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
        """Return ``accuracy``, the share of points predicted correctly, and ``balanced_accuracy``,
        the mean of the shares in each class that occurs."""
        return {"accuracy": accuracy(sums), "balanced_accuracy": balanced_accuracy(sums)}


class _UnitPerTarget:
    """One unit per target; methods as in ``Classification``."""

    def __init__(self, units: int) -> None:
        self.units = units

    def check(self, y: Tensor, points: int) -> None:
        if y.numel() != points * self.units:
            raise InputError(f"targets must be {counted(self.units, 'number')} per point")

    def targets(self, y: Tensor) -> Tensor:
        return y.reshape(-1, self.units)

    def output_names(self, class_names: list[str], target_names: list[str]) -> list[str]:
        return target_names


class Multilabel(_UnitPerTarget):
    """One unit per label, 0 or 1."""

    output = "sigmoid"

    def check(self, y: Tensor, points: int) -> None:
        super().check(y, points)
        check_binary(y)

    def decide(self, output: Tensor) -> Tensor:
        """Return zeros and ones, (..., units) -> (..., units)."""
        return (output > 0.5).long()

    def texts(self, decided: Tensor, class_names: Sequence[str]) -> list[str]:
        return [" ".join(map(str, labels)) for labels in decided.tolist()]

    def sums(self, output: Tensor, y: Tensor) -> dict[str, Tensor]:
        correct = (self.decide(output) == self.targets(y)).all(-1)
        return class_sums(correct, torch.zeros_like(correct, dtype=torch.long), 1)

    def metrics(self, sums: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
        """Return ``accuracy``, the share of points whose labels are all predicted correctly."""
        return {"accuracy": accuracy(sums)}


class Regression(_UnitPerTarget):
    """One unit per number to predict."""

    output = "identity"

    def decide(self, output: Tensor) -> Tensor:
        """Raise an InputError: there are no classes."""
        raise InputError("a regression predicts numbers, not classes")

    def sums(self, output: Tensor, y: Tensor) -> dict[str, Tensor]:
        return regression_sums(output, self.targets(y))

    def metrics(self, sums: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
        """Return ``nnzoo.models.parts.measures.regression_errors`` for targets with these names."""
        names = names if len(names) == self.units else [f"y{i + 1}" for i in range(self.units)]
        return regression_errors(sums, names)


TASKS: dict[str, Callable[[int], Classification | Multilabel | Regression]]
TASKS = {"classification": Classification, "multilabel": Multilabel, "regression": Regression}
"""Tasks by name."""
