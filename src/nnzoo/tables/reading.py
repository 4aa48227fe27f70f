"""Tables read from files, as columns of text or of typed values."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nnzoo.errors import InputError, counted, message
from nnzoo.limits import check_file
from nnzoo.tables.columns import NAMELESS, is_missing, is_number, parse

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "vertical bar", ",": "comma", " ": "space"}
"""Separators that are recognized, in the order in which they are tried, and their names."""

SAMPLE = 50
"""Number of lines examined to find the separator."""

OPEN = "a quotation mark is opened and not closed"

Notes = list[str]


def read_frame(
    path: Path,
    separator: str | None = None,
    encoding: str | None = None,
    header: str = "infer",
) -> tuple[pd.DataFrame, Notes]:
    """Read the table in a file.

    Parquet, Feather, JSON lines and NPZ are recognized by suffix and have typed columns. The cells
    of Excel and of text files, compressed by gzip or not, are text. Blank lines, a first line
    ``sep=;`` and lines that start with ``#`` are left out.

    Args:
        path: the file.
        separator: one character, for text files; a space stands for any number of spaces; None:
            the one that splits all lines into equally many cells.
        encoding: for text files; None: UTF-8, or UTF-16 if there is a byte order mark.
        header: whether the first row has the names: row, none, or infer from the other rows.

    Returns:
        The table, and the reader's assumptions, one line each. A column without a name is called
        ``Unnamed: i``; the columns of a table without a header are called ``x1, x2, ...``.

    Raises:
        InputError: if the file cannot be read as a table.
    """
    suffix = Path(path.stem if path.suffix == ".gz" else path).suffix.lower()
    if not path.exists():
        raise InputError(f"there is no file {path}")
    check_file(path)
    try:
        notes: Notes = []
        if suffix in TYPED:
            frame = _read_with(path, TYPED[suffix])
            frame.columns = [str(name) for name in frame.columns]
        else:
            if suffix in (".xlsx", ".xls", ".ods"):
                rows = _excel(path)
            else:
                rows, notes = _text(path, separator, encoding)
            frame = _with_names(path, rows, header, notes)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"cannot read {path}: {reason}") from error
    except ImportError as error:
        raise InputError(
            f"reading {path} needs another package: pip install 'nnzoo[tables]'"
        ) from error
    if not len(frame):
        raise InputError(f"{path} has no rows")
    names = list(frame.columns)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path} has two columns with the same name: {', '.join(repeated)}")
    return frame, notes


def _json_lines(path: Path) -> pd.DataFrame:
    return pd.read_json(path, lines=True, dtype=False)


def _npz(path: Path) -> pd.DataFrame:
    with np.load(path, allow_pickle=False) as arrays:
        columns: dict[str, Any] = {}
        for name in arrays.files:
            values = arrays[name]
            if values.ndim == 1:
                columns[name] = values
            elif values.ndim == 2:
                columns |= {f"{name}{i + 1}": column for i, column in enumerate(values.T)}
            else:
                raise ValueError(f"the array {name} has the shape {values.shape}")
    return pd.DataFrame(columns)


def _read_with(path: Path, read: Callable[..., pd.DataFrame], **options: Any) -> pd.DataFrame:
    """Call a library's reader; raise an InputError if it cannot read the content."""
    try:
        return read(path, **options)
    except (OSError, ImportError):
        raise
    except Exception as error:  # the libraries raise many types of errors
        raise InputError(f"cannot read {path}: {message(error)}") from error


TYPED: dict[str, Callable[..., pd.DataFrame]] = {
    ".parquet": pd.read_parquet,
    ".feather": pd.read_feather,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".npz": _npz,
}
"""Readers of formats whose columns have types, by suffix."""


