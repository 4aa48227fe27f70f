"""What all models share: what is measured, what a user calls, what a checkpoint holds."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch, as_batch
from nnzoo.errors import InputError, whole
from nnzoo.models.learner import Learner
from nnzoo.models.optimizers import build_scheduler
from nnzoo.nn import Scaling

NAMES = ("feature_names", "class_names", "target_names")

SLICE = 2**16
"""The most points that are measured at once, where the metrics are means over points."""


def averaged(parts: Iterable[tuple[int, Mapping[str, Tensor]]]) -> dict[str, float]:
    """Metrics that are means over points, by name, over all of several numbers of points."""
    measured = [(n, {name: float(value) for name, value in found.items()}) for n, found in parts]
    if len(measured) == 1:
        return measured[0][1]
    total = sum(n for n, _ in measured)
    return {name: sum(n * found[name] for n, found in measured) / total for name in measured[0][1]}


class Model(Learner):
    """A network and how it learns.

    A subclass gives ``forward`` and ``loss``; a rule that is no gradient step gives ``learn`` too,
    and passes no optimizer. Trains under any ``lightning.Trainer`` with an ordinary DataLoader of
    ``x`` or ``(x, y)``.

    Args:
        in_features: number of inputs.
        optimizer, scheduler: see ``Learner``.

    Attributes:
        scaling: maps raw values to the scale trained on; saved with the weights.
        feature_names, class_names, target_names: of the data trained on; saved with the weights.
    """

    curve = "loss"
    """The metric whose course is drawn and whose lowest value picks ``best.ckpt``."""

    curve_label = "loss"
    """What the curve's axis says: the metric, and its unit where it has one."""

    metrics_are_means = False
    """Whether each of ``metrics`` is a mean over points, so that many can be measured in slices."""

    figures: tuple[str, ...] = ("curve",)
    """Names of the pictures of a trained model, drawn by ``nnzoo.training.pictures``."""

    def __init__(
        self,
        in_features: int,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(optimizer, scheduler)
        self.in_features = whole("model.in_features", in_features)
        self.scaling = Scaling(in_features)
        self.feature_names = [f"x{i + 1}" for i in range(in_features)]
        self.class_names: list[str] = []
        self.target_names: list[str] = []

    # What a subclass says

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name, measured on a batch with the present weights."""
        return {"loss": self.loss(batch)}

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        """The constructor's arguments that follow from a data module."""
        return {"in_features": data.n_features}

    def check(self, data: Any) -> None:
        """Raise an InputError if the model cannot learn from this data module."""
        if data.n_features != self.in_features:
            raise InputError(
                f"model.in_features is {self.in_features} but the data have {data.n_features} "
                "features; leave it null to take it from the data"
            )
        for optimizer in self.build_optimizers():
            if self.scheduler_config is not None:
                build_scheduler(optimizer, 1, self.scheduler_config)

    def adopt(self, data: Any) -> None:
        """Take over a data module's scaling and names."""
        self.scaling.load_state_dict(data.scaling.state_dict())
        for name in NAMES:
            setattr(self, name, list(getattr(data, name)))

    def calibrate(self, data: Any) -> None:
        """Set what follows from the trained weights and the data, before these are kept."""

    @property
    def output_names(self) -> list[str]:
        """One name for each number of ``predict``'s last dimension."""
        raise NotImplementedError

    def decisions(self, x: Any) -> list[str] | None:
        """What is decided for raw values (points, in_features), a word a point; None: nothing."""
        return None

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """New points like those trained on: (n, in_features) in raw units.

        Raises:
            InputError: if the model makes none.
        """
        raise InputError(f"{type(self).__name__} makes no samples; model=gan and model=vae do")

    # What a user calls

    @torch.no_grad()
    def predict(self, x: Any) -> Tensor:
        """The output for raw values.

        Args:
            x: (points, in_features) or (in_features,) in raw units: a tensor, array or lists.

        Returns:
            ``forward`` of the scaled values, in the shape that ``forward`` gives.

        Raises:
            InputError: if the last dimension is not ``in_features``.
        """
        return self(self.scaled(x))

    @torch.no_grad()
    def measure(self, raw: Batch) -> dict[str, float]:
        """Metrics by name, measured on a batch in raw units with the present weights."""
        parts = raw.split(SLICE) if self.metrics_are_means else [raw]
        return averaged((len(part.x), self.measured(part)) for part in parts)

    def measured(self, raw: Batch) -> dict[str, Tensor]:
        """Metrics by name as scalars; a pure function of parameters, buffers and a raw batch."""
        return self.metrics(self._scaled_batch(raw))

    def score(self, data: Any) -> dict[str, float]:
        """Metrics by name, measured on a data module's training part with the present weights."""
        return self.measure(data.raw[0])

    def assess(self, data: Any, untrained: "Model") -> dict[str, float]:
        """Further metrics by name, too costly for each epoch, beside those of the same model
        before training."""
        return {}

    def weights(self) -> dict[str, Tensor]:
        """The learnt numbers by name, as a person is shown them."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    def scaled(self, x: Any) -> Tensor:
        """Raw values (..., in_features), a tensor, array or lists, in the scale trained on.

        Raises:
            InputError: if they are not numbers, or the last dimension is not ``in_features``.
        """
        try:
            x = torch.as_tensor(x).to(self.scaling.offset)
        except (TypeError, ValueError) as error:
            raise InputError(f"the input must be numbers: {error}") from error
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise InputError(f"the input must have {self.in_features} values, got {tuple(x.shape)}")
        return self.scaling(x)

    def _scaled_batch(self, raw: Batch) -> Batch:
        raw = raw.like(self.scaling.offset)
        return Batch(self.scaling(raw.x), self._scaled_targets(raw.y))

    def _scaled_targets(self, y: Tensor | None) -> Tensor | None:
        return y

    # How Lightning measures and keeps it

    def setup(self, stage: str) -> None:
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and data is not None and hasattr(data, "scaling"):
            self.check(data)
            self.adopt(data)

    def on_train_end(self) -> None:
        data = getattr(self.trainer, "datamodule", None)
        if data is not None and hasattr(data, "scaling"):
            self.calibrate(data)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self._log_metrics(batch, "val_")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self._log_metrics(batch, "test_")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(as_batch(batch).like(self.scaling.offset).x)  # targets are not asked for

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        names = {name: getattr(self, name) for name in NAMES}
        checkpoint["nnzoo"] = {"class": type(self).__name__, **names}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name in NAMES:
            setattr(self, name, checkpoint["nnzoo"].get(name, getattr(self, name)))

    def _batch(self, batch: Any) -> Batch:
        return super()._batch(batch).like(self.scaling.offset)

    def _log_metrics(self, batch: Any, prefix: str) -> None:
        batch = self._batch(batch)
        one = self.trainer.state.fn == "fit" and self.trainer.num_val_batches == [1]
        parts = batch.split(SLICE) if self.metrics_are_means else [batch]
        if one and len(parts) == 1 and self.unheard:
            measured = self.metrics(batch)
            self.tell({f"{prefix}{name}": float(value) for name, value in measured.items()})
            return
        for part in parts:
            for name, value in self.metrics(part).items():
                self.log(
                    f"{prefix}{name}",
                    value,
                    on_epoch=True,
                    on_step=False,
                    batch_size=part.x.shape[0],
                    reduce_fx="sum" if name == "loss" and self.loss_is_sum else "mean",
                    sync_dist=True,
                )
