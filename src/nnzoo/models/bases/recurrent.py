"""Base of models that read sequences step by step, and learn numbers at each step."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice, check_int, counted
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.parts.data_checks import check_time
from nnzoo.models.parts.tasks import Regression
from nnzoo.nn.recurrent import OF_EACH_UNIT


class Recurrent(Supervised):
    """A model of sequences, whose loss is the mean squared error over sequences, steps and targets.

    A subclass defines ``forward``, (..., time, in_features) scaled -> (..., time, units).

    Args:
        in_features, options: see ``Model``.
        units: number of output units.
        task: multilabel for targets 0 and 1, otherwise regression.
        washout: number of first steps of each sequence whose errors count neither in the loss nor
            in the metrics, since the model knows too little of the past.
        time_steps: number of steps of the training sequences, for which the model is exported; it
            reads sequences of any length.
    """

    tasks = ("multilabel", "regression")
    default_optimizer: ClassVar[Mapping[str, Any] | None] = {"name": "adam", "lr": 0.01}
    learns_sequences = True
    figures: tuple[str, ...] = ("curve", "series", "errors_by_step")
    monitor_label = "loss: mean squared error"

    def __init__(
        self,
        in_features: int,
        units: int,
        task: str,
        washout: int = 0,
        time_steps: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(in_features, units, task, **options)
        self.washout = check_int("model.washout", washout, low=0)
        self.time_steps = None if time_steps is None else check_int("model.time_steps", time_steps)

    def output_name(self, activation: str, output_activation: str | None) -> str:
        """Return the name of the output activation; None: the one that fits the task.

        Raises:
            InputError: if this or the activation of the hidden units is unknown.
        """
        check_choice("model.activation", activation, OF_EACH_UNIT)
        name = output_activation or self.natural_output
        return check_choice("model.output_activation", name, OF_EACH_UNIT)

    # Data

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        check_time(cls.learns_sequences, data)
        if data.n_targets is None:
            raise InputError("this model learns numbers at each step, and the data have none")
        return super().sizes(data) | {"time_steps": data.points.n_steps}

    def check(self, data: Any) -> None:
        self.sizes(data)  # its errors are clearer than those of the base
        super().check(data)
        self._check_washout(data.points.n_steps)

    def _check_washout(self, steps: int) -> None:
        if steps <= self.washout:
            raise InputError(
                f"model.washout={self.washout} leaves none of the {counted(steps, 'step')} of a "
                "sequence"
            )

    # Predictions

    def scaled(self, x: Any) -> Tensor:
        """Return raw values in scaled units, (sequences, time, in_features), or (time, in_features)
        for one sequence; errors as in ``Model.scaled``, or for a single step or none."""
        scaled = super().scaled(x)
        if scaled.ndim < 2 or scaled.shape[-2] == 0:
            raise InputError(
                "the input must be a sequence (time, in_features), or several of equal length, got "
                f"the shape {tuple(scaled.shape)}"
            )
        return scaled

    @torch.no_grad()
    def predict_labels(self, x: Any) -> list[str] | None:
        """Return the labels of all steps, sequence by sequence; None for a regression."""
        if isinstance(self._task, Regression):
            return None
        decided = self.decide(self.scaled(x)).reshape(-1, self.units)
        return self._task.texts(decided, self.class_names)

    # Learning

    def y(self, batch: Batch) -> Tensor:
        return super().y(batch)[..., self.washout :, :]

    def outputs(self, batch: Batch) -> Tensor:
        """Return the outputs whose errors count, (points, units), in the order of ``targets``."""
        return self.counted(self(batch.x))

    def counted(self, output: Tensor) -> Tensor:
        """Return the outputs whose errors count, (points, units), of all, (..., time, units)."""
        return output[..., self.washout :, :].reshape(-1, self.units)

    def learned(self, batch: Batch, noise: Tensor | None) -> Tensor:
        """Return the ``outputs`` of a training step, which the loss compares with the targets."""
        return self.outputs(batch)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return F.mse_loss(self.learned(batch, noise), self.targets(batch))

    def residuals(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the errors that count, (sequences, steps * units)."""
        errors = self.learned(batch, noise) - self.targets(batch)
        errors = errors.reshape(len(batch.x), -1)
        return errors / errors.shape[1] ** 0.5

    def as_batch(self, batch: Any) -> Batch:
        found = Model.as_batch(self, batch)
        y = Supervised.y(self, found)
        if found.x.ndim != 3 or y.shape != (*found.x.shape[:2], self.units):
            raise InputError(
                f"a batch must be x (sequences, time, {self.in_features}) and y (sequences, time, "
                f"{self.units}), got the shapes {tuple(found.x.shape)} and {tuple(y.shape)}"
            )
        self._task.check(y, y.shape[:2].numel())
        self._check_washout(y.shape[1])
        return found