def _excel(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook; every cell becomes text."""
    cells = _read_with(path, pd.read_excel, header=None, dtype=object, keep_default_na=False)
    return cells.map(lambda cell: "" if is_missing(cell) else str(cell).strip())


def _text(path: Path, separator: str | None, encoding: str | None) -> tuple[pd.DataFrame, Notes]:
    """Read the rows of a text file, including its header; every cell is text."""
    if separator is not None and len(separator) != 1:
        raise InputError(f"data.separator must be one character, got {separator!r}")
    notes: Notes = []
    lines = _decoded(path, encoding).splitlines()
    sample = [line for line in lines if line.strip() and not line.startswith("#")][:SAMPLE]
    stated = re.fullmatch(r'"?sep=(.)"?[,;\t]*', sample[0].strip()) if sample else None
    if stated:
        sample = sample[1:]
        separator = separator or stated[1]
    if not sample:
        raise InputError(f"{path} is empty")
    if separator is None:
        separator = _separator(sample)
        if separator != ",":
            notes.append(f"the separator is {SEPARATORS[separator]}")
    comments = sum(line.startswith("#") for line in lines)
    if 2 * comments > len(lines):
        comments = 0  # most lines: # starts the values of the first column
    if comments:
        notes.append(f"lines that start with # are left out: {comments}")
    rows: list[list[str]] = []
    numbers: list[int] = []
    reader = _reader(lines, separator)
    try:
        for row in reader:
            if not any(map(str.strip, row)) or (comments and row[0].startswith("#")):
                continue
            if stated and not rows:
                stated = None
                continue
            rows.append([cell.strip() for cell in row])
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: {str(error).replace('unexpected end of data', OPEN)}"
        ) from error
    if not rows:
        raise InputError(f"{path} is empty")
    width = len(rows[-1])
    if len(rows) > 1 and len(rows[0]) == width - 1 and all(len(row) == width for row in rows[1:]):
        rows[0].insert(0, "")  # R writes no header above the row names
    width = len(rows[0])
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != width:
            raise InputError(
                f"{path}, line {number}: expected {counted(width, 'value')}, got {len(row)}, with "
                f"{SEPARATORS.get(separator, separator)} as the separator; data.separator=... sets "
                "another one"
            )
    return pd.DataFrame(rows, dtype=object), notes


def _reader(lines: list[str], separator: str) -> Any:
    """Return a CSV reader; a space as separator stands for any number of spaces."""
    if separator == " ":
        lines = [re.sub(r"\s+", " ", line.strip()) for line in lines]
    return csv.reader(
        (f"{line}\n" for line in lines), delimiter=separator, skipinitialspace=True, strict=True
    )


def _decoded(path: Path, encoding: str | None) -> str:
    """Return the text of a file, which may be compressed."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        content = file.read()
    if encoding is None:
        has_mark = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # the byte order mark of UTF-16
        encoding = "utf-16" if has_mark else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise InputError(f"data.encoding={encoding} is unknown; try utf-8 or cp1252") from error
    except UnicodeError as error:
        raise InputError(
            f"{path} is not {encoding.removesuffix('-sig').upper()} text; name its encoding, such "
            "as data.encoding=cp1252"
        ) from error
    if "\0" in text:
        raise InputError(
            f"{path} is not text, or is UTF-16 without a byte order mark: data.encoding=utf-16-le"
        )
    return text


def _separator(lines: list[str]) -> str:
    """Return the separator that splits all lines into the same number of cells.

    The first line may have one cell less, as R writes a header. If no separator does this, return
    the one that occurs most often in the first line.
    """
    for separator in SEPARATORS:
        try:
            widths = [len(row) for row in _reader(lines, separator)]
        except csv.Error:
            continue
        body = set(widths[1:]) or set(widths)
        if len(body) == 1 and max(body) > 1 and max(body) - widths[0] in (0, 1):
            return separator
    return max(SEPARATORS, key=lambda separator: (lines[0].count(separator), separator == ","))


def _with_names(path: Path, rows: pd.DataFrame, header: str, notes: Notes) -> pd.DataFrame:
    """Return rows as a table whose columns have names."""
    has_names = header == "row" or (header == "infer" and _has_header(path, rows, notes))
    if has_names:
        names = [" ".join(str(name).split()) for name in rows.iloc[0]]
        columns = [name or f"{NAMELESS}{i}" for i, name in enumerate(names)]
        rows = rows.iloc[1:].reset_index(drop=True)
        if not len(rows):
            raise InputError(f"{path} has a header but no rows")
    else:
        columns = [f"x{i + 1}" for i in range(rows.shape[1])]
        notes.append("the table has no header: the columns are called x1, x2, ...")
    return rows.set_axis(columns, axis=1)


def _has_header(path: Path, rows: pd.DataFrame, notes: Notes) -> bool:
    """Return whether the first row holds names.

    It does if it has text above a column of numbers, or no numbers at all. Numbers are names if
    they count from 0 or are years in ascending order. If all numbers below are whole too, the first
    row may be a point: an InputError.
    """
    first = [str(cell) for cell in rows.iloc[0]]
    if len(rows) == 1:
        return not any(map(is_number, first))
    rest = [parse(rows[column].iloc[1:]).kind == "number" for column in rows]
    pairs = list(zip(first, rest, strict=True))
    if any(below and not is_number(cell) and not is_missing(cell) for cell, below in pairs):
        return True
    if not any(map(is_number, first)):
        return not any(map(is_missing, first))
    above = [cell for cell, below in pairs if below]
    if not above:
        return False
    years = [int(cell) for cell in above if re.fullmatch(r"1[5-9]\d\d|20\d\d", cell)]
    counts_up = first == [str(i) for i in range(len(first))]
    ascending_years = len(years) == len(above) > 1 and years == sorted(set(years))
    if not counts_up and not ascending_years:
        return False
    numbers = pd.concat(
        [rows[column].iloc[1:] for column, below in zip(rows, rest, strict=True) if below]
    )
    if numbers.str.fullmatch(r"\d+").all():
        raise InputError(
            f"{path}: the first row, {', '.join(first[:6])}, may be names or a point; set "
            "data.header=row or data.header=none"
        )
    notes.append(
        f"the first row, {', '.join(first[:6])}, is read as names (data.header=none: as a point)"
    )
    return True
