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

MOST_CLASSES = 20
"""More whole numbers than this, and than half the rows, are no classes."""


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
        if not isinstance(path, str):
            raise InputError(
                f"data.path must name a file, data=csv data.path=FILE.csv; it is {path!r}"
            )
        self.path = Path(path)
        self.several = isinstance(target, list | tuple)
        targets: Any = target if self.several else [] if target is None else [target]
        self.targets: list[str] = list(targets)
        if not all(isinstance(name, str) and name for name in self.targets):
            raise InputError(
                f"data.target must be a column's name or a list of them, not {target!r}"
            )
        if len(set(self.targets)) < len(self.targets) or target == []:
            raise InputError(f"data.target must name different columns, at least one, got {target}")

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
        if self.several or not _are_classes(values):
            y = numbers(self.path, names, rows, columns).float()
            return Points(x, y, feature_names, target_names=targets)
        if "" in values:
            raise InputError(f"{self.path}, row {values.index('') + 1}: {targets[0]} is empty")
        found = [as_number(value) for value in values]
        if None not in found:  # 1, 1.0 and 01 are one class
            values = [str(int(value)) for value in found if value is not None]
        classes = sorted(set(values), key=lambda value: (as_number(value) or 0, value))
        if len(classes) == 1:
            raise InputError(f"{self.path}: all rows have the same {targets[0]}, {classes[0]}")
        if None not in found and len(classes) > max(MOST_CLASSES, len(rows) / 2):
            raise InputError(
                f"{self.path}: {targets[0]} has {len(classes)} different whole numbers in "
                f"{len(rows)} rows, too many for classes; data.target=[{targets[0]}] learns numbers"
            )
        y = torch.tensor([classes.index(value) for value in values])
        return Points(x, y, feature_names, class_names=classes)


def read_csv(path: Path) -> tuple[list[str] | None, list[list[str]]]:
    """The column names, or None where there are none, and the cells of the other lines.

    The first line holds names if none of its cells is a number, or one is not where the second
    line's is.

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
    first_two = [[as_number(cell) for cell in row] for _, row in rows[:2]]
    named = bool(rows) and (
        not any(value is not None for value in first_two[0])
        or any(
            a is None and b is not None for a, b in zip(first_two[0], first_two[-1], strict=False)
        )
    )
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
            value = as_number(row[column])
            if value is None:
                raise InputError(
                    f"{path}, row {index}, column {names[column]}: {row[column]!r} is no number"
                )
            values.append(value)
    return torch.tensor(values, dtype=torch.float64).reshape(len(rows), len(columns))


def as_number(text: str) -> float | None:
    """The finite number that a text is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _are_classes(values: Sequence[str]) -> bool:
    """Whether cells are text or whole numbers, and none has decimals."""
    found = [as_number(value) for value in values]
    return all(value is None or value.is_integer() for value in found)
