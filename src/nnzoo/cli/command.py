"""What the commands share: one-line errors, KEY=VALUE arguments."""

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from nnzoo import __version__
from nnzoo.errors import InputError, RunError, message, printable, unknown

TRACEBACK = "HYDRA_FULL_ERROR"
"""Environment variable; if set, tracebacks are printed too."""

COMMANDS = ("train", "predict", "evaluate", "export", "report", "list")
HELP_FLAGS = ("--help", "-h")

LOADING = f"nnzoo {__version__}: loading PyTorch ..."


def load_libraries(is_report: bool = False) -> None:
    """Import Lightning and torch without garbage collection, and print that it takes a while.

    Imports create almost no garbage, but looking for it takes a third of a short training's time.

    Args:
        is_report: whether the command's output is for people, not for programs; then the line is
            also printed off a terminal.
    """
    if "lightning.pytorch" in sys.modules:
        return
    on_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if on_terminal:
        print(LOADING, end="\r", file=sys.stderr, flush=True)
    elif is_report:
        print(LOADING, flush=True)
    gc.disable()
    try:
        import_module("lightning.pytorch")
    finally:
        if on_terminal:
            print("\033[K", end="", file=sys.stderr, flush=True)  # erases the line
    gc.freeze()
    gc.enable()


def print_error(error: BaseException) -> None:
    """Print an error on stderr in one line, after its traceback if ``TRACEBACK`` is set."""
    if os.environ.get(TRACEBACK) not in (None, "", "0"):
        traceback.print_exception(error)
    print(f"error: {printable(one_line(error))}", file=sys.stderr)


def one_line(error: BaseException) -> str:
    """Return a one-line message about an error for the user."""
    link: BaseException | None = error
    while link is not None:  # Hydra and OmegaConf wrap what is raised within them
        if isinstance(link, InputError | RunError | KeyboardInterrupt):
            return message(link) or "interrupted"
        is_wrapped = type(link).__module__.startswith("omegaconf")  # it sets no __cause__
        link = link.__cause__ or (link.__context__ if is_wrapped else None)
    if type(error).__module__.startswith(("hydra", "omegaconf")):
        from nnzoo.cli.hydra_errors import explain

        return explain(error) or message(error)
    if isinstance(error, OSError) and error.strerror:
        what = f"use {error.filename}" if error.filename else "write the output"
        return f"cannot {what}: {error.strerror}"
    return f"{type(error).__name__}: {message(error)} ({TRACEBACK}=1 shows where)"


def parse(
    arguments: Sequence[str], keys: Sequence[str], group: str | None = None
) -> dict[str, str]:
    """Parse KEY=VALUE arguments to strings by key; leave out those of ``keys`` that are null.

    Args:
        arguments: as typed.
        keys: known keys.
        group: allows GROUP.KEY=VALUE for any KEY.

    Raises:
        InputError: if an argument cannot be read, or a key is unknown, repeated or has no value.
    """
    found: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if key.startswith("-"):
            raise unknown("flag", key, HELP_FLAGS)
        if not equals:
            raise InputError(
                f"cannot read {argument!r}; write KEY=VALUE, such as run=FOLDER, and quote "
                "brackets and spaces"
            )
        if key not in keys and not (group and key.startswith(f"{group}.")):
            raise unknown("key", key, keys)
        if key in found:
            raise InputError(f"{key} is given twice; quote brackets and braces")
        if not value.strip():
            raise InputError(f"{key}= has no value")
        found[key] = value
    return {key: value for key, value in found.items() if value != "null" or key not in keys}


def free_path(typed: str, *endings: str) -> Path:
    """Return the path of a new file or folder.

    Args:
        typed: the value of ``output``.
        endings: those that the name of a file may have; none: it is a folder.

    Raises:
        InputError: if it exists, its folder does not, or its name has another ending.
    """
    path = Path(os.path.expanduser(typed))
    kind, better = ("file", f"output=FILE{endings[0]}") if endings else ("folder", "output=FOLDER")
    if os.path.lexists(path):  # unlike exists, true of a broken link
        raise InputError(f"{path} exists already; name another {kind}: {better}")
    if not path.parent.is_dir():
        raise InputError(
            f"there is no folder {path.parent} to write {path.name} in; create it, or name another "
            f"{kind}: {better}"
        )
    if endings and path.suffix.lower() not in endings:
        raise InputError(f"the file has another format than {path.name!r}; write {better}")
    return path


def read_value(key: str, text: str) -> Any:
    """Parse a value as YAML.

    Raises:
        InputError: if it is not YAML.
    """
    from omegaconf import OmegaConf

    try:
        read: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    except Exception as error:  # OmegaConf and its YAML parser raise many types of errors
        opened, closed = (sum(map(text.count, marks)) for marks in ("[{", "]}"))
        missing = ": a closing bracket is missing" if opened > closed else ""
        missing = ": an opening bracket is missing" if closed > opened else missing
        why = missing or ": write a number, a word, or a list such as [1,2]"
        raise InputError(f"cannot read {f'{key}={text}'!r}{why}") from error
    return read["value"]
