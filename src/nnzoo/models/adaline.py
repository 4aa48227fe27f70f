"""Adaptive linear units, trained by the least-mean-squares rule."""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from nnzoo.batch import Batch
from nnzoo.errors import check_choice
from nnzoo.models.bases.online import UPDATES, Online
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.parts.initial import as_lists, set_values
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn.decay import DECAYS, decayed, progress_of
from nnzoo.nn.lms import lms_batch_rule, lms_rule


class Adaline(Online, Supervised):
    """Adaptive linear units, which learn from the error of the linear output, before the threshold.

    Classes have the targets -1 and 1; a single unit predicts class 1 where its output is above 0,
    and of several units the one with the largest output determines the class. ``loss`` is the mean
    squared error over points and units, whose minimum is the least-squares solution.

    Source: B. Widrow & M. E. Hoff, 1960, "Adaptive switching circuits". Rule: see
    ``nnzoo.nn.lms_rule``.

    Args:
        in_features: number of inputs.
        units: number of units: one for two classes, one per class, label or number.
        task: classification, multilabel or regression; see ``Supervised``.
        update: ``online``, one point at a time within a step, or ``batch``, all its points at once.
        lr: learning rate at the start.
        lr_end: learning rate at the end. With a constant rate, online updates keep moving around
            the solution.
        decay: how the learning rate falls: exponential, inverse or linear.
        initial_weight: given weights, (units, in_features); None: zeros.
        initial_bias: given biases, (units,); None: zeros.
    """

    tasks = ("classification", "multilabel", "regression")
    figures = (*Supervised.figures, "fit", "residuals")
    chain: ClassVar = {"layer": "linear units"}
    gives_probabilities = False
    follows_length = True
    monitor_label = "loss: mean squared error"

    lr: Tensor
    lr_end: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "classification",
        update: str = "online",
        lr: float = 0.05,
        lr_end: float = 0.0005,
        decay: str = "exponential",
        initial_weight: Sequence[Any] | None = None,
        initial_bias: Sequence[float] | None = None,
    ) -> None:
        super().__init__(in_features, units, task)
        initial_weight, initial_bias = as_lists(initial_weight), as_lists(initial_bias)
        self.save_hyperparameters()
        self.update_by = check_choice("model.update", update, UPDATES)
        self.decay = check_choice("model.decay", decay, DECAYS)
        self.add_coefficient("lr", lr, above=0)
        self.add_coefficient("lr_end", lr_end, above=0)
        self.layer = nn.Linear(in_features, units).requires_grad_(False)
        for name, given in (("weight", initial_weight), ("bias", initial_bias)):
            values = getattr(self.layer, name)
            values.zero_()
            set_values(f"model.initial_{name}", values, given)

    @property
    def needs_scaling(self) -> bool:
        return True  # steps grow with the squares of the features

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): ``w·x + b``."""
        return self.layer(x)

    def targets(self, batch: Batch) -> Tensor:
        targets = super().targets(batch)
        return targets if self.task == "regression" else 2 * targets - 1

    def _decisive(self, x: Tensor) -> Tensor:
        # Tasks decide between 0 and 1, the middle of which corresponds to that of -1 and 1.
        return self(x) if self.task == "regression" else (self(x) + 1) / 2

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return (self.targets(batch) - self(batch.x)).square().mean()

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights after the batch, and the loss before it."""
        online = self.update_by == "online"
        n = len(batch.x) if online else 1
        times = progress_of(clock.progress, clock.share, n, device=self.lr.device)
        lr = decayed(times, self.lr, self.lr_end, self.decay).to(batch.x.dtype)
        rule = lms_rule if online else lms_batch_rule
        old = self.layer.weight, self.layer.bias
        weight, bias = rule(*old, batch.x, self.targets(batch), lr)
        return {"layer.weight": weight, "layer.bias": bias, "loss": self.loss(batch)}

    def weights(self) -> dict[str, Tensor]:
        """Return ``w`` (units, in_features) and ``b`` (units,), for scaled inputs and targets."""
        return {"w": self.layer.weight.detach(), "b": self.layer.bias.detach()}
