"""Input of a trained model, in raw units: numbers, numbers by feature name, or a table."""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch

from nnzoo.cli.command import read_value
from nnzoo.errors import InputError, check_float, counted, listed, printable, unknown
from nnzoo.models import Model


def read_input(text: str, model: Model) -> list[list[float]]:
    """Parse ``input=`` into points, one row each, in raw units and the model's feature order.

    Args:
        text: ``[1,0,0]``, ``[[1,0,0],[0,1,1]]``, ``{price: 1, ...}``, one number, or a file with a
            table, whose header is optional.
        model: the model that predicts.

    Raises:
        InputError: if it cannot be read, a feature is unknown or missing, the number of values is
            wrong, or a value is not a finite number.
    """
    text = text.strip()
    if text[0] in "[{" or as_number(text) is not None:
        given = read_value("input", text)
        if isinstance(given, list) and any(isinstance(row, list | dict) for row in given):
            rows = [_row(f"row {i} of input", row, model) for i, row in enumerate(given, start=1)]
        else:
            rows = [_row("input", given if isinstance(given, list | dict) else [given], model)]
    elif Path(text).exists():
        rows = _table(Path(text), model)
    else:
        raise InputError(
            f"there is no file {text}; write numbers as 'input=[...]', one for each of "
            f"{listed(model.feature_names)}"
        )
    check_size(rows, model)
    return rows


def check_size(rows: list[list[float]], model: Model) -> None:
    """Raise an InputError if a number overflows the model's type."""
    if not torch.tensor(rows, dtype=torch.float64).to(model.dtype).isfinite().all():
        raise InputError(f"input has a number that is too large for {model.dtype}")


def _row(what: str, row: Any, model: Model) -> list[float]:
    names = model.feature_names
    if isinstance(row, dict):
        by_name = dict(_pair(key, item) for key, item in row.items())
        _check_names(what, by_name, names)
        row = [by_name[name] for name in names]
    if not isinstance(row, list):
        raise InputError(f"{what} must be a list of numbers such as [1,0], got {row!r}")
    if len(row) != len(names):
        wanted = counted(len(names), "number")
        several = "; write several points as [[1],[2]]" if len(names) == 1 else ""
        raise InputError(f"{what} must have {wanted} ({listed(names)}), got {len(row)}{several}")
    return [check_float(f"{what}: {name}", item) for name, item in zip(names, row, strict=True)]


def _pair(key: Any, item: Any) -> tuple[str, Any]:
    """Return a feature's name and value; ``price:1``, which YAML reads as one name, is split."""
    if item is None and ":" in str(key):
        name, _, text = str(key).rpartition(":")
        return name.strip(), read_value("input", text)
    return str(key), item


def _table(path: Path, model: Model) -> list[list[float]]:
    from nnzoo.tables.frames import values_like
    from nnzoo.tables.reading import read_frame

    names = model.feature_names
    frame, notes = read_frame(path)
    if list(frame.columns) == [f"x{i + 1}" for i in range(frame.shape[1])]:  # no header
        if frame.shape[1] != len(names):
            raise InputError(
                f"{path} must have {counted(len(names), 'column')} ({listed(names)}), got "
                f"{frame.shape[1]}"
            )
        frame, notes = frame.set_axis(names, axis=1), []
    ignored = model.ignored_columns
    rows: list[list[float]] = values_like(frame, names, ignored, str(path), notes).tolist()
    for note in notes:
        print(f"note: {printable(note)}")
    return rows


def as_number(text: str) -> float | None:
    """Parse a finite number; return None if the text is anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _check_names(what: str, found: Collection[str], names: Sequence[str]) -> None:
    """Raise an InputError if the names found are not those of the model's features."""
    for name in found:
        if name not in names:
            raise InputError(f"{what}: {unknown('feature', name, names)}; leave it out")
    missing = [name for name in names if name not in found]
    if missing:
        kind = "feature" if len(missing) == 1 else "features"
        raise InputError(f"{what} does not have the {kind} {listed(missing)}")
