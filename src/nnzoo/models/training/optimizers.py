"""torch's optimizers and learning-rate schedules from plain mappings."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from torch import Tensor, optim
from torch.optim import Optimizer, lr_scheduler

from nnzoo.errors import (
    InputError,
    check_bool,
    check_choice,
    check_float,
    check_int,
    check_ints,
    unknown,
)
from nnzoo.nn.adaptive_rate import GDA
from nnzoo.nn.bayesian_regularization import BayesianRegularization
from nnzoo.nn.conjugate_gradient import SCG
from nnzoo.nn.levenberg_marquardt import LevenbergMarquardt
from nnzoo.nn.quickprop import Quickprop

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adagrad": optim.Adagrad,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "bayesian_regularization": BayesianRegularization,
    "gda": GDA,
    "gdx": GDA,
    "lbfgs": optim.LBFGS,
    "levenberg_marquardt": LevenbergMarquardt,
    "momentum": optim.SGD,
    "quickprop": Quickprop,
    "rmsprop": optim.RMSprop,
    "rprop": optim.Rprop,
    "scg": SCG,
    "sgd": optim.SGD,
}
SCHEDULERS: dict[str, type[lr_scheduler.LRScheduler]] = {
    "cosine": lr_scheduler.CosineAnnealingLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "multistep": lr_scheduler.MultiStepLR,
    "step": lr_scheduler.StepLR,
}
LENGTHS = {"cosine": "T_max", "linear": "total_iters"}
"""Options for the length of a schedule in epochs; the default is the length of the training."""

_rate = partial(check_float, low=0)
_factor = partial(check_float, low=0, high=1)
SCHEDULE_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "T_max": check_int,
    "end_factor": _factor,
    "eta_min": _rate,
    "gamma": _rate,
    "milestones": check_ints,
    "start_factor": _factor,
    "step_size": check_int,
    "total_iters": check_int,
}
"""Checks of the options of schedules."""


def build_optimizer(parameters: Iterable[Tensor], config: Mapping[str, Any]) -> Optimizer:
    """Return a torch optimizer.

    Args:
        parameters: the tensors to train.
        config: ``name``, one of ``OPTIMIZERS``, and options of its class, such as ``lr``;
            ``momentum`` is SGD, and ``gdx`` is ``gda``, with a momentum of 0.9.

    Raises:
        InputError: if the name or an option is unknown, or a value is not valid.
    """
    defaults = {"momentum": {"momentum": 0.9}, "gdx": {"momentum": 0.9}}
    return _build("model.optimizer", OPTIMIZERS, list(parameters), config, defaults)


def probe_optimizers(model: Any) -> Iterator[tuple[str, str, Optimizer]]:
    """Yield the optimizer of each part of a model with its options, but for a single parameter,
    and before it the part and the optimizer's name; see ``build_optimizer`` for errors."""
    for part in model.parts if model.default_optimizer is not None else ():
        options = model.optimizer_options(part)
        parameters = list(model.get_submodule(part).parameters())[:1]
        yield part, options["name"], build_optimizer(parameters, options)


def build_scheduler(
    optimizer: Optimizer, epochs: int, config: Mapping[str, Any]
) -> lr_scheduler.LRScheduler:
    """Return a torch learning-rate schedule, to be stepped once an epoch.

    Args:
        optimizer: the optimizer whose rate it changes.
        epochs: number of epochs of the training; the default length of ``cosine`` and ``linear``.
        config: ``name``, one of ``SCHEDULERS``, and options of its class, such as ``gamma``;
            ``linear`` falls to 0 unless it has other factors.

    Raises:
        InputError: if the name or an option is unknown, or a value is not valid.
    """
    defaults: dict[str, dict[str, Any]]
    defaults = {name: {option: epochs} for name, option in LENGTHS.items()}
    defaults["linear"] |= {"start_factor": 1.0, "end_factor": 0.0}  # torch's rises from 1/3 to 1
    if isinstance(config, Mapping):  # torch finds most wrong values only while it trains
        for option, check in SCHEDULE_CHECKS.items():
            if option in config:
                check(f"model.scheduler.{option}", config[option])
    return _build("model.scheduler", SCHEDULERS, optimizer, config, defaults)


def _build(
    what: str,
    classes: Mapping[str, type[Any]],
    first: Any,
    config: Any,
    defaults: Mapping[str, Mapping[str, Any]],
) -> Any:
    """Build the object that a config names, from its first argument and the options."""
    if not isinstance(config, Mapping) or "name" not in config:
        raise InputError(f"{what} must be a mapping with a name, such as {{name: {min(classes)}}}")
    name = check_choice(f"{what}.name", config["name"], classes)
    options = {**defaults.get(name, {}), **config}
    del options["name"]
    _, *known = inspect.signature(classes[name]).parameters.values()
    known = [parameter for parameter in known if parameter.name != "last_epoch"]  # for resuming
    names = [parameter.name for parameter in known]
    for option in options:
        if option not in names:
            raise unknown(f"key of {what}", option, names)
    for parameter in known:
        if parameter.default is parameter.empty and parameter.name not in options:
            raise InputError(f"{what}.{parameter.name} is missing: give it a value")
    for parameter in known:
        if parameter.name in options:
            options[parameter.name] = _checked(what, options[parameter.name], parameter)
    try:
        return classes[name](first, **options)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}") from error


def _checked(what: str, value: Any, parameter: inspect.Parameter) -> Any:
    """Return a value of an option of a class of torch, which finds many wrong ones only later."""
    what, default = f"{what}.{parameter.name}", parameter.default
    if parameter.name == "lr":
        return check_float(what, value, above=0)
    if isinstance(default, bool):
        return check_bool(what, value)
    if parameter.annotation in (int, "int"):
        return check_int(what, value, low=0)
    if isinstance(default, int | float):
        return check_float(what, value)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(check_float(f"each of {what}", number) for number in value)
    return value
