"""Checks of what is read or generated, before memory is taken for it."""

import math
import os
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError

BYTES = 24
"""Memory for a number of generated points: in float64, in order and in float32."""


def check_path(kind: str, path: Any) -> Path:
    """Return ``data.path`` of a kind of file as a Path; InputError if it is not a string."""
    if not isinstance(path, str):
        raise InputError(
            f"data.path must name a file, as in data={kind} data.path=FILE.{kind}; got {path!r}"
        )
    return Path(path)


def check_file(path: Path) -> None:
    """Raise an InputError if a path is there but is no file, such as a FIFO, which never ends."""
    if path.exists() and not path.is_file():
        kind = "Is a directory" if path.is_dir() else "it is not a regular file"
        raise InputError(f"cannot read {path}: {kind}")


def memory() -> float:
    """Return the bytes of this computer's memory; infinity where they are not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not available on every system
        return math.inf


def check_memory(what: str, points: int, features: int, each: int = BYTES) -> None:
    """Raise an InputError if points, of ``each`` bytes a number, cannot fit into the memory."""
    if each * max(points, 16) * features > memory():
        raise InputError(
            f"{what}: {points} points x {features} features are more than this computer's memory "
            "can hold"
        )
