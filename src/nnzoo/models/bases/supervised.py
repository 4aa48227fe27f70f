"""Base of models that learn targets: class labels, several labels per point, or numbers."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice, check_int
from nnzoo.models.bases.model import Model
from nnzoo.models.parts.class_weights import class_weights
from nnzoo.models.parts.targets import check_data, units_and_task
from nnzoo.models.parts.tasks import TASKS, Regression
from nnzoo.nn import Scaling


class Supervised(Model):
    """A model whose output units learn the targets of the data.

    - ``classification``: one unit, which predicts class 1 of two where its output exceeds 0.5; or
      one unit per class, where the largest score wins.
    - ``multilabel``: each unit predicts its own label, 0 or 1.
    - ``regression``: each unit predicts a number.

    Args:
        in_features, options: see ``Model``.
        units: number of output units.
        task: one of ``tasks``.
        class_weight: ``balanced``: each class has the same weight in the loss, see
            ``nnzoo.models.parts.class_weights``; None: each point.

    Attributes:
        target_scaling: maps raw targets of a regression to scaled units; saved with the weights.
        classes: maximum number of classes of a classification.
        natural_output: name of the activation that fits the task.
        class_weights: the ``ClassWeights``, set from the training part and saved with the weights;
            None: each point has the same weight.
    """

    task: str
    tasks: tuple[str, ...] = ("classification", "multilabel")
    """Tasks that the model can learn; the last one is for targets other than 0 and 1."""

    figures: tuple[str, ...] = ("curve", "points", "boundary", "confusion")
    for_numbers = "mlp"  # entry of a model that learns numbers, for one that does not
    gives_probabilities: bool = True  # whether the outputs for classes are probabilities
    has_point_weights = False  # whether targets have a first column more, the weights of the points

    def __init__(
        self,
        in_features: int,
        units: int,
        task: str,
        class_weight: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(in_features, **options)
        self.units = check_int("model.units", units)
        self.task = check_choice("model.task", task, self.tasks)
        self.classes = max(2, self.units)
        self._task = TASKS[task](self.units)
        self.natural_output = self._task.output
        self.target_scaling = Scaling(units) if task == "regression" else None
        self.class_weights = class_weights(class_weight, task, self.classes)

    @property
    def is_weighted(self) -> bool:
        """Whether the loss weights the points."""
        return self.has_point_weights or self.class_weights is not None

    @property
    def weighting(self) -> str:
        """Suffix of the loss's name that states whether classes are balanced."""
        return "" if self.class_weights is None else ", balanced classes"

    # Data

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        units, task = units_and_task(data, cls.tasks[-1])
        return super().sizes(data) | {"units": units, "task": task}

    def check(self, data: Any) -> None:
        check_data(data, self.units, self.task, self.for_numbers)
        super().check(data)

    def set_scaling(self, data: Any) -> None:
        super().set_scaling(data)
        if self.target_scaling is not None and data.n_targets == self.units:
            self.target_scaling.load_state_dict(data.target_scaling.state_dict())
        if self.class_weights is not None and data.n_classes is not None:
            self.class_weights.balance(data.raw[0].y)

    def on_fit_start(self) -> None:
        super().on_fit_start()
        is_new = self.trainer.ckpt_path is None and self._data_module() is None
        if self.class_weights is not None and is_new:
            self.class_weights.balance(torch.cat([self.labels(b) for b in self._first_batches()]))

    # Predictions

    @property
    def output_names(self) -> list[str]:
        names = self._task.output_names(self.class_names, self.target_names)
        return names if len(names) == self.units else []

    def scores(self, x: Tensor) -> Tensor:
        """Return the scores of the units, (..., in_features) scaled -> (..., units)."""
        return self(x)

    def decide(self, x: Tensor) -> Tensor:
        """Return class indices, (..., in_features) scaled -> (...), or for a multilabel task zeros
        and ones, (..., units).

        Raises:
            InputError: for a regression, which has no classes.
        """
        return self._task.decide(self._decisive(x))

    def _decisive(self, x: Tensor) -> Tensor:
        """Return what ``decide`` compares: scores for softmax units, otherwise outputs."""
        return self.scores(x) if self.natural_output == "softmax" else self(x)

    @property
    def output_scaling(self) -> Scaling | None:
        return self.target_scaling

    @torch.no_grad()
    def predict_labels(self, x: Any) -> list[str] | None:
        if isinstance(self._task, Regression):
            return None
        decided = self.decide(self.scaled(x).reshape(-1, self.in_features))
        return self._task.texts(decided, self.class_names)

    # Learning

    def y(self, batch: Batch) -> Tensor:
        """Return the targets of a batch; an InputError if it has none."""
        if batch.y is None:
            raise InputError("this model learns from labels, but the batch has none")
        return batch.y[:, 1:] if self.has_point_weights else batch.y

    def targets(self, batch: Batch) -> Tensor:
        """Return the target outputs of a batch, (points, units)."""
        return self._task.targets(self.y(batch)).to(batch.x.dtype)

    def labels(self, batch: Batch) -> Tensor:
        """Return the class indices of a batch, (points,)."""
        return self.y(batch).reshape(-1).long()

    def weighted(self, losses: Tensor, batch: Batch) -> Tensor:
        """Return losses (points, ...) times the weights of the points and of their classes."""
        if self.class_weights is not None:
            losses = self.class_weights(losses, self.labels(batch))
        if self.has_point_weights and batch.y is not None:
            losses = losses * batch.y[:, 0].reshape(-1, *[1] * (losses.ndim - 1))
        return losses

    def cross_entropy(self, scores: Tensor, batch: Batch, output: str) -> Tensor:
        """Return the mean cross-entropy, weighted by class, of net inputs (points, units) for
        ``output``, softmax or sigmoid."""
        if output == "softmax":
            if not self.is_weighted:
                return F.cross_entropy(scores, self.labels(batch))
            losses = F.cross_entropy(scores, self.labels(batch), reduction="none")
            return self.weighted(losses, batch).mean()
        # This is ln(1 + exp(-z)) or ln(1 + exp(z)), to full precision; torch's general form is a
        # difference of numbers as large as z.
        signed = torch.addcmul(scores, scores, self.targets(batch), value=-2)
        return self.weighted(F.softplus(signed, threshold=40), batch).mean()

    def outputs(self, batch: Batch) -> Tensor:
        """Return what the metrics compare with the targets, (points, units)."""
        return self._decisive(batch.x)

    def sums(self, batch: Batch) -> dict[str, Tensor]:
        output, y = self.outputs(batch), self.y(batch)
        if self.target_scaling is not None:  # in raw units, up to the offset
            divisor = self.target_scaling.divisor
            output, y = output * divisor, self.targets(batch) * divisor
        return super().sums(batch) | self._task.sums(output, y)

    def from_sums(self, sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the metrics of the task (``nnzoo.models.parts.tasks``), numbers in raw units."""
        return super().from_sums(sums) | self._task.metrics(sums, self.target_names)

    def as_batch(self, batch: Any) -> Batch:
        """Return a loader's output as a Batch, with its targets checked."""
        batch = super().as_batch(batch)
        self._task.check(self.y(batch), len(batch.x))
        return batch
