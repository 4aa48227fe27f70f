"""Checks of what a file names: ``allow=[NAME]`` and the overrides of a resumed sweep."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nnzoo.catalogue import check_target, is_allowed
from nnzoo.cli.command import read_value
from nnzoo.errors import InputError, message

PACKAGE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
TARGET = re.compile(r"\+*([\w.]+)\._target_=([\w.,]+)")


def read_allowed(text: str | None) -> list[str]:
    """Parse ``allow=``: the packages whose classes a file may name; none without ``allow=``.

    If there are any, modules in the current folder become importable.

    Raises:
        InputError: if the text is not a list of names.
    """
    names = [] if text is None else read_value("allow", text)
    if not isinstance(names, list) or not all(PACKAGE.fullmatch(str(name)) for name in names):
        raise InputError(
            f"allow must be a list of packages, such as allow=[my_package], got {text}"
        )
    if names and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    return list(map(str, names))


def split_allowed(arguments: Sequence[str]) -> tuple[list[str] | None, list[str]]:
    """Return the packages of ``allow=``, None without it, and the other arguments."""
    typed = [argument for argument in arguments if argument.startswith("allow=")]
    rest = [argument for argument in arguments if argument not in typed]
    allow = read_allowed(typed[-1].removeprefix("allow=")) if typed else None
    return allow, rest


def check_overrides(overrides: Sequence[str], file: Path, allow: Sequence[str]) -> None:
    """Check overrides read from a file, before anything is imported.

    Args:
        overrides: as typed when the sweep was started.
        file: where they come from, for messages.
        allow: packages whose classes they may name, and loggers that they may set up.

    Raises:
        InputError: if one configures Hydra, names an address, sets up a logger that is not allowed,
            or names a class that is neither in the catalogue nor in an allowed package.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except OverrideParseException as error:
        raise InputError(f"{file} cannot be read: {message(error)}") from error
    for override in parsed:
        text = str(override.input_line)
        if override.key_or_group in ("run", "run.folder"):
            raise InputError(f"{file}: {text} sets the folder of a run")
        if override.package is not None or re.match("hydra\\b|_", override.key_or_group):
            raise InputError(f"{file}: {text} configures Hydra; type it yourself to allow it")
        if "://" in text:
            raise InputError(f"{file}: {text} names an address; type it yourself to allow it")
        match = TARGET.fullmatch(text)
        if "_target_" in text and match is None:
            raise InputError(f"{file}: {text} names a class in a way that cannot be checked")
        targets = [] if match is None else match[2].split(",")
        for target in targets:
            check_target(target, override.key_or_group.removesuffix("._target_"), allow)
        group, dot, rest = override.key_or_group.partition(".")
        if group == "logger" and (dot or "{" in text):  # it may contact a server
            name = rest.partition(".")[0] or "logger"
            in_package = bool(targets) and all(is_allowed(target, allow) for target in targets)
            if not (in_package or name in allow):
                raise InputError(
                    f"{file}: {text} sets up a logger, which may contact a server; "
                    f"type it yourself, or allow it: allow=[{name}]"
                )
