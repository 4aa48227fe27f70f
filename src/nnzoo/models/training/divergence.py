"""A check that the loss and the weights of a training by Lightning's own loop stay finite."""

import lightning.pytorch as pl
import torch
from lightning.pytorch.tuner.lr_finder import _LRCallback

from nnzoo.errors import RunError


def check_divergence(trainer: pl.Trainer, model: pl.LightningModule) -> None:
    """Raise a RunError if the loss of the last epoch or a saved weight is NaN or infinite, except
    while Lightning's ``lr_find`` tries rates."""
    callbacks: list[pl.Callback] = getattr(trainer, "callbacks", [])
    if any(isinstance(callback, _LRCallback) for callback in callbacks):
        return
    loss = trainer.callback_metrics.get("loss")
    if loss is not None and not loss.isfinite():
        wrong = f"the loss became {float(loss)}"
    elif not all_finite(model):
        wrong = "weights became infinite or NaN"
    else:
        return
    raise RunError(
        f"{wrong} in epoch {trainer.current_epoch}: look for NaN, infinite or very large values in "
        "the batches, or try a lower learning rate"
    )


def all_finite(model: torch.nn.Module) -> bool:
    """Return whether all saved weights of a model are finite."""
    found = [value.isfinite().all() for value in model.state_dict().values()]
    return not found or bool(torch.stack(found).all())
