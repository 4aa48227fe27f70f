"""Configs of trainings from Python, as the command line composes them."""

import copy
import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from nnzoo.catalogue import argument_names, chosen_entry, composed
from nnzoo.data import DataModule
from nnzoo.entries import conf_dir, entries, own_folders
from nnzoo.errors import InputError, check_choice, message, unknown
from nnzoo.overrides import COMMON, NAMES, accepted, options_meant

NAMED = ("model.optimizer", "model.scheduler")
"""Mappings that a text stands for, which is their name."""


def base_config(
    model: str, data: str | DataModule | None, choices: Sequence[str] = ()
) -> DictConfig:
    """Return the config of a training without options; Hydra composes it.

    Args:
        model: name of an entry.
        data: name of an entry, or a data module; None: the model's own data.
        choices: overrides that choose entries of other groups, such as ``trainer=cpu``.

    Raises:
        InputError: if a name is unknown.
    """
    chosen_entry("model", model)
    for choice in choices:
        group, _, name = choice.partition("=")
        check_choice(group, name, entries(group))
    quiet = ("figures=none", "run.folder=null", "show=0")
    chosen = [f"model={model}", *quiet, *choices]
    if isinstance(data, str):
        chosen_entry("data", data)
        chosen.append(f"data={data}")
    # The user's own entries may change between calls.
    try:
        base = composed(chosen) if own_folders() else copy.deepcopy(_composed_once(*chosen))
    except HydraException as error:  # in the user's own entries
        raise InputError(f"model={model} cannot be composed: {message(error)}") from error
    if isinstance(data, DataModule):
        base.data, base.run.data = None, type(data).__name__
    return base


@cache
def _composed_once(*choices: str) -> DictConfig:
    return composed(list(choices))


def config_with(base: DictConfig, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a config with options, in plain containers.

    Args:
        base: a result of ``base_config``; not modified.
        options: values by key, or by a short name of the key, see ``full_key``.
        folder: the run's folder.

    Raises:
        InputError: if an option is unknown.
    """
    config = copy.deepcopy(base)
    names: dict[str, str] = {}
    for name, value in options.items():
        key = full_key(name, base)
        if key in NAMED and isinstance(value, str):
            key = f"{key}.name"
        if key in names:
            raise InputError(f"{key} is given twice, as {names[key]} and {name}")
        names[key] = name
        if is_group(key) and not isinstance(value, Mapping | None):
            raise InputError(
                f"{name} is a group; name a key in it, such as {key}.NAME, or an entry, as in "
                f"{key}={sorted(entries(key))[0]!r}"
            )
        is_array = isinstance(value, np.generic | np.ndarray | Tensor)
        plain = value.tolist() if is_array else value
        try:
            OmegaConf.update(config, key, plain, force_add=True)
        except OmegaConfBaseException as error:
            raise InputError(
                f"{key} must be a number, text, list or mapping, got {value!r}"
            ) from error
    config.run.folder = str(folder)
    resolved: Any = OmegaConf.to_container(config, resolve=True)
    return dict(resolved)


def is_group(key: str) -> bool:
    """Return whether a key of the command line is a group, whose value names an entry."""
    return (conf_dir() / key).is_dir()


def full_key(name: str, base: DictConfig) -> str:
    """Return the key of the command line that a name stands for.

    A key stands for itself. Otherwise a name is an argument of the model, of the data or of
    Lightning's ``Trainer``, such as ``hidden`` for ``model.hidden``; or it is one of the names in
    ``nnzoo.overrides.NAMES``, such as ``epochs`` for ``trainer.max_epochs``.

    Raises:
        InputError: if it is none of these.
    """
    first = name.partition(".")[0]
    built = [group for group in ("model", "data") if base[group] is not None]
    known = {group: argument_names(base[group], group) for group in built}
    known["trainer"] = set(inspect.signature(pl.Trainer).parameters)
    top = {str(key) for key in base if key != "data" or "data" in built}
    if first in top:
        return accepted(name, known)
    for group, arguments in known.items():
        if first in arguments:
            return f"{group}.{name}"
    if meant := options_meant(name, {"seed": (), **known}):
        return meant[0]
    if f"model.{first}" in NAMED:  # the model has none, as its class will say
        return f"model.{name}"
    if first in COMMON or any(f"model.{first}" in paths for paths in NAMES):
        own = ", ".join(sorted(known.get("model", ())))
        raise InputError(f"{base.run.model} has no option {name!r}; its own are {own}")
    raise unknown(f"option of {base.run.model}", name, top.union(*known.values()))
