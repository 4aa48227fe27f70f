"""Raw values that a person gives a trained model: numbers, names with numbers, or a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nnzoo.data.csv import as_number, numbers, read_csv
from nnzoo.errors import InputError, number, unknown
from nnzoo.models import Model
from nnzoo.training.door import value
from nnzoo.training.report import listed


def read_input(text: str, model: Model) -> list[list[float]]:
    """The points of ``input=``: a row each, in raw units and the model's order of features.

    Args:
        text: ``[1,0,0]``, ``[[1,0,0],[0,1,1]]``, ``{price: 1, ...}``, one number, or a table's file
            with or without a line of names.
        model: that is to answer.

    Raises:
        InputError: if it cannot be read, a feature is unknown or lacking, the number of values is
            wrong, or one of them is no finite number.
    """
    text = text.strip()
    if text[0] in "[{" or as_number(text) is not None:
        rows = _typed(value("input", text), model)
    elif Path(text).exists():
        rows = _table(Path(text), model)
    else:
        raise InputError(
            f"there is no file {text}; numbers are written 'input=[...]', one for each of "
            f"{listed(model.feature_names)}"
        )
    check_size(rows, model)
    return rows


def check_size(rows: list[list[float]], model: Model) -> None:
    """Raise an InputError if a number is infinite in the type that the model computes in."""
    if not torch.tensor(rows, dtype=torch.float64).to(model.dtype).isfinite().all():
        raise InputError(f"input holds a number that is too large for {model.dtype}")


def _typed(given: Any, model: Model) -> list[list[float]]:
    """What is written on the command line: a point, or a list of points."""
    several = isinstance(given, list) and any(isinstance(row, list | dict) for row in given)
    if not several:
        return [_row("input", given if isinstance(given, list | dict) else [given], model)]
    return [_row(f"row {i} of input", row, model) for i, row in enumerate(given, start=1)]


def _row(what: str, row: Any, model: Model) -> list[float]:
    names = model.feature_names
    if isinstance(row, dict):
        by_name = dict(_pair(key, item) for key, item in row.items())
        order = _order(what, list(by_name), names)
        row = [list(by_name.values())[i] for i in order]
    if not isinstance(row, list):
        raise InputError(f"{what} must be a list of numbers such as [1,0], got {row!r}")
    if len(row) != len(names):
        wanted = "1 number" if len(names) == 1 else f"{len(names)} numbers"
        several = "; several points are written [[1],[2]]" if len(names) == 1 else ""
        raise InputError(f"{what} must have {wanted} ({listed(names)}), got {len(row)}{several}")
    return [number(f"{what}: {name}", item) for name, item in zip(names, row, strict=True)]


def _pair(key: Any, item: Any) -> tuple[str, Any]:
    """A name and its number; YAML takes ``price:1``, which Hydra reads, for a name alone."""
    if item is None and ":" in str(key):
        name, _, text = str(key).rpartition(":")
        return name.strip(), value("input", text)
    return str(key), item


def _table(path: Path, model: Model) -> list[list[float]]:
    names = model.feature_names
    header, cells = read_csv(path)
    if header is not None:
        order = _order(str(path), header, names)
        return numbers(path, header, cells, order).tolist()
    if len(cells[0]) != len(names):
        raise InputError(
            f"{path} must have {len(names)} columns ({listed(names)}), got {len(cells[0])}"
        )
    return numbers(path, names, cells, range(len(names))).tolist()


def _order(what: str, found: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where each of the model's features stands among those found."""
    for name in found:
        if name not in names:
            raise InputError(
                f"{what}: {unknown('feature', name, names)}; leave out what is no feature"
            )
    lacking = [name for name in names if name not in found]
    if lacking:
        kind = "feature" if len(lacking) == 1 else "features"
        raise InputError(f"{what} lacks the {kind} {listed(lacking)}")
    return [list(found).index(name) for name in names]
