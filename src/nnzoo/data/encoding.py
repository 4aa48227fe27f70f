"""Features of numbers from the columns of a table."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnzoo.data.columns import DECIMAL_COMMA, LOCAL, Column, parse
from nnzoo.errors import InputError, unknown

MAX_VALUES = 20
"""Text with more different values than this is no feature."""

FLOAT32_MAX = float(np.finfo(np.float32).max)

WHOLE_LIMIT = 2.0**53
"""From here on neighbouring whole numbers are equal in float64."""

NAMELESS = "Unnamed: "
"""How pandas and the reader begin the name of a column that has none."""

SHOWN = 3
"""Rows and values that a message shows."""


def parse_columns(
    frame: pd.DataFrame, where: str, decimal: str | None, notes: list[str]
) -> dict[str, Column]:
    """Return the columns of a table by name, without empty ones and nameless row numbers.

    Args:
        frame: the table.
        where: it comes from, for messages.
        decimal: the mark of numbers that are text; None: a comma in columns where it can be
            nothing else.
        notes: to which a line is added for each assumption.

    Raises:
        InputError: if a comma may be a decimal mark or separate thousands.
    """
    columns = {}
    commas = []
    for position, name in enumerate(frame.columns):
        column = parse(frame[name], decimal or ".")
        if column.kind == "empty":
            notes.append(f"the column {_shown(name)} is empty and left out")
            continue
        if column.kind == "text" and decimal is None and _has_decimal_commas(column, where, name):
            column = parse(frame[name], ",")
            commas.append(name)
        counts = column.kind == "number" and position == 0 and _counts_up(column.values)
        if counts and (name == "" or name.startswith(NAMELESS)):
            notes.append("the first column has no name and counts the rows: it is left out")
            continue
        if counts and len(frame.columns) > 1:
            notes.append(f"the column {name} counts the rows; data.drop=[{name}] leaves it out")
        columns[name] = column
    if commas:
        notes.append(f"{', '.join(commas)}: numbers with decimal commas")
    return columns


def _shown(name: str) -> str:
    return f"{name.removeprefix(NAMELESS)} (no name)" if name.startswith(NAMELESS) else name


def _counts_up(values: NDArray[np.float64]) -> bool:
    return len(values) > 2 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _has_decimal_commas(column: Column, where: str, name: str) -> bool:
    cells = [
        cell for cell, missing in zip(column.values, column.missing, strict=True) if not missing
    ]
    if not all(re.fullmatch(DECIMAL_COMMA, cell) for cell in cells):
        return False
    comma = [cell for cell in cells if "," in cell]
    if not comma:  # whole numbers with leading zeros
        return False
    if all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in comma):
        raise InputError(
            f"{where}, column {name}: {comma[0]} may have a decimal comma or a mark of thousands; "
            "data.decimal=',' means the former, otherwise write it without the comma"
        )
    return True


def encode(name: str, column: Column, where: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return the features of a column: one, or one for each value of text.

    Returns:
        The names of the features, ``name`` or ``name=value``, and (rows, features), NaN where a
        value is missing.

    Raises:
        InputError: if the column is not suitable, naming the option that leaves it out.
    """
    if column.kind in ("number", "bool"):
        return [name], column.values[:, None]
    present = column.values[~column.missing]
    values = sorted(set(present))
    drop = f"data.drop=[{name}] leaves it out"
    if column.kind == "date":
        raise InputError(f"{where}: {name} holds dates such as {values[0]}, not numbers; {drop}")
    check_spelling(name, column, where, drop)
    if len(values) > MAX_VALUES:
        raise InputError(
            f"{where}: {name} is text with {len(values)} different values "
            f"({', '.join(values[:SHOWN])}, ...), too many for features; {drop}"
        )
    indicators = (column.values[:, None] == np.array(values, dtype=object)).astype(np.float64)
    indicators[column.missing] = np.nan
    return [f"{name}={value}" for value in values], indicators


