"""Errors that a person can mend, and the checks that raise them."""

import difflib
import math
from collections.abc import Iterable
from typing import Any


class InputError(ValueError):
    """Something that was asked for cannot be done; the message says what, where and what to do."""


class RunError(RuntimeError):
    """A run that began well could not be finished; the message says when and why."""


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """An InputError that names the nearest of the known names, then all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
    return InputError(f"unknown {kind} {str(name)!r}; {hint}known: {', '.join(names) or 'none'}")


def one_of(what: str, value: object, known: Iterable[str]) -> str:
    """The value, if it is one of the known names; an InputError with the nearest names if not."""
    names = list(known)
    if value not in names:
        raise unknown(what, value, names)
    return str(value)


def positive_int(what: str, value: Any) -> int:
    """The value, if it is a whole number of at least 1; an InputError if not."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{what} must be a whole number of at least 1, got {value!r}")
    return value


def number(
    what: str, value: Any, *, above: float = -math.inf, low: float = -math.inf, high: float = math.inf
) -> float:
    """The value as a float, if it is finite, greater than ``above`` and within [low, high].

    Raises:
        InputError: if it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not (value > above and low <= value <= high):
        limits = {"greater than": above, "at least": low, "at most": high}
        bounds = " and ".join(f"{k} {v:g}" for k, v in limits.items() if math.isfinite(v))
        raise InputError(f"{what} must be a number {bounds}".rstrip() + f", got {value!r}")
    return float(value)
