"""The arguments of ``nnzoo.train``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnzoo.data import DataModule
from nnzoo.entries import entries
from nnzoo.errors import InputError
from nnzoo.runs.configs import is_group
from nnzoo.runs.folders import path_of


def split_options(
    options: Mapping[str, Any] | None, more: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Return the choices of entries, such as ``trainer=cpu``, and the other options by name.

    Raises:
        InputError: if ``options`` is no mapping of names.
    """
    if options is not None and not (
        isinstance(options, Mapping) and all(isinstance(key, str) for key in options)
    ):
        raise InputError(f"options must be a mapping of keys to values, got {options!r}")
    given = {**(options or {}), **more}
    chosen = {k: v for k, v in given.items() if isinstance(v, str) and k != "data" and is_group(k)}
    rest = {key: value for key, value in given.items() if key not in chosen}
    return [f"{group}={name}" for group, name in chosen.items()], rest


def source_of(data: Any, y: Any, given: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Return what ``base_config`` takes as data, the points in memory if there are any, and the
    options, with those of a file.

    Raises:
        InputError: if there is no such file, or the data have targets of their own.
    """
    if is_path(data):
        file = path_of(data, "data")
        if not file.is_file():
            raise InputError(f"there is no file {file}")
        return "table", None, {"data.path": str(file), "data.target": y} | given
    if not isinstance(data, str | DataModule | None):
        return "table", data, given
    if y is not None and (data is None or isinstance(data, DataModule) or data in entries("data")):
        raise InputError("y is for points and tables; this data set has its own targets")
    return data, None, given


def is_path(data: Any) -> bool:
    """Return whether data are the path of a file: a ``Path``, or text that is no entry and has a
    suffix or a separator, or names a file."""
    if isinstance(data, os.PathLike):
        return True
    if not isinstance(data, str) or data in entries("data"):
        return False
    return bool(Path(data).suffix or os.sep in data or "/" in data) or Path(data).is_file()
