"""Unlabelled points from a NumPy file, read as they are needed."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import InputError

CHECKED = 2**22
"""Numbers that are looked through at once."""


class NPY(DataModule):
    """An array (points, features) in a file of NumPy's, of which memory holds what is in use.

    float32 in C order is memory-mapped, and the file never changed. Other numbers are converted
    into memory; so are the two parts where ``val_fraction`` is above 0.

    Args:
        path: of the file, as ``numpy.save`` writes it.
        options: see ``DataModule``.

    Raises:
        InputError: if the file cannot be read, or its array is no table of finite numbers.
    """

    def __init__(self, path: str | None, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(path, str):
            raise InputError(
                f"data.path must name a file, data=npy data.path=FILE.npy; it is {path!r}"
            )
        self.path = Path(path)

    def load(self) -> Points:
        array = read_npy(self.path)
        rows = max(1, CHECKED // array.shape[1])
        for start in range(0, len(array), rows):
            finite = np.isfinite(array[start : start + rows])
            if not finite.all():
                row, column = np.argwhere(~finite)[0]
                row += start
                raise InputError(
                    f"{self.path}: the value at [{row}, {column}] is {array[row, column]} as "
                    "float32; all must be finite"
                )
        return Points(torch.from_numpy(array))


def read_npy(path: Path) -> NDArray[np.float32]:
    """The table of numbers (points, features) in a file, memory-mapped where it is float32.

    Raises:
        InputError: if the file cannot be read, or holds something else.
    """
    try:
        # Copy on write: torch asks for an array that may be written to, and the file stays.
        array = np.load(path, mmap_mode="c")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (EOFError, ValueError) as error:
        raise InputError(
            f"{path} holds no array of numbers as numpy.save writes it: {error}"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{path} is an archive of arrays; save one of them with numpy.save")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} holds {array.dtype}; the values must be real numbers")
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{path} holds an array of the shape {array.shape}; it must be (points, features), at "
            "least one of each"
        )
    with np.errstate(over="ignore"):  # told where all values are looked through
        return np.ascontiguousarray(array, dtype=np.float32)
