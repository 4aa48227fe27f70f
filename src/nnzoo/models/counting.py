"""Steps, passes and epochs of a Trainer, whatever loader it has."""

from typing import Any

import lightning.pytorch as pl
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ENDLESS = 10**12
"""Steps in a pass where a loader does not know its length: more than any training takes."""


def takes_blocks(trainer: pl.Trainer) -> bool:
    """Whether the training loader gives blocks of mini-batches."""
    return getattr(trainer.train_dataloader, "block_size", 1) > 1


def steps_per_epoch(trainer: pl.Trainer) -> int:
    """Mini-batches in an epoch."""
    if takes_blocks(trainer):  # of which Lightning counts the blocks
        loader: Any = trainer.train_dataloader
        return int(loader.steps_per_pass * loader.repeat)
    return int(min(trainer.num_training_batches, ENDLESS))


def steps_per_pass(trainer: pl.Trainer) -> int:
    """Mini-batches in a pass over the data; an ordinary loader's epoch is one pass."""
    steps = getattr(trainer.train_dataloader, "steps_per_pass", ENDLESS)
    return min(steps, steps_per_epoch(trainer))


def total_steps(trainer: pl.Trainer) -> int:
    """Mini-batches in the whole training, by ``max_epochs`` or ``max_steps``."""
    # Either limit is -1 where there is none.
    epochs, steps = trainer.max_epochs or 1, trainer.max_steps
    if epochs < 0 and steps > 0:
        return steps
    total = steps_per_epoch(trainer) * max(epochs, 1)
    return min(total, steps) if steps > 0 else total


def by_pass(losses: Array, sizes: Array, per_pass: int, is_sum: bool) -> Array:
    """The loss of each pass, (passes, ...).

    Args:
        losses: of each step, (steps, ...).
        sizes: points in each batch, (steps,).
        per_pass: steps in a pass.
        is_sum: whether a loss adds up its points or is their mean.
    """
    if not len(losses):
        return losses
    starts = np.arange(0, len(losses), per_pass)
    if is_sum:
        return np.add.reduceat(losses, starts, axis=0)
    weights = sizes.reshape(-1, *[1] * (losses.ndim - 1))
    totals = np.add.reduceat(losses * weights, starts, axis=0)
    return totals / np.add.reduceat(weights, starts, axis=0)


def pass_rows(trainer: pl.Trainer, losses: Array, steps: int) -> list[dict[str, float]]:
    """A row for each pass of this epoch: ``epoch`` and ``pass``, counted from 0; ``step``, the
    batches learnt in the whole training so far; and ``loss``.

    Args:
        trainer: in the epoch.
        losses: of its passes, (passes,).
        steps: batches that were learnt in it.
    """
    epoch, per_pass = trainer.current_epoch, steps_per_pass(trainer)
    per_epoch = steps_per_epoch(trainer)
    first = epoch * -(-per_epoch // per_pass)
    return [
        {
            "epoch": epoch,
            "pass": first + k,
            "step": epoch * per_epoch + min((k + 1) * per_pass, steps),
            "loss": loss,
        }
        for k, loss in enumerate(losses.tolist())
    ]


def count_steps(trainer: pl.Trainer, steps: int) -> None:
    """Add to ``global_step`` what was done without Lightning's optimizer wrapper, which counts.

    Lightning has a counter for each way to optimise; both are kept, so that a training goes on
    from a checkpoint in the other way, and after it either tells the steps.
    """
    loop = trainer.fit_loop.epoch_loop
    manual = loop.manual_optimization.optim_step_progress.total
    automatic = loop.automatic_optimization.optim_progress.optimizer.step.total
    manual.completed = automatic.completed = max(manual.completed, automatic.completed) + steps
