"""Unlabeled points from a memory-mapped NumPy file."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnzoo.data.base import DataModule, Points, check_path
from nnzoo.errors import InputError


class NPY(DataModule):
    """An array (points, features) in a file written by ``numpy.save``.

    An array of float32 in C order is memory-mapped, so that memory only holds the parts in use;
    the file never changes. Other arrays are converted in memory. If ``val_fraction`` is above 0,
    the training and validation sets are copied to memory.

    Args:
        path: the file.
        options: see ``DataModule``.
    """

    def __init__(self, path: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.path = check_path("npy", path)

    def load(self) -> Points:
        x = torch.from_numpy(read_npy(self.path))
        if not torch.stack(x.aminmax()).isfinite().all():
            row, column = divmod(int(x.isfinite().numpy().argmin()), x.shape[1])
            raise InputError(
                f"{self.path}: the value at [{row}, {column}] is {x[row, column]} as float32; "
                "all values must be finite"
            )
        return Points(x)


def read_npy(path: Path) -> NDArray[np.float32]:
    """Read an array (points, features) as float32; map it into memory if it has this type."""
    try:
        # Copy on write: torch requires a writable array, and the file must not change.
        array = np.load(path, mmap_mode="c")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (EOFError, ValueError) as error:
        raise InputError(
            f"{path} is not an array of numbers written by numpy.save: {error}"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{path} is an archive of arrays; save a single array with numpy.save")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} contains {array.dtype}; the values must be real numbers")
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{path} has the shape {array.shape}; it must be (points, features), with at least one "
            "of each"
        )
    with np.errstate(over="ignore"):  # load() reports infinite values
        return np.ascontiguousarray(array, dtype=np.float32)
