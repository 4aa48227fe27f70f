"""Numeric features from the columns of a table."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnzoo.errors import InputError, listed, unknown
from nnzoo.tables.columns import DECIMAL_COMMA, LOCAL, NAMELESS, Column, parse

MAX_VALUES = 20
"""Text with more distinct values than this is not encoded."""

FLOAT32_MAX = float(np.finfo(np.float32).max)

WHOLE_LIMIT = 2.0**53
"""From here on, float64 cannot represent every whole number."""

SHOWN = 3
"""Number of values that a message shows."""


def parse_columns(
    frame: pd.DataFrame,
    where: str,
    decimal: str | None,
    notes: list[str],
    dropped: Sequence[str] = (),
) -> dict[str, Column]:
    """Parse the columns of a table, by name; leave out empty ones and unnamed row numbers.

    Args:
        frame: the table.
        where: source of the table, for messages.
        decimal: decimal mark of numbers in text; None: a point, or a comma in columns where a
            comma can mean nothing else.
        notes: gets a line for each assumption.
        dropped: names of columns that will be left out.

    Raises:
        InputError: if a comma may be a decimal mark or a thousands separator.
    """
    columns = {}
    commas = []
    for position, name in enumerate(frame.columns):
        column = parse(frame[name], decimal or ".")
        if column.kind == "empty":
            notes.append(f"the column {_shown(name)} is empty: it is left out")
            continue
        if column.kind == "text" and decimal is None and _has_decimal_commas(column, where, name):
            column = parse(frame[name], ",")
            commas.append(name)
        counts = column.kind == "number" and position == 0 and _counts_up(column.values)
        if counts and (name == "" or name.startswith(NAMELESS)):
            notes.append("the first column has no name and counts the rows: it is left out")
            continue
        if counts and len(frame.columns) > 1 and name not in dropped:
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
            f"{where}, column {name}: the comma in {comma[0]} may be a decimal mark or a thousands "
            "separator; data.decimal=',' means a decimal mark, otherwise leave the comma out"
        )
    return True


def encode(name: str, column: Column, where: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return the features of a column: one, or for text an indicator of each distinct value.

    Returns:
        The names of the features, ``name`` or ``name=value``, and their values (rows, features),
        NaN where a value is missing.

    Raises:
        InputError: if the column cannot be a feature; the message names the option to drop it.
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
    """Return the InputError for the first cell of a column that is not a number."""
    cell = column.values[column.stray]
    row = column.stray + 1
    return InputError(f"{where}, row {row}, column {name}: {cell!r} is not a number{then}")


def check_spelling(name: str, column: Column, where: str, otherwise: str) -> None:
    """Raise an InputError if text looks like numbers in a notation that cannot be parsed."""
    present = column.values[~column.missing]
    if column.almost:
        raise not_a_number(name, column, where, f"; {otherwise}")
    local = [cell for cell in present if re.fullmatch(LOCAL, cell)]
    if len(local) == len(present) and not all(cell.isdigit() for cell in local):
        raise InputError(
            f"{where}: {name} looks like numbers, but {local[0]!r} is not a plain one; write it "
            "without thousands separators, % and currency (data.decimal=',' reads a decimal "
            f"comma); {otherwise}"
        )


def check_range(name: str, column: Column, where: str) -> None:
    """Raise an InputError if a number is infinite or too large for float32."""
    if column.kind != "number":
        return
    wrong = np.abs(column.values) > FLOAT32_MAX
    if wrong.any():
        row = int(wrong.argmax())
        value = column.values[row] if column.cells is None else column.cells[row]
        raise InputError(f"{where}, row {row + 1}, column {name}: {value} is too large for float32")


def encode_like(
    columns: dict[str, Column], names: Sequence[str], where: str
) -> NDArray[np.float64]:
    """Return a trained model's features from the columns of a table, (rows, features).

    Args:
        columns: columns by name, in any order.
        names: names of the features, as ``encode`` returns them.
        where: source of the table, for messages.

    Raises:
        InputError: if a column is unknown, missing or of the wrong kind, or lacks a value.
    """
    texts = {name.rpartition("=")[0] for name in names if name not in columns} & columns.keys()
    found: dict[str, NDArray[np.float64]] = {}
    if names and columns and not texts and not columns.keys() & set(names):
        raise InputError(
            f"{where} has none of the features {listed(names)}; its columns are "
            f"{listed(list(columns))}"
        )
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
    """Return each row's label: the text of its cell, or a whole number without decimal point.

    Raises:
        InputError: if whole numbers are too large for float64 to represent all of them.
    """
    if column.cells is not None and column.kind != "number":
        return [str(cell) for cell in column.cells]
    if column.kind == "bool":
        return ["True" if value else "False" for value in column.values]
    if np.abs(column.values).max() >= WHOLE_LIMIT:
        raise InputError(f"{where} has whole numbers that are too large to be told apart")
    return [str(int(value)) for value in column.values]
