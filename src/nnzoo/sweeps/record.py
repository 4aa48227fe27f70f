"""What one of many runs that train as one comes to."""

import copy
from dataclasses import dataclass, field
from typing import Any

import lightning
import lightning.pytorch as pl
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor

from nnzoo.errors import RunError
from nnzoo.sweeps.stack import Stack


@dataclass
class Record:
    """What a member's training came to.

    Attributes:
        initial: state_dict at its start.
        stop: what ends it early, if anything does.
        rows: of ``metrics.csv``.
        epochs: that it was trained for.
        error: why it failed, if it did; then ``last`` is the end of the last whole epoch.
        state: what a checkpoint holds at the end.
        best, last: ``state_dict``, ``epoch`` and ``global_step`` of the best and the last epoch.
    """

    initial: dict[str, Tensor]
    stop: EarlyStopping | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    epochs: int = 0
    error: RunError | None = None
    state: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)


def checkpoint_of(
    stack: Stack, position: int, record: Record, loops: dict[str, Any], state: dict[str, Any]
) -> dict[str, Any]:
    """What Lightning would write of a member that had a Trainer of its own.

    Args:
        stack: whose member has its last weights.
        position: of the member among those in training.
        record: of the member.
        loops: from ``loops_of``.
        state: of the stack's optimizer.
    """
    number = stack.present[position]
    member, loops = stack.members[number], copy.deepcopy(loops)
    fit_loop, step = loops["fit_loop"], record.last["global_step"]
    ways = "manual_optimization.optim_step_progress", "automatic_optimization.optim_progress"
    manual, automatic = (fit_loop[f"epoch_loop.{way}"] for way in ways)
    for steps in (manual, automatic["optimizer"]["step"]):
        steps["total"]["completed"] = step
    optimizers = []
    if stack.optimizer is not None:
        optimizers = [stack.optimizer.load(position, list(member.parameters()), state)]
    schedulers = [stack.schedulers[number]] if number in stack.schedulers else []
    callbacks = [] if record.stop is None else [record.stop]
    content = {
        "epoch": record.epochs,
        "global_step": step,
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": record.last["state_dict"],
        "loops": loops,
        "callbacks": {callback.state_key: callback.state_dict() for callback in callbacks},
        "optimizer_states": [optimizer.state_dict() for optimizer in optimizers],
        "lr_schedulers": [scheduler.state_dict() for scheduler in schedulers],
        "hparams_name": "kwargs",
        "hyper_parameters": dict(member.hparams),
    }
    member.on_save_checkpoint(content)
    return content


def loops_of(trainer: pl.Trainer) -> dict[str, Any]:
    """What Lightning keeps of its loops, with the present epoch done."""
    names = ("fit_loop", "validate_loop", "test_loop", "predict_loop")
    loops = {name: copy.deepcopy(getattr(trainer, name).state_dict()) for name in names}
    for count in loops["fit_loop"]["epoch_progress"].values():
        count["completed"] = count["processed"]  # before Lightning counts it
    return loops
