"""Sweeps from Python."""

import copy
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from omegaconf import OmegaConf
from torch import Tensor

from nnzoo.catalogue import argument_names, composed, conf_dir, entries
from nnzoo.data import DataModule
from nnzoo.errors import InputError, RunError, check_choice, message, unknown
from nnzoo.models import Model
from nnzoo.overrides import options_meant
from nnzoo.runs.checkpoint import load_model
from nnzoo.sweeps.sweep import Spec, train_sweep


class Fitted(NamedTuple):
    """What ``fit_many`` returns.

    Attributes:
        table: a row for each job: ``job``, its values of the grid, ``status``, ``error``, and the
            metrics of its best epoch.
        members: the trained models with their best weights; None for a failed job.
    """

    table: list[dict[str, Any]]
    members: list[Model | None]


def fit_many(
    model: str,
    data: str | DataModule | None = None,
    grid: Mapping[str, Any] | None = None,
    *,
    folder: str | Path | None = None,
    members: int | None = None,
) -> Fitted:
    """Train a model for each combination of values, together where possible.

    Args:
        model: name of an entry of the catalogue.
        data: name of an entry, or a data module that all jobs share; None: the model's own data.
        grid: values to try for keys of the command line, such as ``seed`` or
            ``model.optimizer.lr``: a sequence or range, or one value for all jobs. Put values that
            are lists into a list: ``{"model.hidden": [[8], [16]]}``.
        folder: where each job writes its own folder, as on the command line; it must be empty or
            new. None: nothing is kept.
        members: the most to train together; None: as many as are fast and fit into memory.

    Returns:
        The table of all jobs and their models.

    Raises:
        InputError: if an argument is not valid, or the folder is not empty.
        KeyboardInterrupt: if it was interrupted.
    """
    if not isinstance(model, str):
        raise InputError(f"model must be the name of an entry, got a {type(model).__name__}")
    if not isinstance(data, str | DataModule | None):
        raise InputError(
            "data must be the name of an entry or an nnzoo.data.DataModule, got a "
            f"{type(data).__name__}"
        )
    if folder is not None and Path(folder).is_dir() and any(Path(folder).iterdir()):
        raise InputError(f"{folder} is not empty; name another folder")
    combinations = _combinations(grid or {})
    table = [{"job": number, **values} for number, values in enumerate(combinations)]
    fitted: list[Model | None] = [None] * len(combinations)
    with TemporaryDirectory() if folder is None else nullcontext(folder) as root:
        specs = _specs(model, data, combinations, Path(root).absolute())
        shared = data if isinstance(data, DataModule) else None
        for job in train_sweep(specs, members, data=shared):
            try:
                if not job.completed:
                    raise RunError(job.content["error"])
                fitted[job.number] = load_model(job.folder)
                row = {"status": "completed", "error": "", **job.content["metrics"]}
            except (InputError, RunError) as error:  # a class in a function cannot be loaded
                row = {"status": "failed", "error": message(error)}
            table[job.number] |= row
    return Fitted(table, fitted)


def _combinations(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each combination of the values, by key.

    Raises:
        InputError: if a key has no value.
    """
    values = {}
    for key, tried in grid.items():
        several = isinstance(tried, Iterable) and not isinstance(tried, str | Mapping)
        values[key] = list(tried) if several else [tried]
        if not values[key]:
            raise InputError(f"the grid has no value for {key}")
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def _specs(
    model: str, data: str | DataModule | None, combinations: list[dict[str, Any]], root: Path
) -> list[Spec]:
    """Return the jobs; Hydra composes their config once.

    Raises:
        InputError: if a name or a key is unknown.
    """
    check_choice("model", model, entries("model"))
    chosen = [f"model={model}", f"run.model={model}", "figures=none", "run.folder=null"]
    name = data or "its own"
    if isinstance(data, str):
        chosen.append(f"data={check_choice('data', data, entries('data'))}")
    elif data is not None:
        name = type(data).__name__
    base = composed([*chosen, f"run.data='{name}'"])
    if isinstance(data, DataModule):
        base.data = None  # no entry builds it
    known = sorted(str(key) for key in base if key != "data" or base[key] is not None)
    specs = []
    for number, values in enumerate(combinations):
        config = copy.deepcopy(base)
        for key, value in values.items():
            if key.partition(".")[0] not in known:
                raise _unknown_key(key, base, known)
            if isinstance(value, str) and (conf_dir() / key).is_dir():
                raise InputError(f"{key} is a group; the grid has keys in it, such as {key}.NAME")
            is_array = isinstance(value, np.generic | np.ndarray | Tensor)
            plain = value.tolist() if is_array else value
            OmegaConf.update(config, key, plain, force_add=True)
        config.run.folder = str(root / str(number))
        resolved: Any = OmegaConf.to_container(config, resolve=True)
        specs.append(Spec(resolved, [f"{key}={value}" for key, value in values.items()], number))
    return specs


def _unknown_key(key: str, config: Any, known: list[str]) -> InputError:
    """Return the error for a key of the grid that the config does not have."""
    groups = [group for group in ("model", "data") if config[group] is not None]
    arguments = {group: argument_names(config[group], group) for group in groups}
    if meant := options_meant(key, {"seed": (), **arguments}):
        return InputError(f"unknown key of the grid {key!r}; did you mean {' or '.join(meant)}?")
    return unknown("key of the grid", key, known)
