"""What a trained model makes of points: the columns of a table for a person and of a file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from nnzoo.models import Model
from nnzoo.training.files import write_csv
from nnzoo.training.report import listed, print_table

OWN_COLUMNS = 8
"""The most outputs, or values of a sample, that have a column each in a printed table."""

SHOWN = 20
"""The most rows that are printed where a file holds them all."""


class Answers:
    """Outputs and decisions for points.

    Args:
        model: that answers.
        rows: a list of numbers a point, in raw units.

    Attributes:
        outputs: a list of numbers a point, in raw units where the outputs have any.
        decisions: a word a point, or None.
        columns: ``output``, or of several outputs ``output_NAME``.
    """

    def __init__(self, model: Model, rows: list[list[float]]) -> None:
        points = torch.tensor(rows, dtype=torch.float64)
        self.features = model.feature_names
        self.rows = rows
        self.outputs: list[list[float]] = model.predict(points).reshape(len(rows), -1).tolist()
        self.decisions = model.decisions(points)
        names = model.output_names or [str(i + 1) for i in range(len(self.outputs[0]))]
        self.columns = ["output"] if len(names) == 1 else [f"output_{name}" for name in names]

    def shown(self) -> list[dict[str, str]]:
        """The rows of a table for a person: numbers in six digits, long lists abbreviated."""
        return [
            {"input": _text(row, ".6g"), **outputs, **decision}
            for row, outputs, decision in zip(
                self.rows, self._shown_outputs(), self._decided(), strict=True
            )
        ]

    def _shown_outputs(self) -> list[dict[str, str]]:
        if len(self.columns) > OWN_COLUMNS:
            return [{"output": _text(row, ".6f")} for row in self.outputs]
        return [
            {name: _text([item], ".6f") for name, item in zip(self.columns, row, strict=True)}
            for row in self.outputs
        ]

    def _decided(self) -> list[dict[str, str]]:
        if self.decisions is None:
            return [{}] * len(self.rows)
        return [{"decision": decision} for decision in self.decisions]

    def write(self, path: Path) -> None:
        """Write features, outputs and decisions as CSV, with all digits."""
        decided = [list(row.values()) for row in self._decided()]
        header = [*self.features, *self.columns, *self._decided()[0]]
        rows = [[*a, *b, *c] for a, b, c in zip(self.rows, self.outputs, decided, strict=True)]
        write_rows(path, header, rows)


def show_samples(names: Sequence[str], rows: list[list[float]]) -> list[dict[str, str]]:
    """The rows of a table of new points for a person, as ``Answers.shown``."""
    if len(names) > OWN_COLUMNS:
        return [{"sample": _text(row, ".6g")} for row in rows]
    return [dict(zip(names, (_text([item], ".6g") for item in row), strict=True)) for row in rows]


def print_rows(title: str, rows: list[dict[str, str]], path: Path | None) -> None:
    """Print a table: all of it, or its first rows where a file holds them all."""
    shown = rows if path is None else rows[:SHOWN]
    print_table(title, shown)
    if len(shown) < len(rows):
        print(f"  ... and {len(rows) - len(shown)} more")
    if path is not None:
        print(f"{len(rows)} rows written to {path}")


def write_rows(path: Path, header: Iterable[str], rows: list[list[Any]]) -> None:
    """Write a CSV file; a name that two columns have gets a ``_`` in the second."""
    names: list[str] = []
    for name in header:
        while name in names:
            name += "_"
        names.append(name)
    write_csv(path, [dict(zip(names, row, strict=True)) for row in rows])


def _text(values: Sequence[float], digits: str) -> str:
    """One number, or a list of them; a zero has no sign."""
    texts = [format(item, digits) for item in values]
    texts = [text.removeprefix("-") if float(text) == 0 else text for text in texts]
    return texts[0] if len(texts) == 1 else f"[{listed(texts)}]"
