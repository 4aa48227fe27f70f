"""Base of models that learn targets: class labels, several labels per point, or numbers."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice, check_int
from nnzoo.models.base import Model
from nnzoo.models.targets import (
    balanced_weights,
    check_batch,
    check_data,
    is_binary,
    mean_recall,
    regression_errors,
    require_targets,
)
from nnzoo.nn import Scaling

CLASS_WEIGHTS = ("balanced",)
"""Values of ``model.class_weight``, besides null."""


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
            ``nnzoo.models.targets.balanced_weights``; None: each point.

    Attributes:
        target_scaling: maps raw targets of a regression to the scale trained on; saved with the
            weights.
        class_weights: (classes,), set from the training part and saved with the weights; it exists
            only for balanced classes.
    """

    tasks: tuple[str, ...] = ("classification", "multilabel")
    """Tasks of the class; the last one is used for numbers other than 0 and 1."""

    figures: tuple[str, ...] = ("curve", "points", "boundary", "confusion")

    class_weights: Tensor

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
        self.target_scaling = Scaling(units) if task == "regression" else None
        self.class_weight = class_weight
        if class_weight is not None:
            check_choice("model.class_weight", class_weight, CLASS_WEIGHTS)
            if task != "classification":
                raise InputError(
                    f"model.class_weight={class_weight} is for classes and this is a {task}; leave "
                    "it out"
                )
            self.register_buffer("class_weights", torch.ones(self.classes))

    @property
    def classes(self) -> int:
        """The largest number of classes of a classification."""
        return max(2, self.units)

    @property
    def weighting(self) -> str:
        """A suffix of the loss's name for balanced classes; empty: none."""
        return "" if self.class_weight is None else ", balanced classes"

    # Data

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        require_targets(data)
        if data.n_classes is None:
            units = data.n_targets
            task = "multilabel" if is_binary(data.points.y) else cls.tasks[-1]
        else:
            units = 1 if data.n_classes <= 2 else data.n_classes
            task = "classification"
        return super().sizes(data) | {"units": units, "task": task}

    def check(self, data: Any) -> None:
        check_data(data, self.units, self.task)
        super().check(data)

    def set_scaling(self, data: Any) -> None:
        super().set_scaling(data)
        if self.target_scaling is not None and data.n_targets == self.units:
            self.target_scaling.load_state_dict(data.target_scaling.state_dict())
        if self.class_weight is not None and data.n_classes is not None:
            self._balance(data.raw[0].y)

    def on_fit_start(self) -> None:
        super().on_fit_start()
        if (
            self.class_weight is not None
            and self.trainer.ckpt_path is None
            and not self._data_module()
        ):
            self._balance(torch.cat([self.y(batch).reshape(-1) for batch in self._first_batches()]))

    def _balance(self, labels: Tensor) -> None:
        """Set the weights of the classes for training labels (points,)."""
        if labels.max() < self.classes:  # otherwise ``check`` reports it
            self.class_weights.copy_(balanced_weights(labels, self.classes))

    # Predictions

    @property
    def natural_output(self) -> str:
        """The output activation of the task."""
        if self.task == "regression":
            return "identity"
        return "softmax" if self.task == "classification" and self.units > 1 else "sigmoid"

    @property
    def output_names(self) -> list[str]:
        if self.task != "classification":
            names = self.target_names
        else:
            names = self.class_names if self.units > 1 else ["output"]
        return names if len(names) == self.units else []

    def scores(self, x: Tensor) -> Tensor:
        """Return the scores of the units, (..., in_features) scaled -> (..., units)."""
        return self(x)

    def decide(self, x: Tensor) -> Tensor:
        """Return class indices, (..., in_features) scaled -> (...), or for several labels zeros and
        ones, (..., units).

        Raises:
            InputError: for a regression, which has no classes.
        """
        if self.task == "regression":
            raise InputError("a regression gives numbers and decides for no class")
        if self.task == "classification" and self.units > 1:
            return self.scores(x).argmax(-1)
        decided = (self(x) > 0.5).long()
        return decided if self.task == "multilabel" else decided.squeeze(-1)

    def predict(self, x: Any) -> Tensor:
        """Return outputs, (points, in_features) raw -> (points, units); numbers in raw units."""
        output = super().predict(x)
        return output if self.target_scaling is None else self.target_scaling.inverse(output)

    @torch.no_grad()
    def predict_labels(self, x: Any) -> list[str] | None:
        if self.task == "regression":
            return None
        decided = self.decide(self.scaled(x).reshape(-1, self.in_features)).tolist()
        if self.task == "multilabel":
            return [" ".join(map(str, row)) for row in decided]
        names = self.class_names
        return [names[k] if k < len(names) else str(k) for k in decided]

    # Learning

    def y(self, batch: Batch) -> Tensor:
        """Return the targets of a batch; an InputError if it has none."""
        if batch.y is None:
            raise InputError("this model learns from labels and the batch has none")
        return batch.y

    def targets(self, batch: Batch) -> Tensor:
        """Return the target outputs of a batch, (points, units)."""
        y = self.y(batch)
        if self.task != "classification":
            y = y.reshape(len(batch.x), self.units)
        else:
            y = y.reshape(-1, 1).long()
            if self.units > 1:  # one_hot would check the labels at each step
                y = y == torch.arange(self.units, device=y.device)
        return y.to(batch.x.dtype)

    def weighted(self, losses: Tensor, batch: Batch) -> Tensor:
        """Return losses (points, ...), each times the weight of the point's class."""
        if self.class_weight is None:
            return losses
        weights = self.class_weights[self.y(batch).reshape(-1).long()]
        return losses * weights.reshape(-1, *[1] * (losses.ndim - 1))

    def cross_entropy(self, scores: Tensor, batch: Batch, output: str) -> Tensor:
        """Return the mean cross-entropy of softmax or sigmoid outputs for net inputs (points,
        units), weighted by class."""
        if output == "softmax":
            labels = self.y(batch).reshape(-1).long()
            if self.class_weight is None:
                return F.cross_entropy(scores, labels)
            return self.weighted(F.cross_entropy(scores, labels, reduction="none"), batch).mean()
        # This is ln(1 + exp(-z)) or ln(1 + exp(z)), to full precision; torch's general form is a
        # difference of numbers as large as z.
        signed = torch.addcmul(scores, scores, self.targets(batch), value=-2)
        return self.weighted(F.softplus(signed, threshold=40), batch).mean()

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss and, by task, ``accuracy``, the share of points predicted correctly (in
        all labels), for classes also ``balanced_accuracy``, the mean of the shares in each class
        that occurs; or what ``regression_errors`` returns. Lightning averages each over several
        validation batches."""
        measured = super().metrics(batch)
        if self.target_scaling is not None:
            names, divisor = self.target_names, self.target_scaling.divisor
            names = names if len(names) == self.units else [f"y{i + 1}" for i in range(self.units)]
            found = regression_errors(self(batch.x), self.targets(batch), divisor, names)
            return measured | found
        decided = self.decide(batch.x)
        if self.task == "multilabel":
            correct = (decided == self.targets(batch)).all(-1)
            return measured | {"accuracy": correct.to(batch.x.dtype).mean()}
        labels = self.y(batch).reshape(-1).long()
        correct = decided == labels
        return measured | {
            "accuracy": correct.to(batch.x.dtype).mean(),
            "balanced_accuracy": mean_recall(correct, labels, self.classes).to(batch.x.dtype),
        }

    def as_batch(self, batch: Any) -> Batch:
        """Return the output of a loader as a Batch after a check of its targets."""
        batch = super().as_batch(batch)
        y, points = self.y(batch), len(batch.x)
        check_batch(y, points, self.units, self.task)
        return batch
