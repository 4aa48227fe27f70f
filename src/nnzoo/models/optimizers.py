"""torch's optimizers and learning-rate schedules from plain mappings."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, optim
from torch.optim import Optimizer, lr_scheduler

from nnzoo.errors import InputError, check_choice, check_float, unknown

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adagrad": optim.Adagrad,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "lbfgs": optim.LBFGS,
    "momentum": optim.SGD,
    "rmsprop": optim.RMSprop,
    "rprop": optim.Rprop,
    "sgd": optim.SGD,
}
DEFAULTS: dict[str, dict[str, Any]] = {"momentum": {"momentum": 0.9}}

SCHEDULERS: dict[str, type[lr_scheduler.LRScheduler]] = {
    "cosine": lr_scheduler.CosineAnnealingLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "multistep": lr_scheduler.MultiStepLR,
    "step": lr_scheduler.StepLR,
}
LENGTHS = {"cosine": "T_max", "linear": "total_iters"}
"""The option for the length of a schedule in epochs; by default that of the training."""


def build_optimizer(parameters: Iterable[Tensor], config: Mapping[str, Any]) -> Optimizer:
    """Return a torch optimizer.

    Args:
        parameters: the tensors to train.
        config: ``name``, one of ``OPTIMIZERS``, and options of its class, such as ``lr``;
            ``momentum`` is SGD with a momentum of 0.9.

    Raises:
        InputError: if the name or an option is unknown, or a value is not valid.
    """
    kind, options = _look_up("model.optimizer", config, OPTIMIZERS)
    if "lr" in options:
        check_float("model.optimizer.lr", options["lr"], above=0)
    options = DEFAULTS.get(config["name"], {}) | options
    return _build("model.optimizer", kind, list(parameters), options)


def build_scheduler(
    optimizer: Optimizer, epochs: int, config: Mapping[str, Any]
) -> lr_scheduler.LRScheduler:
    """Return a torch learning-rate schedule, to be stepped once an epoch.

    Args:
        optimizer: the optimizer whose rate it changes.
        epochs: of the whole training; the default length of ``cosine`` and ``linear``.
        config: ``name``, one of ``SCHEDULERS``, and options of its class, such as ``gamma``.

    Raises:
        InputError: if the name or an option is unknown, or a value is not valid.
    """
    kind, options = _look_up("model.scheduler", config, SCHEDULERS)
    length = {LENGTHS[config["name"]]: epochs} if config["name"] in LENGTHS else {}
    return _build("model.scheduler", kind, optimizer, length | options)


def _look_up(
    what: str, config: Any, classes: Mapping[str, type[Any]]
) -> tuple[type[Any], dict[str, Any]]:
    """Return the class that a mapping names, and its options."""
    if not isinstance(config, Mapping) or "name" not in config:
        raise InputError(f"{what} must be a mapping with a name, such as {{name: {min(classes)}}}")
    options = {key: value for key, value in config.items() if key != "name"}
    return classes[check_choice(f"{what}.name", config["name"], classes)], options


def _build(what: str, kind: type[Any], first: Any, options: dict[str, Any]) -> Any:
    known = dict(list(inspect.signature(kind).parameters.items())[1:])
    for option in options:
        if option not in known:
            raise unknown(f"key of {what}", option, known)
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and name not in options:
            raise InputError(f"{what}.{name} is missing: give it a value")
    try:
        return kind(first, **options)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}") from error
