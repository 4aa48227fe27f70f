"""Data from a file of comma-separated values."""

import csv
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule, Points, check_path
from nnzoo.errors import InputError, counted, unknown
from nnzoo.overrides import for_hydra, in_shell

MAX_CLASSES = 20
"""Whole numbers are not classes if there are more than this and more than half the rows."""


class CSV(DataModule):
    """A table in a text file, one point per line, with or without a header line.

    The separator is a comma, semicolon or tab. A target column of text or whole numbers contains
    classes, in sorted order. A target column with decimals is a regression target. A list of target
    columns contains regression targets, even if they are whole numbers. Features are numbers.

    Args:
        path: the file.
        target: the target column, or a list of target columns; None: unlabeled data. Without a
            header line the columns are x1, x2, ...
        options: see ``DataModule``.
    """

    def __init__(
        self, path: str | None, target: str | Sequence[str] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.path = check_path("csv", path)
        self.is_list = isinstance(target, list | tuple)
        targets: Any = target if self.is_list else [] if target is None else [target]
        self.targets: list[str] = list(targets)
        if not all(isinstance(name, str) and name for name in self.targets):
            raise InputError(
                f"data.target must be a column name or a list of names, got {target!r}"
            )
        if len(set(self.targets)) < len(self.targets) or target == []:
            raise InputError(f"data.target must be one or more different columns, got {target}")

    def load(self) -> Points:
        names, rows = read_csv(self.path)
        names = names or [f"x{i + 1}" for i in range(len(rows[0]))]
        targets = self.targets
        for name in targets:
            if name not in names:
                raise unknown(f"column of {self.path}", name, names)
        features = [i for i, name in enumerate(names) if name not in targets]
        if not features:
            raise InputError(f"{self.path} has no column besides data.target={targets[0]}")
        x = numbers(self.path, names, rows, features).float()
        feature_names = [names[i] for i in features]
        if not targets:
            return Points(x, feature_names=feature_names)
        columns = [names.index(name) for name in targets]
        values = [row[columns[0]] for row in rows]
        parsed = [as_number(value) for value in values]
        if self.is_list or any(value is not None and not value.is_integer() for value in parsed):
            y = numbers(self.path, names, rows, columns).float()
            return Points(x, y, feature_names, target_names=targets)
        if "" in values:
            raise InputError(f"{self.path}, row {values.index('') + 1}: {targets[0]} is empty")
        if None not in parsed:  # 1, 1.0 and 01 are the same class
            values = [str(int(value)) for value in parsed if value is not None]
        classes = sorted(set(values), key=lambda value: (as_number(value) or 0, value))
        if len(classes) == 1:
            raise InputError(f"{self.path}: all rows have the same {targets[0]}, {classes[0]}")
        if None not in parsed and len(classes) > max(MAX_CLASSES, len(rows) / 2):
            raise InputError(
                f"{self.path}: {targets[0]} has {len(classes)} different whole numbers in "
                f"{len(rows)} rows, too many for classes; for regression use "
                + in_shell(f"data.target=[{for_hydra(targets[0])}]")
            )
        y = torch.tensor([classes.index(value) for value in values])
        return Points(x, y, feature_names, class_names=classes)


def read_csv(path: Path) -> tuple[list[str] | None, list[list[str]]]:
    """Read the column names, or None without a header line, and the cells of the other lines.

    The first line is a header if none of its cells is a number, or if one of them is not a number
    but the cell below it is. An InputError says what is wrong with the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read {path}: {reason}") from error
    separator = max(",;\t", key=text.lstrip().partition("\n")[0].count)
    lines = csv.reader(text.splitlines(), delimiter=separator)
    rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines]
    rows = [(line, row) for line, row in rows if any(row)]
    if not rows:
        raise InputError(f"{path} is empty")
    is_number = [[as_number(cell) is not None for cell in row] for _, row in rows[:2]]
    pairs = zip(is_number[0], is_number[-1], strict=False)
    header = None
    if not any(is_number[0]) or any(below and not first for first, below in pairs):
        header, rows = rows[0][1], rows[1:]
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    width = len(header or rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise InputError(
                f"{path}, line {line}: expected {counted(width, 'value')}, got {len(row)}"
            )
    if header is not None and len(set(header)) < width:
        raise InputError(f"{path} has two columns with the same name: {', '.join(header)}")
    return header, [row for _, row in rows]


def numbers(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]
) -> Tensor:
    """Convert columns of a file to float64 (rows, columns); InputError if a cell is no number."""
    values = []
    for (index, row), column in product(enumerate(rows, start=1), columns):
        value = as_number(row[column])
        if value is None:
            raise InputError(
                f"{path}, row {index}, column {names[column]}: {row[column]!r} is not a number"
            )
        values.append(value)
    return torch.tensor(values, dtype=torch.float64).reshape(len(rows), len(columns))


def as_number(text: str) -> float | None:
    """Parse a finite number; return None if the text is anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
