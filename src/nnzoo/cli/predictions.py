"""Predictions of a model: printed as a table, and written as CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from nnzoo.cli.table import print_table
from nnzoo.errors import counted, listed
from nnzoo.models import Model, Supervised
from nnzoo.models.bases.winner_take_all import Winners
from nnzoo.runs.files import csv_bytes, write_files

OWN_COLUMNS = 8
"""Maximum number of outputs, or of values of a sample, that are printed in a column each."""

SHOWN = 20
"""Maximum number of rows that are printed if they are also written to a file."""


def predict_points(
    model: Model, rows: list[list[float]]
) -> tuple[list[str], list[list[float]], list[dict[str, str]]]:
    """Return the names of a model's outputs, and the outputs and the label of each point.

    Args:
        model: the model that predicts.
        rows: a list of numbers per point, in raw units.

    Returns:
        The names, ``output_NAME``, or ``output`` for one without a name; a list of numbers per
        point, in raw units if the outputs have any; and ``{"label": ...}`` per point, or ``{}`` if
        the model gives no labels. Many units of which one wins are in the label alone.
    """
    points = torch.tensor(rows, dtype=torch.float64)
    outputs = model.predict(points).reshape(len(rows), -1).tolist()
    n = len(outputs[0])
    names = model.output_names or (["output"] if n == 1 else [str(i + 1) for i in range(n)])
    columns = ["output" if name == "output" else f"output_{name}" for name in names]
    labels = model.predict_labels(points)
    is_winner = isinstance(model, Winners) and not isinstance(model, Supervised)
    if is_winner and len(names) > OWN_COLUMNS:
        columns, outputs = [], [[]] * len(rows)
    by_point = [{}] * len(rows) if labels is None else [{"label": label} for label in labels]
    return columns, outputs, by_point


def to_cells(
    columns: Sequence[str], numbers: Sequence[float], digits: str, name: str
) -> dict[str, str]:
    """Format numbers by column; those of many columns as one list, under ``name``."""
    if len(columns) > OWN_COLUMNS:
        return {name: to_text(numbers, digits)}
    return {c: to_text([number], digits) for c, number in zip(columns, numbers, strict=True)}


def to_text(numbers: Sequence[float], digits: str) -> str:
    """Format one number, or a list of them; zeros have no sign."""
    texts = [format(number, digits) for number in numbers]
    texts = [text.removeprefix("-") if float(text) == 0 else text for text in texts]
    return texts[0] if len(texts) == 1 else f"[{listed(texts)}]"


def print_rows(title: str, rows: list[dict[str, str]], path: Path | None) -> None:
    """Print a table, or only its first rows if a file has all of them."""
    shown = rows if path is None else rows[:SHOWN]
    print_table(title, shown)
    if len(shown) < len(rows):
        print(f"  ... and {len(rows) - len(shown)} more")
    if path is not None:
        print(f"{counted(len(rows), 'row')} written to {path}")


def write_rows(path: Path, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a new CSV file; a repeated column name gets a ``_``.

    Raises:
        RunError: if the file exists, or cannot be written.
    """
    names: list[str] = []
    for name in header:
        while name in names:
            name += "_"
        names.append(name)
    table = csv_bytes([dict(zip(names, row, strict=True)) for row in rows])
    write_files({path: table}, new=True)
