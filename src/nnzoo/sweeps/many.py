"""Many runs from Python."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from omegaconf import OmegaConf
from torch import Tensor

from nnzoo.data import DataModule
from nnzoo.errors import InputError, one_of, told, unknown
from nnzoo.models import Model
from nnzoo.sweeps.fuse import Job, fuse
from nnzoo.training.run import train
from nnzoo.zoo import composed, conf_dir, entries, load_model


class Fitted(NamedTuple):
    """What ``fit_many`` gives.

    Attributes:
        table: a row for each job: ``job``, its values in the grid, ``status``, ``error``, and the
            metrics by name.
        members: the trained models, with the weights of their last epoch; None for a failed job.
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
    """Train a model for each combination of values, those that are alike as one.

    Args:
        model: name of an entry of the catalogue.
        data: name of an entry, or a data module that all share; None: what the model brings.
        grid: keys of the command line, such as ``seed`` or ``model.optimizer.lr``, with the values
            that are tried, a sequence or range; anything else holds for all. A value that is a list
            itself stands in one: ``{"model.hidden": [[8], [16]]}``.
        folder: where each job leaves its folder, as the command line's do; it must be empty or new.
            None: nowhere.
        members: the most to be trained at once; None: as many as are fast and fit into memory.

    Raises:
        InputError: if an argument is not possible, or the folder is not empty.
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
    grid = {} if grid is None else grid
    with _place(folder) as place:
        combinations = _combinations(grid)
        jobs = _jobs(model, data, combinations, place)
        table: list[dict[str, Any]] = [{} for _ in jobs]
        fitted: list[Model | None] = [None] * len(jobs)
        for number, conclude in fuse(jobs, members, say=lambda line: None):
            job = jobs[number]
            row = {"job": number, **combinations[number]}
            try:
                if conclude is None:
                    result = train(OmegaConf.create(job.config), job.overrides, True, job.data)
                else:
                    result = conclude()
                fitted[number] = load_model(result["paths"]["last"])
            except Exception as error:  # it loses no other job
                table[number] = row | {"status": "failed", "error": told(error)}
                continue
            table[number] = row | {"status": "completed", "error": ""} | result["metrics"]
    return Fitted(table, fitted)


def _combinations(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each combination of the values that are tried, by key.

    Raises:
        InputError: if there is none.
    """
    tried = {
        key: list(values)
        if isinstance(values, Iterable) and not isinstance(values, str | Mapping)
        else [values]
        for key, values in grid.items()
    }
    if without := [key for key, values in tried.items() if not values]:
        raise InputError(f"the grid has no value for {without[0]}")
    return [dict(zip(tried, values, strict=True)) for values in product(*tried.values())]


def _jobs(
    model: str, data: str | DataModule | None, combinations: list[dict[str, Any]], place: Path
) -> list[Job]:
    one_of("model", model, entries("model"))
    chosen = [f"model={model}", f"run.model={model}", "figures=none", "run.folder=null"]
    shared = data if isinstance(data, DataModule) else None
    if isinstance(data, str):
        chosen.append(f"data={one_of('data', data, entries('data'))}")
    name = type(data).__name__ if shared is not None else data or "its own"
    base = composed([*chosen, f"run.data='{name}'"])
    jobs = []
    for number, values in enumerate(combinations):
        config = copy.deepcopy(base)
        for key, value in values.items():
            part = key.partition(".")[0]
            if part not in base or (part == "data" and shared is not None):
                known = sorted(str(k) for k in base)
                raise unknown("key of the grid", key, known)
            if isinstance(value, str) and (conf_dir() / key).is_dir():
                raise InputError(f"{key} is a group; the grid has keys in it, such as {key}.NAME")
            OmegaConf.update(config, key, _plain(value), force_add=True)
        config.run.folder = str(place / str(number))
        if shared is not None:
            config.data = None  # which no entry builds
        plain: Any = OmegaConf.to_container(config, resolve=True)
        jobs.append(Job(number, plain, [f"{k}={v}" for k, v in values.items()], shared))
    return jobs


def _plain(value: Any) -> Any:
    """A number of NumPy's or torch's as Python's own."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray | Tensor) else value


@contextmanager
def _place(folder: str | Path | None) -> Iterator[Path]:
    """The folder that is given, or one that is gone afterwards."""
    if folder is not None:
        yield Path(folder)
        return
    with TemporaryDirectory() as temporary:
        yield Path(temporary)
