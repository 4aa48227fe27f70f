"""Checks of what a file names: ``allow=[PACKAGE]`` and the overrides of a resumed sweep."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nnzoo.catalogue import check_target
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
    """Raise an InputError if overrides read from a file configure Hydra or name a class that is
    neither in the catalogue nor in an allowed package. Nothing is imported."""
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
        if "_target_" not in text:
            continue
        if (match := TARGET.fullmatch(text)) is None:
            raise InputError(f"{file}: {text} names a class in a way that cannot be checked")
        for target in match[2].split(","):
            check_target(target, match[1], allow)
