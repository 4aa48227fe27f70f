"""Checks of data that are read or generated, before memory is allocated for them."""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError

BYTES = 24
"""Bytes of memory per generated value: in float64, reordered, and in float32."""


def check_path(entry: str, path: Any, ending: str = "csv") -> Path:
    """Return ``data.path`` of an entry as a Path; InputError if it is not the name of a file."""
    if not isinstance(path, str | Path):
        raise InputError(
            f"data.path must name a file, as in data={entry} data.path=FILE.{ending}; got {path!r}"
        )
    return Path(path).expanduser()


def check_file(path: Path) -> None:
    """Raise an InputError if a path exists but is not a file, such as a FIFO, which never ends."""
    if path.exists() and not path.is_file():
        reason = "it is a directory" if path.is_dir() else "it is not a regular file"
        raise InputError(f"cannot read {path}: {reason}")


def memory() -> float:
    """Return the size of this computer's memory in bytes; infinity if it is unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not available on every system
        return math.inf


def check_memory(what: str, points: int, features: int, each: int = BYTES) -> None:
    """Raise an InputError if points with ``each`` bytes per value do not fit into memory."""
    if each * max(points, 16) * features > memory():
        raise InputError(
            f"{what}: {points} points x {features} features are more than this computer's memory "
            "can hold"
        )


def check_numbers(what: str, numbers: int) -> None:
    """Raise an InputError if as many float64 do not fit into memory."""
    if 8 * numbers > memory():
        raise InputError(
            f"{what} needs about {8 * numbers / 1e9:.0f} GB, more than this computer's memory; "
            "lower it"
        )


def no_memory(error: Exception, arguments: Mapping[str, Any]) -> InputError | None:
    """Return the InputError for an error of torch in a constructor with these arguments if it could
    not allocate its tensors; None: it is another error."""
    if not re.search("allocate memory|overflow", str(error), re.IGNORECASE):
        return None
    sizes: dict[str, int] = {}
    for name, value in arguments.items():
        several = value if isinstance(value, list | tuple) else [value]
        sizes[name] = max((n for n in several if isinstance(n, int)), default=0)
    name = max(sizes, key=sizes.__getitem__)
    return InputError(f"the model does not fit into memory: lower model.{name}={arguments[name]}")


def jacobian_bytes(residuals: int, numbers: int) -> int:
    """Return the bytes that a step of Levenberg-Marquardt takes: the Jacobian of some residuals by
    some numbers and a scaled copy, and three matrices of its damped equations."""
    return 8 * (2 * residuals * numbers + 3 * min(residuals, numbers) ** 2)


def check_jacobian(what: str, residuals: int, numbers: int) -> None:
    """Raise an InputError if a Jacobian does not fit into memory."""
    if (need := jacobian_bytes(residuals, numbers)) > memory():
        raise InputError(
            f"{what}: the Jacobian of {residuals} residuals x {numbers} parameters needs "
            f"{need / 1e9:.0f} GB, more than this computer's memory; use fewer points or "
            "parameters, or another optimizer, such as lbfgs"
        )
