"""Optimizers and learning-rate schedules from plain mappings."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, optim
from torch.optim import Optimizer, lr_scheduler

from nnzoo.errors import InputError, number, one_of, unknown
from nnzoo.models.adam import Adam

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
# One kernel for all parameters: a small model's step is mostly calls.
FUSED = ("adam", "adamw", "momentum", "sgd")
FUSED_DEVICES = ("cpu", "cuda")
SHORT = {"lr", "betas", "eps", "weight_decay"}  # options of Adam in its shorter step

SCHEDULERS: dict[str, type[lr_scheduler.LRScheduler]] = {
    "cosine": lr_scheduler.CosineAnnealingLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "multistep": lr_scheduler.MultiStepLR,
    "step": lr_scheduler.StepLR,
}


def build_optimizer(parameters: Iterable[Tensor], config: Mapping[str, Any]) -> Optimizer:
    """A torch optimizer, fused where torch has it fused.

    Args:
        parameters: the tensors to be trained.
        config: ``name``, one of ``OPTIMIZERS``, and options of its class, such as ``lr``;
            ``momentum`` is SGD with a momentum of .9.

    Raises:
        InputError: if the name or an option is unknown, or a value is not possible.
    """
    parameters = list(parameters)
    build, options = _look_up("model.optimizer", config, OPTIMIZERS)
    if "lr" in options:
        number("model.optimizer.lr", options["lr"], above=0)
    options = DEFAULTS.get(config["name"], {}) | options
    if config["name"] in FUSED and all(p.device.type in FUSED_DEVICES for p in parameters):
        alike = len({(p.device, p.dtype) for p in parameters}) == 1
        if config["name"] == "adam" and alike and options.keys() <= SHORT:
            build = Adam
        else:
            options = {"fused": True} | options
    return _build("model.optimizer", build, parameters, options)


def build_scheduler(
    optimizer: Optimizer, passes: int, config: Mapping[str, Any]
) -> lr_scheduler.LRScheduler:
    """A torch learning-rate schedule that is stepped once a pass over the data.

    Args:
        optimizer: whose rate is changed.
        passes: passes in the whole training: the default length of ``cosine`` and ``linear``.
        config: ``name``, one of ``SCHEDULERS``, and options of its class, such as ``gamma``.

    Raises:
        InputError: if the name or an option is unknown, or a value is not possible.
    """
    build, options = _look_up("model.scheduler", config, SCHEDULERS)
    length = {"cosine": {"T_max": passes}, "linear": {"total_iters": passes}}
    options = length.get(config["name"], {}) | options
    return _build("model.scheduler", build, optimizer, options)


def _look_up(
    what: str, config: Any, classes: Mapping[str, type[Any]]
) -> tuple[type[Any], dict[str, Any]]:
    """The class that a mapping names, and its options."""
    if not isinstance(config, Mapping) or "name" not in config:
        raise InputError(f"{what} must be a mapping with a name, such as {{name: {min(classes)}}}")
    options = {key: value for key, value in config.items() if key != "name"}
    return classes[one_of(f"{what}.name", config["name"], classes)], options


def _build(what: str, build: type[Any], first: Any, options: dict[str, Any]) -> Any:
    known = dict(list(inspect.signature(build).parameters.items())[1:])
    for option in options:
        if option not in known:
            raise unknown(f"key of {what}", option, known)
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and name not in options:
            raise InputError(f"{what}.{name} is missing: give it a value")
    try:
        return build(first, **options)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}") from error
