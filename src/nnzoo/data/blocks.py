"""When several steps may be taken inside one of Lightning's."""

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, ProgressBar
from lightning.pytorch.utilities.model_helpers import is_overridden

STEP_HOOKS = (
    "on_after_backward",
    "on_before_backward",
    "on_before_optimizer_step",
    "on_before_zero_grad",
    "on_train_batch_end",
    "on_train_batch_start",
)


def may_block(trainer: pl.Trainer) -> bool:
    """Whether nothing in a training has to see each step: no option, callback or model's hook."""
    return (
        trainer.world_size == 1
        and trainer.accumulate_grad_batches == 1
        and trainer.gradient_clip_val is None
        and _is_all(trainer.limit_train_batches)
        and _is_all(trainer.val_check_interval)
        and trainer.overfit_batches == 0  # type: ignore[attr-defined]
        and trainer.precision in ("32-true", "64-true")
        and not any(map(_sees_steps, trainer.callbacks))  # type: ignore[attr-defined]
        and not _overrides((*STEP_HOOKS, "optimizer_step"), trainer.lightning_module)
    )


def _is_all(share: float) -> bool:
    """Whether one of Lightning's limits is the share 1.0 of the batches, and not 1 batch."""
    return isinstance(share, float) and share == 1.0


def _sees_steps(callback: Callback) -> bool:
    """Whether a callback acts on each step; bars, and checkpoints an epoch, do as well without."""
    if isinstance(callback, ProgressBar) or type(callback).__module__.startswith("nnzoo."):
        return False
    if isinstance(callback, ModelCheckpoint):
        return bool(callback._every_n_train_steps)
    return _overrides(STEP_HOOKS, callback)


def _overrides(hooks: tuple[str, ...], instance: Callback | pl.LightningModule) -> bool:
    parent = Callback if isinstance(instance, Callback) else pl.LightningModule
    return any(is_overridden(hook, instance, parent) for hook in hooks)
