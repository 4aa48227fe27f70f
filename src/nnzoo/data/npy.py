"""Unlabeled points from a NumPy file, memory-mapped if it is large."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError, message
from nnzoo.limits import check_file, check_memory, check_path, memory

MAX_SHARE = 0.5
"""An array that takes a larger share of the memory is mapped rather than read."""


class NPY(DataModule):
    """An array (points, features) in a file written by ``numpy.save``.

    A float32 array in C order that takes more than half of the memory is memory-mapped: only the
    parts in use are in memory. The file is never written, and must not be truncated meanwhile. If
    the points are split, the parts are copied to memory. Any other array is read into memory.

    Args:
        path: the file.
        options: see ``DataModule``.
    """

    def __init__(self, path: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.path = check_path("npy", path, "npy")
        self._mapped = 0  # size of a mapped file in bytes

    def load(self) -> Points:
        array: Any = read_npy(self.path)
        if isinstance(array, np.memmap):
            self._mapped = array.offset + array.nbytes
        self.check_source()
        x = torch.from_numpy(array)
        if not torch.stack(x.aminmax()).isfinite().all():
            row, column = divmod(int(x.isfinite().numpy().argmin()), x.shape[1])
            raise InputError(
                f"{self.path}: the value at [{row}, {column}] is {x[row, column]} as float32; "
                "all values must be finite"
            )
        return Points(x)

    def check_source(self) -> None:
        if self._mapped and self.path.exists() and self.path.stat().st_size < self._mapped:
            raise InputError(f"{self.path} has become shorter since the training began")


def read_npy(path: Path, dims: tuple[int, ...] = (2,)) -> NDArray[np.float32]:
    """Read an array (points, features) as float32; memory-map a large float32 array.

    Args:
        path: the file.
        dims: the numbers of dimensions that it may have; 3 is (sequences, time, features).

    Raises:
        InputError: if the file holds anything else, or too much for the memory.
    """
    check_file(path)
    try:
        # Copy on write: torch requires a writable array, and the file must not change.
        array = np.load(path, mmap_mode="c")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # NumPy raises many types of errors for a damaged header
        raise InputError(
            f"{path} is not an array of numbers written by numpy.save: {message(error)}"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{path} is an archive of arrays; save a single array with numpy.save")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} contains {array.dtype}; the values must be real numbers")
    if array.ndim not in dims or not array.size:
        wanted = "(points, features)" if dims == (2,) else "(time, features), or three-dimensional"
        raise InputError(
            f"{path} has the shape {array.shape}; it must be {wanted}, with at least one of each"
        )
    if array.dtype == np.float32 and array.flags.c_contiguous:
        if array.nbytes > MAX_SHARE * memory():
            return array
    else:
        check_memory(str(path), len(array), array[0].size, each=array.itemsize + 4)
    try:  # not mapped: if a mapped file is truncated, reading it kills the process
        array = np.load(path)
        with np.errstate(over="ignore"):  # load() reports infinite values
            return np.ascontiguousarray(array, dtype=np.float32)
    except (EOFError, OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
