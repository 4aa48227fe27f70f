"""Parts of a Trainer from a config, such as loggers, callbacks and profilers."""

from collections.abc import Mapping
from typing import Any

from nnzoo.catalogue import build
from nnzoo.errors import InputError, message


def build_nested(node: Any, what: str) -> Any:
    """Return a config value in which each mapping with a ``_target_`` is replaced by its object.

    Raises:
        InputError: as ``build``; the message names the key.
    """
    if isinstance(node, Mapping):
        return build_part(node, what) if "_target_" in node else _inner(node, what)
    if isinstance(node, list):
        return [build_nested(value, what) for value in node]
    return node


def build_part(node: Any, what: str, *kinds: type[Any]) -> Any:
    """Build a part of a Trainer, such as a logger, and the objects among its arguments.

    Raises:
        InputError: as ``build``; or if the class rejects its arguments, or is none of ``kinds``.
        ModuleNotFoundError: if it needs a package that is not installed.
    """
    if not isinstance(node, Mapping):
        raise InputError(f"{what} must be a mapping with a _target_, got {node!r}")
    try:
        part = build(_inner(node, what), what)
    except (InputError, ModuleNotFoundError):
        raise
    except Exception as error:  # each library has its own
        raise InputError(f"{what}: {message(error)}") from error
    return check_part(part, what, *kinds) if kinds else part


def check_part(part: Any, what: str, *kinds: type[Any]) -> Any:
    """Return a part of a Trainer if it is of one of some classes.

    Raises:
        InputError: if it is not; the message names the key.
    """
    if not isinstance(part, kinds):
        found = repr(part) if isinstance(part, int | float | dict | list) else type(part).__name__
        raise InputError(f"{what} must be a {kinds[0].__name__} of Lightning, got {found}")
    return part


def _inner(node: Mapping[str, Any], what: str) -> dict[str, Any]:
    return {key: build_nested(value, f"{what}.{key}") for key, value in node.items()}