def not_a_number(name: str, column: Column, where: str, then: str = "") -> InputError:
    """An InputError that names the first cell of a column that is no number."""
    cell = column.values[column.stray]
    row = column.stray + 1
    return InputError(f"{where}, row {row}, column {name}: {cell!r} is not a number{then}")


def check_spelling(name: str, column: Column, where: str, otherwise: str) -> None:
    """Raise an InputError if text looks like numbers in a spelling that is not read."""
    present = column.values[~column.missing]
    if column.almost:
        raise not_a_number(name, column, where, f"; {otherwise}")
    local = [cell for cell in present if re.fullmatch(LOCAL, cell)]
    plain_digits = all(cell.isdigit() for cell in local)
    if len(local) == len(present) and not plain_digits:
        raise InputError(
            f"{where}: {name} looks like numbers and {local[0]!r} is not a plain one; write it "
            f"without marks of thousands, % and currency (data.decimal=',' reads a decimal comma); "
            f"{otherwise}"
        )


def check_range(name: str, column: Column, where: str) -> None:
    """Raise an InputError if a number is infinite or too large for float32."""
    if column.kind != "number":
        return
    wrong = np.abs(column.values) > FLOAT32_MAX
    if wrong.any():
        row = int(wrong.argmax())
        value = column.values[row] if column.cells is None else column.cells[row]
        raise InputError(
            f"{where}, row {row + 1}, column {name}: {value} is too large a number for float32"
        )


def encode_like(
    columns: dict[str, Column], names: Sequence[str], where: str
) -> NDArray[np.float64]:
    """Return the features of a trained model from the columns of a table, (rows, features).

    Args:
        columns: in any order.
        names: of the features, as ``encode`` returns them.
        where: the table comes from, for messages.

    Raises:
        InputError: if a column is unknown, missing, or not suitable, or a value is missing.
    """
    texts = {name.rpartition("=")[0] for name in names if name not in columns} & columns.keys()
    found: dict[str, NDArray[np.float64]] = {}
    for name, column in columns.items():
        if name not in names and name not in texts:
            raise InputError(f"{where}: {unknown('feature', name, names)}; leave it out")
        if column.missing.any():
            row = int(column.missing.argmax()) + 1
            raise InputError(f"{where}, row {row}: {name} has no value")
        if name in texts:
            own = [feature for feature in names if feature.rpartition("=")[0] == name]
            found |= _encode_text(name, column, own, where)
        elif column.kind in ("number", "bool"):
            check_range(name, column, where)
            found[name] = column.values
        else:
            check_spelling(name, column, where, "correct it")
            raise not_a_number(name, column, where)
    missing = [name for name in names if name not in found]
    if missing:
        kind = "feature" if len(missing) == 1 else "features"
        raise InputError(f"{where} does not have the {kind} {', '.join(missing)}")
    return np.stack([found[name] for name in names], axis=1)


def _encode_text(
    name: str, column: Column, features: Sequence[str], where: str
) -> dict[str, NDArray[np.float64]]:
    """Return the features ``name=value`` of a column, each (rows,)."""
    text = np.array(labels(column, f"{where}: {name}"), dtype=object)
    known = [feature.rpartition("=")[2] for feature in features]
    other = ~np.isin(text.astype(str), known)
    if other.any():
        row = int(other.argmax())
        raise InputError(
            f"{where}, row {row + 1}, column {name}: the model does not know the value "
            f"{text[row]!r}; known: {', '.join(known)}"
        )
    return {f: (text == value).astype(np.float64) for f, value in zip(features, known, strict=True)}


def labels(column: Column, where: str) -> list[str]:
    """Return the text of each row's cell; whole numbers without a decimal point.

    Raises:
        InputError: if whole numbers are too large to be kept apart.
    """
    if column.cells is not None and column.kind != "number":
        return [str(cell) for cell in column.cells]
    if column.kind == "bool":
        return ["True" if value else "False" for value in column.values]
    if np.abs(column.values).max() >= WHOLE_LIMIT:
        raise InputError(f"{where} holds whole numbers that are too large to be kept apart")
    return [str(int(value)) for value in column.values]
