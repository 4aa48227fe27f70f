"""Sweeps from Python."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from nnzoo.data import DataModule
from nnzoo.errors import InputError, RunError, message
from nnzoo.models import Model
from nnzoo.runs.checkpoint import load_model
from nnzoo.runs.configs import base_config, config_with
from nnzoo.runs.isolated import isolated
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
            ``model.optimizer.lr``, also by short names such as ``lr``: a sequence or range, or one
            value for all jobs. Put values that are lists into a list:
            ``{"model.hidden": [[8], [16]]}``.
        folder: where each job writes its own folder, as on the command line; it must be empty or
            new. None: nothing is kept.
        members: maximum number that train together; None: as many as are fast and fit into memory.

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
            f"{type(data).__name__}; nnzoo.create_data makes one from your own points"
        )
    if folder is not None and Path(folder).is_dir() and any(Path(folder).iterdir()):
        raise InputError(f"{folder} is not empty; name another folder")
    combinations = _combinations(grid or {})
    table = [{"job": number, **values} for number, values in enumerate(combinations)]
    fitted: list[Model | None] = [None] * len(combinations)
    with isolated(), TemporaryDirectory() if folder is None else nullcontext(folder) as root:
        specs = _specs(model, data, combinations, Path(root).absolute())
        shared = data if isinstance(data, DataModule) else None
        for job in train_sweep(specs, members, data=shared):
            try:
                if not job.completed:
                    raise RunError(job.content["error"])
                fitted[job.number] = load_model(job.folder)
                row = {"status": "completed", "error": "", **job.content["metrics"]}
            except (
                InputError,
                RunError,
            ) as error:  # a class defined in a function cannot be loaded
                row = {"status": "failed", "error": message(error)}
            table[job.number] |= row
    return Fitted(table, fitted)


def _combinations(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the combinations of the values, each by key.

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
    """Return the jobs; Hydra composes only one config for all.

    Raises:
        InputError: if a name or a key is unknown.
    """
    base = base_config(model, data)
    specs = []
    for number, values in enumerate(combinations):
        config = config_with(base, values, root / str(number))
        specs.append(Spec(config, [f"{key}={value}" for key, value in values.items()], number))
    return specs
