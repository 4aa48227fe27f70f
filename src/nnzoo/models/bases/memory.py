"""Base of associative memories: models that store patterns in one epoch, and recall them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.models.bases.online import Online
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn import Scaling
from nnzoo.nn.noise import wrong_components

TOLERANCE = 0.1
"""Largest error of a component that is recalled."""

MAX_STATES = 100
"""Maximum number of states of a recall that are returned one by one."""


class Memory(Online):
    """A model that stores the training points as patterns, and recalls them from noisy copies.

    The first epoch stores each pattern once; further epochs change nothing. A new training starts
    with an empty memory; ``partial_fit`` adds to it.

    ``loss`` is the recall error: the share of components in which a pattern differs from what the
    network recalls from it; in training, of each batch once it is stored.

    A subclass defines ``memory``, ``store`` and ``recall``.

    Args:
        in_features: number of components of a pattern.
        noise: share of the components that are wrong in ``noisy``.
    """

    figures: tuple[str, ...] = ("recall",)
    monitor_label = "loss: share of components recalled wrong"
    bipolar = True  # whether patterns must be -1 and 1

    noise: Tensor

    def __init__(self, in_features: int, noise: float) -> None:
        super().__init__(in_features)
        self.add_coefficient("noise", noise, low=0, high=1)

    # Data

    def check(self, data: Any) -> None:
        super().check(data)
        if self.bipolar:
            for part in (*data.raw, data.raw_test):
                for piece in () if part is None else data.scaled_slices(part):
                    self.check_patterns(piece.x, data.scale)

    def check_patterns(self, x: Tensor, scale: str | None = None) -> None:
        """Raise an InputError if patterns, scaled in a known way, are not all -1 and 1."""
        wrong = x[(x.abs() != 1) & x.isfinite()]  # the training reports those that are not finite
        if self.bipolar and wrong.numel():
            if scale == "bipolar":
                raise InputError(
                    "patterns must have two values, such as 0 and 1, but the data have more; "
                    "model=modern_hopfield stores patterns of any numbers"
                )
            raise InputError(
                f"patterns must be -1 and 1 once scaled, but a component is {float(wrong[0]):g}; "
                "data.scale=bipolar maps data with two values, such as 0 and 1, to them"
            )

    def as_batch(self, batch: Any) -> Batch:
        found = super().as_batch(batch)
        self.check_patterns(found.x)
        return found

    # Recall

    @property
    def output_scaling(self) -> Scaling:
        return self.scaling

    @property
    def output_names(self) -> list[str]:
        return self.feature_names

    @property
    def memory(self) -> dict[str, Tensor]:
        """The parameters and buffers, by name, that hold the patterns."""
        raise NotImplementedError

    def recall(self, x: Tensor, memory: Mapping[str, Tensor], steps: int | None = None) -> Tensor:
        """Return the states, (..., in_features) scaled, that the network reaches from x.

        Args:
            x: (..., in_features), scaled.
            memory: values by the names of ``memory``.
            steps: maximum number of steps; None: that of the model.
        """
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> the same shape: what the network recalls."""
        return self.recall(x, self.memory)

    def states(self, x: Tensor) -> Tensor:
        """Return the states of a recall step by step, (steps + 1, points, in_features), from scaled
        x (points, in_features) until nothing changes.

        Raises:
            InputError: if x has another shape, or no point.
        """
        x = self._checked_states(x)
        found, last = [x], self(x)
        while not torch.equal(found[-1], last) and len(found) <= MAX_STATES:
            found.append(self.recall(x, self.memory, len(found)))
        return torch.stack(found)

    def _checked_states(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != self.in_features or not len(x):
            raise InputError(
                f"states must be (points, {self.in_features}), at least one point, got the shape "
                f"{tuple(x.shape)}"
            )
        return x.to(self.prototype)

    def energy(self, x: Tensor) -> Tensor | None:
        """Return the energy of scaled states, (..., in_features) -> (...); None: it has none."""
        return None

    def noisy(self, x: Tensor, seed: int = 0) -> Tensor:
        """Return noisy copies of scaled patterns, (patterns, in_features): in each, the share
        ``noise`` of the components, rounded to a whole number, has the other sign. The seed
        determines which."""
        wrong = wrong_components(len(x), self.in_features, float(self.noise), seed)
        return torch.where(wrong.to(x.device), -x, x)

    # Metrics

    def wrong(self, x: Tensor, recalled: Tensor) -> Tensor:
        """Return the error of each recalled component, (..., in_features)."""
        return ((x > 0) != (recalled > 0)).to(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self.wrong(batch.x, self(batch.x)).mean()

    @torch.no_grad()
    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return the share of training patterns that are recalled without an error, ``stable`` from
        themselves and ``recalled`` from ``noisy`` copies, and the mean error of the latter recalls,
        ``noisy_error``."""
        x = data.train.like(self.prototype).x
        stable, wrong = self.wrong(x, self(x)), self.wrong(x, self(self.noisy(x)))
        return {
            "stable": float((stable.amax(-1) < TOLERANCE).double().mean()),
            "recalled": float((wrong.amax(-1) < TOLERANCE).double().mean()),
            "noisy_error": float(wrong.mean()),
        }

    # Learning

    def store(self, batch: Batch) -> dict[str, Tensor]:
        """Return the ``memory`` once the patterns of a batch are stored."""
        raise NotImplementedError

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        for value in self.memory.values():
            value.zero_()

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the memory, which changes in the first epoch only, and the loss after the step."""
        memory = self.store(batch) if clock.step < clock.per_epoch else self.memory
        loss = self.wrong(batch.x, self.recall(batch.x, memory)).mean()
        return memory | {"loss": loss}
