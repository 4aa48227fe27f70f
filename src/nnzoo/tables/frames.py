"""Tables in memory: DataFrames, mappings of columns, arrays, tensors and lists."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnzoo.errors import InputError, why_no_array
from nnzoo.tables.encoding import encode_like, parse_columns


def is_frame(x: Any) -> bool:
    """Return whether an object is a DataFrame, of pandas or polars."""
    return hasattr(x, "columns") and hasattr(x, "to_numpy")


def frame_of(x: Any) -> pd.DataFrame:
    """Return a table as a DataFrame whose column names are text.

    Args:
        x: a DataFrame of pandas or polars, a mapping of columns, or an array, tensor or lists
            (points, features), or (points,) for a single feature.

    Raises:
        InputError: if x is not a table.
    """
    if type(x).__name__ == "LazyFrame":
        raise InputError("the data are a lazy frame; use its collect()")
    if isinstance(x, pd.DataFrame):
        frame = x.set_axis([str(name) for name in x.columns], axis=1)
        if twice := frame.columns[frame.columns.duplicated()].tolist():
            raise InputError(f"the data have more than one column {twice[0]}")
        return frame
    if is_frame(x):  # polars
        x = x.to_dict(as_series=False)
    try:
        if isinstance(x, Mapping):
            return pd.DataFrame({str(name): column_of(name, x[name]) for name in x})
        array = array_of(x)
    except InputError:
        raise
    except (NotImplementedError, TypeError, ValueError) as error:
        raise InputError(f"the data must be a table: {why_no_array(error)}") from error
    if array.ndim == 0:
        raise InputError(f"the data must be (points, features), got {type(x).__name__}")
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not array.size:
        raise InputError(f"the data must be (points, features), got the shape {array.shape}")
    return pd.DataFrame(array, columns=[f"x{i + 1}" for i in range(array.shape[1])])


def column_of(name: Any, values: Any) -> NDArray[Any]:
    """Return the values of a column, (rows,).

    Raises:
        InputError: as ``array_of``, or if they have another shape.
    """
    array = array_of(values)
    if array.ndim != 1:
        raise InputError(f"the column {name} must have one value per row, got {array.shape}")
    return array


def array_of(values: Any) -> NDArray[Any]:
    """Return a tensor, an array or lists as an array.

    Raises:
        InputError: if values are masked or complex, or the array is sparse or has named fields.
    """
    if hasattr(values, "toarray"):  # of SciPy
        raise InputError("the data are sparse; use their toarray()")
    if getattr(getattr(values, "dtype", None), "names", None):
        raise InputError("the data are a structured array; use pandas.DataFrame(...) of it")
    if np.ma.is_masked(values):
        raise InputError("the data have masked values; fill them in, or leave them out")
    if hasattr(values, "detach"):  # a tensor
        values = values.detach().cpu()
        values = values.float() if "bfloat16" in str(values.dtype) else values
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise InputError("the data are complex numbers; use their real and imaginary parts")
    return array


def values_like(
    table: Any,
    names: Sequence[str],
    ignored: Sequence[str],
    where: str = "the table",
    notes: list[str] | None = None,
) -> NDArray[np.float64]:
    """Return a trained model's features from a table, (rows, features).

    Args:
        table: a DataFrame with the model's columns in any order, or without column names; or an
            array with the columns of the training.
        names: names of the model's features.
        ignored: names of other columns of the training table; they are left out.
        where: source of the table, for messages.
        notes: gets a line for each assumption.

    Raises:
        InputError: if a column is unknown, missing or not suitable, or a value is missing.
    """
    notes = [] if notes is None else notes
    frame = frame_of(table)
    if isinstance(table, np.ndarray) and frame.shape[1] == len(names):
        frame = frame.set_axis(list(names), axis=1)
    positions = [str(i) for i in range(len(names))]
    if list(frame.columns) == positions and not set(positions) & set(names):  # it has no names
        frame = frame.set_axis(list(names), axis=1)
    if not len(frame):
        raise InputError(f"{where} has no rows")
    for name in names:
        if name in frame and frame[name].isna().all():
            raise InputError(f"{where}, row 1: {name} has no value")
    columns = parse_columns(frame, where, None, notes, ignored)
    for name in ignored:
        if columns.pop(name, None) is not None:
            notes.append(f"the column {name} is ignored: it is no feature of the model")
    return encode_like(columns, names, where)
