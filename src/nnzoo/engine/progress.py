"""The state of one model's training."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from nnzoo.data import DataModule
from nnzoo.engine.stopping import EarlyStopping
from nnzoo.errors import RunError
from nnzoo.models import Model


@dataclass
class Best:
    """The best epoch so far.

    Attributes:
        epoch: its number, from 0.
        step: number of batches completed at its end.
        value: value of the monitored metric.
        metrics: metrics at its end, by name.
        weights: state_dict at its end; set before each write.
    """

    epoch: int
    step: int
    value: float
    metrics: dict[str, float]
    weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Progress:
    """The state of one model's training: all that is needed to resume it.

    Attributes:
        length: number of epochs of the whole training, which schedules follow.
        epochs: number of epochs completed.
        step: number of batches completed.
        rows: rows of ``metrics.csv``.
        losses: losses of the batches of an incomplete epoch.
        weights: the current state_dict.
        optimizers: by part: ``steps``, and ``state`` by name, (numbers,) each.
        best: the best epoch; None before the first measurement.
        last: ``epoch`` and ``value`` of the last measurement.
        stopping: state of early stopping.
        complete: whether it ended early, by early stopping or with a loss of 0.
        error: why the training failed; None: it did not.
        options: options that a resumed training must repeat, by key.
    """

    length: int
    epochs: int = 0
    step: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    optimizers: dict[str, Any] = field(default_factory=dict)
    best: Best | None = None
    last: dict[str, float] = field(default_factory=dict)
    stopping: dict[str, Any] | None = None
    complete: bool = False
    error: RunError | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain containers, without the weights, which a checkpoint stores separately."""
        kept = {k: v for k, v in vars(self).items() if k not in ("weights", "error", "best")}
        return kept | {"best": None if self.best is None else vars(self.best)}

    @classmethod
    def from_dict(cls, content: dict[str, Any], weights: dict[str, Tensor]) -> "Progress":
        """Return the progress from the content that ``as_dict`` returned."""
        best = content["best"] and Best(**content["best"])
        return cls(**{**content, "best": best, "weights": weights})


@dataclass
class Member:
    """One model in training.

    Attributes:
        model: the model with its initial weights; the engine trains a copy.
        data: its data module.
        seed: seed of the order of its points and of its noise.
        progress: updated by the engine before each call of ``write``.
        write: called at intervals and at the end.
        stopping: early stopping; None: there is none.
        log: called with each row of metrics; None: nothing is logged.
    """

    model: Model
    data: DataModule
    seed: int
    progress: Progress
    write: Callable[[Progress], object]
    stopping: EarlyStopping | None = None
    log: Callable[[dict[str, float]], object] | None = None
