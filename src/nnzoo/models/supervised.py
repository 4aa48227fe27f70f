"""What models that learn from targets share: class labels, labels of several units, numbers."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, one_of, whole
from nnzoo.models.base import Model
from nnzoo.nn import Scaling


class Supervised(Model):
    """A model whose output units learn the targets of the data.

    By task:

    - ``classification``: one unit for two classes, which decides for class 1 where its output
      exceeds .5; or one unit a class, of which the one of the largest score decides.
    - ``multilabel``: each unit has a label of its own, 0 or 1, and decides as one unit does.
    - ``regression``: each unit gives a number.

    Args:
        in_features, optimizer, scheduler: see ``Model``.
        units: number of output units.
        task: one of ``tasks``.

    Attributes:
        target_scaling: maps raw targets of a regression to the scale trained on; saved with the
            weights.
    """

    tasks: tuple[str, ...] = ("classification", "multilabel")
    """The tasks that a class can do. For data with numbers to learn multilabel is taken where all
    are 0 or 1, else the last."""

    figures: tuple[str, ...] = ("curve", "points", "boundary")

    def __init__(self, in_features: int, units: int, task: str, **options: Any) -> None:
        super().__init__(in_features, **options)
        self.units = whole("model.units", units)
        self.task = one_of("model.task", task, self.tasks)
        self.target_scaling = Scaling(units) if task == "regression" else None

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        cls._require_targets(data)
        if data.n_classes is None:
            task = "multilabel" if _binary(data.points.y) else cls.tasks[-1]
            found = {"units": data.n_targets, "task": task}
        else:
            units = 1 if data.n_classes <= 2 else data.n_classes
            found = {"units": units, "task": "classification"}
        return super().sizes(data) | found

    def check(self, data: Any) -> None:
        self._require_targets(data)
        super().check(data)
        if (self.task == "classification") != (data.n_classes is not None):
            has = "class labels" if data.n_targets is None else "numbers to learn"
            raise InputError(
                f"model.task is {self.task} but the data have {has}; leave it null to take it from "
                "the data (of a CSV file data.target=[COLUMN] holds numbers)"
            )
        if data.n_targets is not None:
            if self.units != data.n_targets:
                raise InputError(
                    f"model.units is {self.units} but the data have {data.n_targets} targets; "
                    "leave it null to take it from the data"
                )
            self._check_targets(data.points.y)
        elif self.units == 1 and data.n_classes > 2:
            raise InputError(
                f"one output unit tells two classes apart but the data have {data.n_classes}; "
                "leave model.units null for one unit a class"
            )
        elif 1 < self.units < data.n_classes:
            raise InputError(
                f"model.units is {self.units} but the data have {data.n_classes} classes; "
                "leave it null to take it from the data"
            )

        if self.task != "regression" and data.target_scale != "none":
            raise InputError("data.target_scale is for numbers to learn; leave it out")

    def adopt(self, data: Any) -> None:
        super().adopt(data)
        if self.target_scaling is not None and data.n_targets == self.units:
            self.target_scaling.load_state_dict(data.target_scaling.state_dict())

    @property
    def natural_output(self) -> str:
        """The activation whose outputs are probabilities, or numbers, by task."""
        if self.task == "regression":
            return "identity"
        return "softmax" if self.task == "classification" and self.units > 1 else "sigmoid"

    def scores(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): grows with the belief in each unit's class."""
        return self(x)

    def decide(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (...) class indices; or (..., units), zeros and ones of
        several labels.

        Raises:
            InputError: for a regression, which decides nothing.
        """
        if self.task == "regression":
            raise InputError("a regression gives numbers and decides for no class")
        if self.task == "classification" and self.units > 1:
            return self.scores(x).argmax(-1)
        decided = (self(x) > 0.5).long()
        return decided if self.task == "multilabel" else decided.squeeze(-1)

    def predict(self, x: Any) -> Tensor:
        """(points, in_features) raw -> (points, units): the outputs; numbers in raw units."""
        output = super().predict(x)
        return output if self.target_scaling is None else self.target_scaling.inverse(output)

    @torch.no_grad()
    def decisions(self, x: Any) -> list[str] | None:
        if self.task == "regression":
            return None
        decided = self.decide(self.scaled(x)).tolist()
        if self.task == "multilabel":
            return [" ".join(map(str, row)) for row in decided]
        names = self.class_names
        return [names[k] if k < len(names) else str(k) for k in decided]

    @property
    def output_names(self) -> list[str]:
        if self.task != "classification":
            names = self.target_names
        else:
            names = self.class_names if self.units > 1 else ["output"]
        return names if len(names) == self.units else []

    def targets(self, batch: Batch) -> Tensor:
        """The outputs wanted for a batch: (points, units)."""
        y = self._y(batch)
        if self.task != "classification":
            return y.reshape(len(batch.x), self.units).to(batch.x.dtype)
        labels = y.reshape(-1).long()
        wanted = labels[:, None]
        if self.units > 1:
            # one_hot would look through the labels, which were checked, at each step.
            wanted = wanted == torch.arange(self.units, device=labels.device)
        return wanted.to(batch.x.dtype)

    def binary_cross_entropy(self, z: Tensor, target: Tensor) -> Tensor:
        """The mean cross-entropy of sigmoid units.

        Args:
            z: net inputs, (points, units).
            target: what ``targets`` gives, the same shape.
        """
        if self.task == "regression":
            return F.binary_cross_entropy_with_logits(z, target)
        # Of targets that are 0 or 1 it is ln(1 + exp(-z)) or ln(1 + exp(z)), to the last digit;
        # torch's, for those between as well, is the difference of numbers of the size of z.
        return F.softplus(torch.addcmul(z, z, target, value=-2), threshold=40).mean()

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """The loss and, by task, ``accuracy``, the share of points that are decided right (in all
        labels); or ``rmse`` and ``mae``, in the units of the targets, and ``r2``, the share of the
        targets' variance that is explained, nan where they are equal. Of several validation batches
        each is the mean."""
        measured = super().metrics(batch)
        if self.task == "regression":
            return measured | self._misses(batch)
        targets, decided = self.targets(batch), self.decide(batch.x)
        if self.task == "multilabel":
            right = (decided == targets).all(-1)
        else:
            right = decided == self._y(batch).reshape(-1)
        return measured | {"accuracy": right.float().mean()}

    def _misses(self, batch: Batch) -> dict[str, Tensor]:
        assert self.target_scaling is not None
        wanted = self.target_scaling.inverse(self.targets(batch))
        error = self.target_scaling.inverse(self(batch.x)) - wanted
        spread = (wanted - wanted.mean(0)).square().sum()
        told = spread > 1e-12 * wanted.square().sum()  # equal targets differ by rounding
        return {
            "rmse": error.square().mean().sqrt(),
            "mae": error.abs().mean(),
            "r2": torch.where(told, 1 - error.square().sum() / spread, torch.nan),
        }

    def _batch(self, batch: Any) -> Batch:
        """A loader's batch, whose targets must be what the task learns."""
        batch = super()._batch(batch)
        y = self._y(batch)
        if self.task != "classification":
            if y.numel() != len(batch.x) * self.units:
                raise InputError(f"targets must be {self.units} numbers a point")
            self._check_targets(y)
            return batch
        labels, classes = y.reshape(-1), max(2, self.units)
        wrong = bool((labels != labels.long()).any()) or labels.min() < 0 or labels.max() >= classes
        if len(labels) != len(batch.x) or wrong:
            raise InputError(f"labels must be class indices 0 to {classes - 1}, one a point")
        return batch

    def _check_targets(self, y: Tensor) -> None:
        if self.task == "multilabel" and not _binary(y):
            raise InputError(
                f"{type(self).__name__} learns labels 0 and 1, or classes; model=mlp learns numbers"
            )

    def _y(self, batch: Batch) -> Tensor:
        if batch.y is None:
            raise InputError(f"{type(self).__name__} learns from labels and the batch has none")
        return batch.y

    def _scaled_targets(self, y: Tensor | None) -> Tensor | None:
        return y if y is None or self.target_scaling is None else self.target_scaling(y)

    @classmethod
    def _require_targets(cls, data: Any) -> None:
        if data.n_classes is None and data.n_targets is None:
            raise InputError(
                f"{cls.__name__} learns from labels and the data have none; "
                "choose labelled data, such as data=blobs"
            )


def _binary(y: Tensor) -> bool:
    return bool(((y == 0) | (y == 1)).all())
