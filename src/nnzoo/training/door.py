"""What the commands share: KEY=VALUE arguments, and errors told in one line."""

import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from nnzoo.errors import InputError, RunError, told, unknown

FULL_ERROR = "HYDRA_FULL_ERROR"
HELP = ("--help", "-h")


def open_door(work: Callable[[list[str]], object], help_text: str) -> None:
    """Do a command's work with its arguments; exit code 1 and one line on an error."""
    arguments = sys.argv[1:]
    try:
        if any(flag in arguments for flag in HELP):
            print(help_text)
        else:
            work(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # its reader has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (Exception, KeyboardInterrupt) as error:
        say(error, one_line(error), traces_wanted())
        sys.exit(1)


def load_libraries() -> None:
    """Import Lightning, and torch with it, for a command: without looking for garbage on the way.

    Imports leave hardly any, but Python would search through all that they make time and again, and
    once more when it ends: together a third of the seconds of a short training.
    """
    if "lightning.pytorch" in sys.modules:  # by whom there may be more that is garbage one day
        return
    searching = gc.isenabled()
    gc.disable()
    try:
        import_module("lightning.pytorch")
        gc.freeze()
    finally:
        if searching:
            gc.enable()


def traces_wanted() -> bool:
    """Whether a traceback is to be printed with each error."""
    return os.environ.get(FULL_ERROR) not in (None, "", "0")


def say(error: BaseException, line: str, traces: bool) -> None:
    """Tell an error on stderr."""
    if traces:
        traceback.print_exception(error)
    print(f"error: {line}", file=sys.stderr)


def own_cause(error: BaseException) -> BaseException | None:
    """The error of nnzoo, or the interrupt, that other errors are wrapped around."""
    link: BaseException | None = error
    while link is not None:  # Hydra and OmegaConf wrap what is raised within them
        if isinstance(link, InputError | RunError | KeyboardInterrupt):
            return link
        link = link.__cause__
    return None


def one_line(error: BaseException) -> str:
    """What a person is told of an error."""
    if (cause := own_cause(error)) is not None:
        return told(cause) or "interrupted"
    if isinstance(error, OSError) and error.filename:
        return f"cannot use {error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {told(error)} ({FULL_ERROR}=1 shows where)"


def parse(
    arguments: Sequence[str], keys: Sequence[str], group: str | None = None
) -> dict[str, str]:
    """The texts of KEY=VALUE arguments by key; of ``keys`` those that are null are left out.

    Args:
        arguments: as typed.
        keys: those that are known.
        group: GROUP.KEY=VALUE is known too, for any KEY.

    Raises:
        InputError: if an argument cannot be read, or a key is unknown, empty or given twice.
    """
    found: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if key.startswith("-"):
            raise unknown("flag", key, HELP)
        if not equals:
            raise InputError(
                f"cannot read {argument!r}; write KEY=VALUE, such as run=FOLDER, and quote what "
                "holds brackets or spaces"
            )
        if key not in keys and not (group and key.startswith(f"{group}.")):
            raise unknown("key", key, keys)
        if key in found:
            raise InputError(f"{key} is given twice; quote what holds brackets or braces")
        if not value.strip():
            raise InputError(f"{key}= has no value")
        found[key] = value
    return {key: value for key, value in found.items() if value != "null" or key not in keys}


def value(key: str, text: str) -> Any:
    """A value as YAML has it: a number, text, list, mapping, true, false or null.

    Raises:
        InputError: if it is not YAML.
    """
    from omegaconf import OmegaConf

    try:
        read: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    except Exception as error:  # OmegaConf and its YAML raise many kinds
        raise InputError(f"cannot read {f'{key}={text}'!r}: its value is not YAML") from error
    return read["value"]
