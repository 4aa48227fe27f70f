"""Columns of tables: numbers, booleans, dates or text, and where values are missing."""

import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUMBER = r"[+-]?(?:0|[1-9]\d*|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d+)?"
"""A plain number; a cell with leading zeros or underscores is text."""

LOCAL = r"[+-]?\d[\d.,'\u00a0 ]*%?|[+-]?[\d.,]+\s*%|[$€£]\s?[\d.,]+"
"""A number in local notation: decimal comma, thousands separators, percent, currency."""

DECIMAL_COMMA = r"[+-]?\d+(?:,\d*)?(?:[eE][+-]?\d+)?"

DATE = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"

INFINITE = r"[+-]?(?i:inf|infinity)"

MISSING = frozenset(
    ["", "?", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN"]
).union(["NULL", "Null", "null", "NaT", "#VALUE!", "#DIV/0!"])
"""Spellings of a missing value."""

MISSING_AMONG_NUMBERS = MISSING | {"None", "none", "-", "--", ".", "..", "*", "missing", "unknown"}
"""Spellings of a missing value where all other cells are numbers."""

NAMELESS = "Unnamed: "
"""Prefix of the name that pandas and ``read_frame`` give to a column without one."""

TRUTH = {"True": 1.0, "False": 0.0, "true": 1.0, "false": 0.0, "TRUE": 1.0, "FALSE": 0.0}


class Column(NamedTuple):
    """The values of a column.

    Attributes:
        kind: number, bool, date, text or empty.
        values: float64, NaN where missing, for number and bool; otherwise text.
        missing: whether each row lacks a value.
        cells: the text of each row; None for typed numbers and booleans.
        stray: for text, the index of the first row that is not a number.
        almost: for text, whether the other cells look like errors in a column of numbers: most
            cells are numbers, some with a decimal point, or all others are infinite.
    """

    kind: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    cells: NDArray[np.object_] | None = None
    stray: int = 0
    almost: bool = False

    def rows(self, chosen: NDArray[np.bool_]) -> "Column":
        """Return the column with only the chosen rows."""
        cells = None if self.cells is None else self.cells[chosen]
        return self._replace(values=self.values[chosen], missing=self.missing[chosen], cells=cells)


def is_missing(cell: Any) -> bool:
    """Return whether a cell holds no value."""
    return cell in MISSING if isinstance(cell, str) else bool(pd.isna(cell))


def is_number(cell: str) -> bool:
    """Return whether a cell is a plain number."""
    return re.fullmatch(NUMBER, cell) is not None


def parse(series: "pd.Series[Any]", decimal: str = ".") -> Column:
    """Parse a column of text or of typed values.

    Args:
        series: text, numbers, booleans, dates or a mixture of these.
        decimal: the decimal mark of numbers that are text, ``.`` or ``,``.
    """
    kind = series.dtype.kind if isinstance(series.dtype, np.dtype) else ""
    if kind == "M" or isinstance(series.dtype, pd.DatetimeTZDtype):
        missing = series.isna().to_numpy()
        cells = series.astype(str).to_numpy(dtype=object)
        return Column("date", cells, missing, cells)
    is_typed = not isinstance(series.dtype, pd.CategoricalDtype)
    if is_typed and pd.api.types.is_bool_dtype(series.dtype):
        return _numeric("bool", series.to_numpy(dtype=np.float64, na_value=np.nan))
    if is_typed and pd.api.types.is_numeric_dtype(series.dtype) and kind != "c":
        return _numeric("number", series.to_numpy(dtype=np.float64, na_value=np.nan))
    text = series.astype(object).where(series.notna().to_numpy(dtype=bool), "").map(_text_of)
    return _parse_text(text, decimal)


def _text_of(cell: Any) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return cell if isinstance(cell, str) else str(cell)


def _numeric(kind: str, values: NDArray[np.float64]) -> Column:
    missing = np.isnan(values)
    return Column("empty" if missing.all() else kind, values, missing)


def _parse_text(text: "pd.Series[Any]", decimal: str) -> Column:
    cells = text.to_numpy(dtype=object)
    missing = text.isin(MISSING).to_numpy()
    if missing.all():
        return Column("empty", np.full(len(cells), np.nan), missing)
    present = text[~missing]
    if present.isin(TRUTH.keys()).all():
        return Column("bool", text.map(TRUTH).to_numpy(dtype=np.float64), missing, cells)
    if present.str.fullmatch(DATE).all():
        return Column("date", cells, missing, cells)
    placeholder = text.isin(MISSING_AMONG_NUMBERS).to_numpy()
    plain = text.str.fullmatch(NUMBER if decimal == "." else DECIMAL_COMMA).to_numpy(dtype=bool)
    if (plain | placeholder).all() and plain.any():
        numbers = text.where(plain, "nan")
        if decimal == ",":
            numbers = numbers.str.replace(",", ".", regex=False)
        return Column("number", numbers.to_numpy(dtype=np.float64), placeholder, cells)
    stray = np.flatnonzero(~plain & ~placeholder)
    if text.iloc[stray].str.fullmatch(INFINITE).all():
        return Column("text", cells, missing, cells, int(stray[0]), almost=True)
    almost = plain.sum() > len(stray) and text[plain].str.contains(".", regex=False).any()
    return Column("text", cells, missing, cells, int(stray[0]), bool(almost))
