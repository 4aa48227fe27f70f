"""What models with class labels share."""

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, whole
from nnzoo.models.base import Model


class Classifier(Model):
    """A model with one output unit for two classes, or one unit for each class.

    One unit: class 1 where the output exceeds .5. Several: the class of the largest score.

    Args:
        in_features, optimizer, scheduler: see ``Model``.
        units: number of output units.
    """

    figures: tuple[str, ...] = ("curve", "points", "boundary")

    def __init__(self, in_features: int, units: int, **options: Any) -> None:
        super().__init__(in_features, **options)
        self.units = whole("model.units", units)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        cls._require_labels(data)
        return super().sizes(data) | {"units": 1 if data.n_classes <= 2 else data.n_classes}

    def check(self, data: Any) -> None:
        self._require_labels(data)
        super().check(data)
        if self.units == 1 and data.n_classes > 2:
            raise InputError(
                f"one output unit tells two classes apart but the data have {data.n_classes}; "
                "leave model.units null for one unit a class"
            )
        if 1 < self.units < data.n_classes:
            raise InputError(
                f"model.units is {self.units} but the data have {data.n_classes} classes; "
                "leave it null to take it from the data"
            )

    def scores(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): grows with the belief in each unit's class."""
        return self(x)

    def decide(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (...): class indices."""
        if self.units == 1:
            return (self(x).squeeze(-1) > 0.5).long()
        return self.scores(x).argmax(-1)

    def targets(self, batch: Batch) -> Tensor:
        """The outputs wanted for a batch: (points, units), zeros and ones."""
        labels = self._labels(batch)
        wanted = labels[:, None] if self.units == 1 else F.one_hot(labels, self.units)
        return wanted.to(batch.x.dtype)

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Loss and accuracy, the share of points whose class is right."""
        accuracy = (self.decide(batch.x) == self._labels(batch)).float().mean()
        return super().metrics(batch) | {"accuracy": accuracy}

    def _batch(self, batch: Any) -> Batch:
        batch = super()._batch(batch)
        labels, classes = self._labels(batch), max(2, self.units)
        assert batch.y is not None
        whole = bool((labels == batch.y.reshape(-1)).all())
        if len(labels) != len(batch.x) or not whole or labels.min() < 0 or labels.max() >= classes:
            raise InputError(f"labels must be class indices 0 to {classes - 1}, one a point")
        return batch

    def _labels(self, batch: Batch) -> Tensor:
        if batch.y is None:
            raise InputError(f"{type(self).__name__} learns from labels and the batch has none")
        return batch.y.reshape(-1).long()

    @classmethod
    def _require_labels(cls, data: Any) -> None:
        if data.n_classes is None:
            raise InputError(
                f"{cls.__name__} learns from labels and the data have none; "
                "choose labelled data, such as data=blobs"
            )
