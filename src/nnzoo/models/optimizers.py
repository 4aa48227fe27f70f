"""Optimizers and learning-rate schedules from plain mappings."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, optim
from torch.optim import Optimizer, lr_scheduler

from nnzoo.errors import InputError, number, one_of, unknown

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adagrad": optim.Adagrad,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
    "rprop": optim.Rprop,
    "sgd": optim.SGD,
}
# One kernel for all parameters: a small model's step is mostly calls.
FUSED = ("adagrad", "adam", "adamw", "sgd")
FUSED_DEVICES = ("cpu", "cuda")

SCHEDULERS: dict[str, type[lr_scheduler.LRScheduler]] = {
    "cosine": lr_scheduler.CosineAnnealingLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "multistep": lr_scheduler.MultiStepLR,
    "step": lr_scheduler.StepLR,
}


def build_optimizer(parameters: Iterable[Tensor], name: str = "adam", **options: Any) -> Optimizer:
    """A torch optimizer, fused where torch has it fused.

    Args:
        parameters: the tensors to be trained.
        name: one of ``OPTIMIZERS``.
        options: of the optimizer's class, such as ``lr``.

    Raises:
        InputError: if the name or an option is unknown, or a value is not possible.
    """
    parameters = list(parameters)
    one_of("model.optimizer.name", name, OPTIMIZERS)
    if "lr" in options:
        number("model.optimizer.lr", options["lr"], above=0)
    if name in FUSED and all(p.device.type in FUSED_DEVICES for p in parameters):
        options = {"fused": True} | options
    return _build("model.optimizer", OPTIMIZERS[name], parameters, options)


def build_scheduler(
    optimizer: Optimizer, passes: int, name: str = "cosine", **options: Any
) -> lr_scheduler.LRScheduler:
    """A torch learning-rate schedule that is stepped once a pass over the data.

    Args:
        optimizer: whose rate is changed.
        passes: passes in the whole training: the default length of ``cosine`` and ``linear``.
        name: one of ``SCHEDULERS``.
        options: of the scheduler's class, such as ``gamma``.

    Raises:
        InputError: if the name or an option is unknown, or a value is not possible.
    """
    one_of("model.scheduler.name", name, SCHEDULERS)
    length = {"cosine": {"T_max": passes}, "linear": {"total_iters": passes}}
    return _build(
        "model.scheduler", SCHEDULERS[name], optimizer, length.get(name, {}) | options
    )


def _build(what: str, build: Callable[..., Any], first: Any, options: dict[str, Any]) -> Any:
    known = list(inspect.signature(build).parameters)[1:]
    for option in options:
        if option not in known:
            raise unknown(f"option of {what}", option, known)
    try:
        return build(first, **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}") from error
