"""Predictions of a model: printed as a table, and written as CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from nnzoo.cli.table import print_table
from nnzoo.models import Model
from nnzoo.runs.files import write_csv
from nnzoo.runs.text import listed

OWN_COLUMNS = 8
"""The most outputs, or values of a sample, that are printed in separate columns."""

SHOWN = 20
"""The most rows that are printed if a file has all of them."""


class Predictions:
    """Outputs and labels for points.

    Args:
        model: the model that predicts.
        rows: a list of numbers per point, in raw units.

    Attributes:
        outputs: a list of numbers per point, in raw units if the outputs have any.
        labels: a word per point; None: the model gives none.
        columns: ``output``, or ``output_NAME`` for several outputs.
    """

    def __init__(self, model: Model, rows: list[list[float]]) -> None:
        points = torch.tensor(rows, dtype=torch.float64)
        self.features = model.feature_names
        self.rows = rows
        self.outputs: list[list[float]] = model.predict(points).reshape(len(rows), -1).tolist()
        self.labels = model.predict_labels(points)
        names = model.output_names or [str(i + 1) for i in range(len(self.outputs[0]))]
        self.columns = ["output"] if len(names) == 1 else [f"output_{name}" for name in names]

    def rows_to_print(self) -> list[dict[str, str]]:
        """Return the rows of a table to print: numbers in six digits, long lists shortened."""
        return [
            {"input": _text(row, ".6g"), **outputs, **label}
            for row, outputs, label in zip(
                self.rows, self._shown_outputs(), self._label_cells(), strict=True
            )
        ]

    def _shown_outputs(self) -> list[dict[str, str]]:
        if len(self.columns) > OWN_COLUMNS:
            return [{"output": _text(row, ".6f")} for row in self.outputs]
        return [
            {name: _text([item], ".6f") for name, item in zip(self.columns, row, strict=True)}
            for row in self.outputs
        ]

    def _label_cells(self) -> list[dict[str, str]]:
        if self.labels is None:
            return [{}] * len(self.rows)
        return [{"label": label} for label in self.labels]

    def write(self, path: Path) -> None:
        """Write features, outputs and labels as CSV, with all digits."""
        labels = [list(row.values()) for row in self._label_cells()]
        header = [*self.features, *self.columns, *self._label_cells()[0]]
        rows = [[*a, *b, *c] for a, b, c in zip(self.rows, self.outputs, labels, strict=True)]
        write_rows(path, header, rows)


def samples_to_print(names: Sequence[str], rows: list[list[float]]) -> list[dict[str, str]]:
    """Return the rows of a table of samples to print; see ``Predictions.rows_to_print``."""
    if len(names) > OWN_COLUMNS:
        return [{"sample": _text(row, ".6g")} for row in rows]
    return [dict(zip(names, (_text([item], ".6g") for item in row), strict=True)) for row in rows]


def print_rows(title: str, rows: list[dict[str, str]], path: Path | None) -> None:
    """Print a table, or only its first rows if a file has all of them."""
    shown = rows if path is None else rows[:SHOWN]
    print_table(title, shown)
    if len(shown) < len(rows):
        print(f"  ... and {len(rows) - len(shown)} more")
    if path is not None:
        print(f"{len(rows)} rows written to {path}")


def write_rows(path: Path, header: Iterable[str], rows: list[list[Any]]) -> None:
    """Write a CSV file; a repeated column name gets a ``_``."""
    names: list[str] = []
    for name in header:
        while name in names:
            name += "_"
        names.append(name)
    write_csv(path, [dict(zip(names, row, strict=True)) for row in rows])


def _text(values: Sequence[float], digits: str) -> str:
    """Format one number, or a list of them; zeros have no sign."""
    texts = [format(item, digits) for item in values]
    texts = [text.removeprefix("-") if float(text) == 0 else text for text in texts]
    return texts[0] if len(texts) == 1 else f"[{listed(texts)}]"
