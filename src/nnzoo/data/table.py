"""Data from a table: a file of any common format, or a DataFrame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError, check_choice, counted, unknown
from nnzoo.limits import check_path

if TYPE_CHECKING:
    import pandas as pd

    from nnzoo.tables.columns import Column

MAX_CLASSES = 20
"""A target with more distinct values than this needs ``MIN_ROWS`` rows per value."""

MIN_ROWS = 10

VAL_FRACTION, MIN_SPLIT = 0.2, 10
"""Default share of the rows for validation, and minimum number of rows for a split."""

SHOWN = 3
"""Number of rows that a message shows."""

HEADERS = ("infer", "none", "row")
MISSING = ("error", "drop", "mean", "most_frequent")


class Table(DataModule):
    """A table, one point per row, with or without a header.

    Features are numbers, booleans (0 and 1), or text with few distinct values, which is one-hot
    encoded. A target column of text or whole numbers contains classes, in sorted order; one with
    decimals is a regression target. A list of target columns contains regression targets, even if
    they are whole numbers.

    Args:
        path: CSV, TSV or other text with separators, also compressed by gzip; Parquet, Feather,
            Excel, JSON lines or NPZ.
        target: the target column, or a list of target columns; None: unlabeled data. Without a
            header the columns are x1, x2, ...
        features: the columns to learn from; None: all but the targets.
        drop: columns to leave out.
        missing: what to do with rows that lack a value: ``error``; ``drop`` them; or fill features
            in with the ``mean`` (text: the most frequent value) or the ``most_frequent`` value of
            the training part, and drop rows that lack a target.
        separator: one character; None: inferred.
        decimal: decimal mark; None: a point, or a comma in columns where it can mean nothing else.
        encoding: encoding of text files; None: UTF-8, or UTF-16 if there is a byte order mark.
        header: whether the first row holds names: ``row``, ``none``, or ``infer`` it.
        frame: a DataFrame instead of a file.
        val_fraction: share of the rows for validation; None: a fifth, or 0 for fewer than 10 rows.
        scale, target_scale, options: see ``DataModule``.
    """

    def __init__(
        self,
        path: str | None = None,
        target: str | Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        drop: Sequence[str] = (),
        missing: str = "error",
        separator: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: str = "infer",
        frame: "pd.DataFrame | None" = None,
        val_fraction: float | None = None,
        scale: str = "standard",
        target_scale: str = "standard",
        **options: Any,
    ) -> None:
        self.chooses_val = val_fraction is None
        options |= {"val_fraction": 0.0 if val_fraction is None else val_fraction}
        super().__init__(scale=scale, target_scale=target_scale, **options)
        self.path = check_path("table", path) if frame is None else None
        self.frame = frame
        self.is_list = isinstance(target, list | tuple)
        self.targets = as_names("target", [target] if isinstance(target, str) else target)
        if self.is_list and not self.targets:
            raise InputError("data.target must be one or more columns, got an empty list")
        self.features = None if features is None else as_names("features", features)
        self.drop = as_names("drop", drop)
        self.missing = check_choice("data.missing", missing, MISSING)
        if decimal not in (None, ".", ","):
            raise InputError(f"data.decimal must be '.' or ',', got {decimal!r}")
        self.decimal = decimal
        self.missing_hint = (
            "data.missing=drop leaves such rows out, data.missing=mean fills features in"
        )
        self._unused: list[str] = []
        self.like: list[str] | None = None  # feature names of a trained model
        self.text_options: dict[str, Any] = {
            "separator": separator,
            "encoding": encoding,
            "header": check_choice("data.header", header, HEADERS),
        }

    @property
    def target_columns(self) -> list[str]:
        return self.targets

    @property
    def unused_columns(self) -> list[str]:
        _ = self.points  # it is known when the table is read
        return self._unused

    @property
    def where(self) -> str:
        """Name of the table in messages."""
        return "the table" if self.path is None else str(self.path)

    def load(self) -> Points:
        from nnzoo.tables.encoding import check_range, encode_like, parse_columns
        from nnzoo.tables.reading import read_frame

        notes: list[str] = []
        if self.frame is None:
            assert self.path is not None
            frame, notes = read_frame(self.path, **self.text_options)
        else:
            frame = self.frame.set_axis([str(name) for name in self.frame.columns], axis=1)
        parsed = parse_columns(frame, self.where, self.decimal, notes, self.drop)
        if empty := [
            n for n in (*self.targets, *(self.features or ())) if n in {*frame} - {*parsed}
        ]:
            raise InputError(f"{self.where}: {empty[0]} has no value in any row")
        columns = self._chosen(parsed)
        for name, column in columns.items():
            check_range(name, column, self.where)
        columns = self._complete(columns, notes)
        n = len(next(iter(columns.values())).values)
        if self.chooses_val and n >= MIN_SPLIT:
            self.val_fraction = VAL_FRACTION
        targets = {name: columns.pop(name) for name in self.targets}
        y, class_names = self._target(targets, notes)
        if self.like is not None and not any(c.missing.any() for c in columns.values()):
            names, x = self.like, encode_like(columns, self.like, self.where)
        else:
            names, x = self._features(columns, y, notes)
            if self.like is not None:
                if sorted(names) != sorted(self.like):
                    raise InputError(f"{self.where} has other features than the model")
                names, x = self.like, x[:, [names.index(name) for name in self.like]]
        self.notes = notes
        return Points(
            torch.from_numpy(x),
            y,
            feature_names=names,
            class_names=class_names,
            target_names=self.targets if not class_names else (),
        )

    def _chosen(self, columns: "dict[str, Column]") -> "dict[str, Column]":
        """Return only the columns of the features and targets."""
        for name in [*self.targets, *(self.features or ()), *self.drop]:
            if name not in columns:
                raise unknown(f"column of {self.where}", name, columns)
        wanted = self.features or [name for name in columns if name not in self.targets]
        features = [name for name in wanted if name not in self.drop]
        if not features:
            but = f" besides the target {', '.join(self.targets)}" if self.targets else ""
            raise InputError(f"{self.where} has no column to learn from{but}")
        used = [*features, *self.targets]
        self._unused = [name for name in columns if name not in used]
        return {name: columns[name] for name in used}

    def _complete(self, columns: "dict[str, Column]", notes: list[str]) -> "dict[str, Column]":
        """Return the columns without the rows that lack a value and are not to be filled in."""
        holes = {name: column for name, column in columns.items() if column.missing.any()}
        if self.missing == "error" and holes:
            name, column = next(iter(holes.items()))
            rows = np.flatnonzero(column.missing) + 1
            first = ", ".join(map(str, rows[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")
            also = f", and {counted(len(holes) - 1, 'more column')}" if len(holes) > 1 else ""
            raise InputError(
                f"{self.where}: {name} has no value in {len(rows)} of {len(column.missing)} rows "
                f"(row {first}){also}; {self.missing_hint}"
            )
        needed = holes if self.missing == "drop" else [n for n in holes if n in self.targets]
        if not needed:
            return columns
        lacking = np.logical_or.reduce([holes[name].missing for name in needed])
        if lacking.all():
            raise InputError(f"{self.where}: every row lacks a value ({', '.join(needed)})")
        left_out = int(lacking.sum())
        are = "is" if left_out == 1 else "are"
        notes.append(
            f"{counted(left_out, 'row')} without a value {are} left out ({', '.join(needed)})"
        )
        kept = ~lacking
        return {name: column.rows(kept) for name, column in columns.items()}

    def _features(
        self, columns: "dict[str, Column]", y: Tensor | None, notes: list[str]
    ) -> tuple[list[str], NDArray[np.float64]]:
        """Return feature names and values (rows, features), with missing values filled in."""
        from nnzoo.tables.encoding import encode

        features: list[str] = []
        blocks, texts = [], []
        for name, column in columns.items():
            names, values = encode(name, column, self.where)
            if names != [name]:
                texts.append(f"{name} ({len(names)} values)")
            if column.missing.any():  # to be filled in: rows to be dropped are gone by now
                values = values.copy()
                train, *_ = self.split(len(values), y)
                _fill(name, column.kind, values, train, self.missing)
            features += names
            blocks.append(values)
        if texts:
            notes.append(f"text is one-hot encoded: {', '.join(texts)}")
        return features, np.hstack(blocks)

    def _target(self, targets: "dict[str, Column]", notes: list[str]) -> tuple[Any, list[str]]:
        """Return the targets, and the class names, which are empty for regression targets."""
        from nnzoo.tables.encoding import check_spelling, labels, not_a_number

        if not targets:
            return None, []
        name, column = next(iter(targets.items()))
        has_decimals = column.kind == "number" and not (column.values % 1 == 0).all()
        if self.is_list or has_decimals:
            for name, column in targets.items():
                if column.kind not in ("number", "bool"):
                    check_spelling(name, column, self.where, "correct it")
                    raise not_a_number(name, column, self.where)
            return torch.from_numpy(np.stack([c.values for c in targets.values()], axis=1)), []
        if column.kind == "text":
            check_spelling(name, column, self.where, "correct it")
        names = labels(column, f"{self.where}: {name}")
        classes = sorted(set(names), key=int if column.kind == "number" else str)
        self._check_classes(name, column, classes, notes)
        index = {label: i for i, label in enumerate(classes)}
        return torch.tensor([index[label] for label in names]), classes

    def _check_classes(
        self, name: str, column: "Column", classes: list[str], notes: list[str]
    ) -> None:
        rows = len(column.values)
        if len(classes) <= MAX_CLASSES:
            return
        what = f"{name} has {len(classes)} different values in {rows} rows"
        as_numbers = f"'data.target=[{name}]' makes it a regression target"
        if len(classes) * MIN_ROWS > rows:
            instead = as_numbers if column.kind == "number" else "choose another target"
            raise InputError(f"{self.where}: {what}, too many for classes; {instead}")
        if column.kind == "number":
            notes.append(f"{what}, which are taken as classes; {as_numbers}")


def as_names(option: str, given: Any) -> list[str]:
    """Return the column names of an option as a list."""
    given = [] if given is None else given
    names = list(given) if isinstance(given, list | tuple) else [given]
    if not all(isinstance(name, str) and name for name in names):
        raise InputError(f"data.{option} must be a column name or a list of names, got {given!r}")
    if len(set(names)) < len(names):
        raise InputError(f"data.{option} repeats a column: {', '.join(names)}")
    return names


def _fill(name: str, kind: str, values: NDArray[np.float64], train: Tensor, how: str) -> None:
    """Fill in the missing values of a column's features, in place, from the training part."""
    holes = np.isnan(values[:, 0])
    known = values[train.numpy()]
    known = known[~np.isnan(known[:, 0])]
    if not len(known):
        raise InputError(f"{name} has no value in the training part; data.drop=[{name}] drops it")
    if how == "mean" and kind != "text":
        values[holes] = known.mean(0)
    else:
        distinct, counts = np.unique(known, axis=0, return_counts=True)
        values[holes] = distinct[counts.argmax()]
