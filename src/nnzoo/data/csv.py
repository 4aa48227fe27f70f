"""Data of one's own, from a file of comma-separated values."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import InputError, unknown


class CSV(DataModule):
    """A table of points in a file, one a line, with or without a line of column names first.

    The separator is a comma, semicolon or tab. A target column of text or whole numbers holds
    classes, in sorted order; one with decimals, a number to learn. A list of target columns holds
    numbers to learn, also where they are whole.

    Args:
        path: of the file.
        target: the column, or list of columns, to learn; None: unlabelled. Without a line of names
            columns are called x1, x2, ...
        options: see ``DataModule``.

    Raises:
        InputError: if the file cannot be read, a column is unknown, or a feature is no number.
    """

    def __init__(
        self, path: str | None, target: str | Sequence[str] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        if path is None:
            raise InputError("data.path is null: name a file, data=csv data.path=FILE.csv")
        self.path = Path(path)
        self.target = target

    def load(self) -> Points:
        names, rows = read_csv(self.path)
        names = names or [f"x{i + 1}" for i in range(len(rows[0]))]
        several = not isinstance(self.target, str | None)
        targets: list[str] = list(self.target) if several else [self.target] if self.target else []  # type: ignore[arg-type,list-item]
        for name in targets:
            if name not in names:
                raise unknown(f"column of {self.path}", name, names)
        features = [i for i, name in enumerate(names) if name not in targets]
        if not features:
            raise InputError(f"{self.path} has no column besides data.target={self.target}")
        x = numbers(self.path, names, rows, features).float()
        feature_names = [names[i] for i in features]
        if not targets:
            return Points(x, feature_names=feature_names)
        columns = [names.index(name) for name in targets]
        values = [row[columns[0]] for row in rows]
        if several or not _are_classes(values):
            y = numbers(self.path, names, rows, columns).float()
            return Points(x, y, feature_names, target_names=targets)
        classes = sorted(set(values), key=lambda value: (_number(value) or 0, value))
        y = torch.tensor([classes.index(value) for value in values])
        return Points(x, y, feature_names, class_names=classes)


def read_csv(path: Path) -> tuple[list[str] | None, list[list[str]]]:
    """The column names, or None where the first line is numbers, and the cells of the other lines.

    Raises:
        InputError: if the file cannot be read, is empty, or a line is longer or shorter than the
            first.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InputError(f"cannot read {path}: {reason}") from error
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(text.splitlines(), delimiter=separator)
    rows = [
        (lines.line_num, [cell.strip() for cell in row]) for row in lines if "".join(row).strip()
    ]
    named = bool(rows) and any(_number(cell) is None for cell in rows[0][1])
    header, rows = (rows[0][1], rows[1:]) if named else (None, rows)
    if not rows:
        raise InputError(f"{path} is empty" if header is None else f"{path} has names and no rows")
    width = len(header or rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise InputError(f"{path}, line {line}: {len(row)} values in place of {width}")
    if header is not None and len(set(header)) < width:
        raise InputError(f"{path} has two columns of one name: {', '.join(header)}")
    return header, [row for _, row in rows]


def numbers(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]
) -> Tensor:
    """Columns of cells as a tensor (rows, columns) of float64.

    Raises:
        InputError: if a cell is no finite number, naming its row and column.
    """
    values = []
    for index, row in enumerate(rows, start=1):
        for column in columns:
            value = _number(row[column])
            if value is None or not math.isfinite(value):
                raise InputError(
                    f"{path}, row {index}, column {names[column]}: {row[column]!r} is no number"
                )
            values.append(value)
    return torch.tensor(values, dtype=torch.float64).reshape(len(rows), len(columns))


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _are_classes(values: Sequence[str]) -> bool:
    """Whether cells are text, or whole numbers."""
    found = [_number(value) for value in values]
    return None in found or all(value.is_integer() for value in found if value is not None)
