"""The parts of a training step, and the time that they may depend on."""

from typing import NamedTuple

import torch

ENDLESS = 10**12
"""Number of steps of a training whose length is not known."""


class Clock(NamedTuple):
    """The time of a training step."""

    step: int  # batches before this one in the whole training
    steps: int  # batches of the whole training
    per_epoch: int  # batches of an epoch

    @property
    def starts_epoch(self) -> bool:
        """Whether this is the first step of an epoch."""
        return self.step % self.per_epoch == 0

    @property
    def progress(self) -> float:
        """Share of the training completed, 0 to 1."""
        return min(self.step / self.steps, 1.0)

    @property
    def share(self) -> float:
        """Share of the training that one step takes."""
        return 1 / self.steps


class Descend(NamedTuple):
    """A gradient step.

    Attributes:
        loss: name of the method ``(batch, noise) -> scalar`` to minimize.
        part: name of the submodule whose parameters change; empty: the whole model.
    """

    loss: str = "loss"
    part: str = ""


class Rule(NamedTuple):
    """A step that computes new values directly.

    Attributes:
        update: name of the method ``(batch, clock) -> {name: tensor}`` that returns new parameters
            and buffers, and optionally as ``loss`` the batch's loss before the step; after it if
            the step stores the batch.
        timed: whether it reads the clock; otherwise it can be replayed.
        noisy: whether the method takes the random numbers of ``sample_noise`` as a third argument.
    """

    update: str = "update"
    timed: bool = True
    noisy: bool = False


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the random generator of a step. It depends only on seed and step, so that a resumed
    training gets the same numbers."""
    # The offset keeps these seeds apart from those of the order of points.
    return torch.Generator().manual_seed((seed + 1_000_003 * step + 500_001) % 2**63)
