"""Data from objects in memory: DataFrames, mappings of columns, arrays, tensors and lists."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nnzoo.data.base import DataModule
from nnzoo.data.sequences import Sequences
from nnzoo.data.table import MIN_SPLIT, VAL_FRACTION, Table
from nnzoo.errors import InputError
from nnzoo.tables.frames import array_of, frame_of, is_frame


def table_of(x: Any, y: Any, options: Mapping[str, Any]) -> DataModule:
    """Return a Table of points in memory or in a file; Sequences of arrays of three dimensions.

    Args:
        x: a DataFrame of pandas or polars, or a mapping of columns; an array, tensor or lists
            (points, features), or (points,) for a single feature; sequences, see ``Sequences``; a
            pair (x, y) or the same as ``{"x": x, "y": y}``; or the path of a file.
        y: the name of the target column, or a list of names; or the targets: classes if they are a
            single column of text or of only 0 and 1, or (points,) whole numbers; labels if they are
            (points, labels) of only 0 and 1; otherwise regression targets; None: no targets.
        options: arguments of ``nnzoo.data.Table``.

    Raises:
        InputError: if x is not a table, or y has another number of points or another order.
    """
    if isinstance(x, Path):
        return Table(str(x), y, **options)
    dims = len(getattr(x[0], "shape", ())) if isinstance(x, tuple | list) and len(x) == 2 else 0
    is_pair = dims in (2, 3)
    if isinstance(x, Mapping) and x.keys() == {"x", "y"} and depth(x["x"]) in (2, 3):
        is_pair, x = True, (x["x"], x["y"])
    if is_pair and isinstance(x, list):  # or two sequences
        is_unequal = len(x[0]) != len(x[1]) and x[0].shape[1:] == x[1].shape[1:]
        is_pair = y is None and not is_unequal
    if is_pair:
        if y is not None:
            raise InputError("the data are a pair (x, y), and y is given again; leave one out")
        x, y = x
    if is_nested(x):
        if y is not None and depth_of_first(y) == 1:
            raise InputError(
                "y must have a target for each step, (sequences, time) or (sequences, time, "
                "targets); one label for a whole sequence is not supported"
            )
        given = {"scale": "standard", "target_scale": "standard", **options}
        if given.get("val_fraction") is None:
            given["val_fraction"] = VAL_FRACTION if len(x) >= MIN_SPLIT else 0.0
        return Sequences(x, y, **given)
    frame = frame_of(x)
    if isinstance(y, int) and is_frame(x):  # pandas also names columns by integers
        y = str(y)
    is_name = isinstance(y, str) and y in frame.columns
    is_names = isinstance(y, list) and all(isinstance(n, str) and n in frame.columns for n in y)
    if y is None or is_name or is_names:
        return Table(frame=frame, target=y, **options)
    if in_other_order(y, x):
        raise InputError("y has the index of the data in another order; use y.loc[data.index]")
    name = getattr(y, "name", None)
    values = array_of(y)
    if isinstance(y, str) or values.ndim not in (1, 2) or len(values) != len(frame):
        raise InputError(
            f"y must be a column of the data or {len(frame)} values, one per point; got "
            f"{y if isinstance(y, str) else values.shape or repr(y)}"
        )
    single = values.ndim == 1 or values.shape[1] == 1
    is_binary = values.dtype.kind in "biuf" and bool(np.isin(values, (0, 1)).all())
    if single and (is_binary or values.dtype.kind in "OU"):
        name = next(iter(getattr(y, "columns", [name])))
        values = values.reshape(-1).astype(int) if values.dtype.kind == "f" else values.reshape(-1)
    if values.ndim == 1:
        names = [str(name) if name is not None else "y"]
        target: Any = names if values.dtype.kind == "f" else names[0]
        columns = [values]
    else:
        columns_of_y = getattr(y, "columns", range(1, values.shape[1] + 1))
        names = target = [f"y{name}" if isinstance(name, int) else name for name in columns_of_y]
        columns = list(values.T)
    if taken := [name for name in names if name in frame.columns]:
        raise InputError(f'the data already have a column {taken[0]}; write y="{taken[0]}"')
    return Table(
        frame=frame.assign(**dict(zip(names, columns, strict=True))), target=target, **options
    )


def depth(x: Any) -> int:
    """Return the number of dimensions of an array, tensor, DataFrame or lists."""
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


def depth_of_first(x: Any) -> int:
    """Return the number of dimensions, in lists that of their first items."""
    dims = 0
    while isinstance(x, list | tuple) and len(x):
        dims, x = dims + 1, x[0]
    return dims + len(getattr(x, "shape", ()))


def is_nested(x: Any) -> bool:
    """Return whether x is an array or tensor of three dimensions, or lists at least as deep."""
    dims = depth_of_first(x)
    return dims == 3 or (dims > 3 and isinstance(x, list | tuple))


def in_other_order(y: Any, x: Any) -> bool:
    """Return whether the indices of two pandas objects have the same labels in different orders."""
    one, other = (getattr(values, "index", None) for values in (y, x))
    if not (isinstance(one, pd.Index) and isinstance(other, pd.Index)):
        return False
    return len(one) == len(other) and not one.equals(other) and set(one) == set(other)
