"""Errors that a person can mend, and the checks that raise them."""

import difflib
import math
from collections.abc import Iterable
from typing import Any

MANY = 20
"""More known names than this are not listed when near ones are found."""


class InputError(ValueError):
    """Something that was asked for cannot be done; the message says what, where and what to do."""


class RunError(RuntimeError):
    """A run that began well could not be finished; the message says when and why."""


def diverged(what: str) -> RunError:
    """The RunError of a training in which numbers became infinite or nan, as ``what`` says."""
    return RunError(f"{what}: the training diverged; a lower learning rate is the usual mend")


def told(error: BaseException) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())


def unexpected(error: BaseException) -> RunError:
    """The RunError of an error that is none of nnzoo's own."""
    return RunError(f"{type(error).__name__}: {told(error)}")


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """An InputError that names the nearest of the known names, and all of them if not too many."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
    parts = [f"unknown {kind} {str(name)!r}"]
    if near:
        parts.append(f"did you mean {' or '.join(map(repr, near))}?")
    if names and (len(names) <= MANY or not near):
        parts.append(f"known: {', '.join(names)}")
    return InputError("; ".join(parts).replace("?;", "?"))


def one_of(what: str, value: object, known: Iterable[str]) -> str:
    """The value, if it is one of the known names.

    Raises:
        InputError: if it is not.
    """
    names = list(known)
    if value not in names:
        raise unknown(what, value, names)
    return str(value)


def whole(what: str, value: Any, low: int = 1, high: int | None = None) -> int:
    """The value, if it is a whole number within [low, high].

    Raises:
        InputError: if it is not.
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"{low} to {high}"
        raise InputError(f"{what} must be a whole number of {bounds}, got {value!r}")
    return int(value)


def wholes(what: str, values: Any) -> list[int]:
    """The values as a list, if they are whole numbers of at least 1; it may be empty.

    Raises:
        InputError: if they are not.
    """
    if not isinstance(values, list | tuple):
        raise InputError(f"{what} must be a list of whole numbers such as [8], got {values!r}")
    return [whole(f"each of {what}", value) for value in values]


def number(
    what: str,
    value: Any,
    *,
    above: float = -math.inf,
    low: float = -math.inf,
    high: float = math.inf,
) -> float:
    """The value as a float, if it is finite, greater than ``above`` and within [low, high].

    Raises:
        InputError: if it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not (value > above and low <= value <= high):
        limits = {">": above, ">=": low, "<=": high}
        bounds = " and ".join(f"{k} {v:g}" for k, v in limits.items() if math.isfinite(v))
        raise InputError(f"{what} must be a number {bounds}".rstrip() + f", got {value!r}")
    return float(value)
