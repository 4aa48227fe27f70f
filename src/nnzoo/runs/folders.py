"""Folders named from Python, and temporary ones."""

import os
import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from nnzoo.errors import InputError


def path_of(value: Any, what: str = "folder") -> Path:
    """Return a path with ``~`` replaced by the user's folder.

    Raises:
        InputError: if it is not a path.
    """
    if not isinstance(value, str | os.PathLike) or "\0" in str(value):
        raise InputError(f"{what} must be a path, got {value!r}")
    return Path(os.path.expanduser(value))


def new_file(value: Any) -> Path:
    """Return the path of a file that does not exist, in a folder that does.

    Raises:
        InputError: if it is not such a path.
    """
    file = path_of(value, "path")
    if os.path.lexists(file):  # unlike exists, true of a broken link
        raise InputError(f"{file} exists already; name another file")
    if not file.parent.is_dir():
        raise InputError(f"there is no folder {file.parent} to write {file.name} in; create it")
    return file


class TemporaryFolder:
    """A new folder that is removed with this object, and only by the process that made it.

    Copies share the object; a pickled one is None.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="nnzoo-"))
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())

    def __deepcopy__(self, memo: dict[int, Any]) -> "TemporaryFolder":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # not in a forked child
        shutil.rmtree(path, ignore_errors=True)
