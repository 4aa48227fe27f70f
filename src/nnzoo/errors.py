"""Errors that a user can fix, and the checks that raise them."""

import difflib
import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from nnzoo.overrides import other_names

MAX_LISTED = 20
"""Maximum number of known names that a message lists if it already suggests a close match."""


MAX_ITEMS = 10
"""Maximum length of a list of the user's own names that a message has in full."""


class InputError(ValueError):
    """An invalid request; the message states what is wrong, where, and what to do."""


class RunError(RuntimeError):
    """A run that started but could not finish; the message states when and why."""


def diverged(what: str) -> RunError:
    """Return the RunError of a training in which ``what`` became infinite or NaN."""
    return RunError(f"{what}: the training diverged; try a lower learning rate")


JOINERS = "\u200c\u200d"
"""Zero-width characters that some scripts need within words."""


def printable(text: object, kept: str = "") -> str:
    """Return a text with its control characters, including those of direction, escaped.

    Text from data could otherwise control the terminal, break a line, or pass for another text.
    ``kept`` are control characters that stay, such as a line break.
    """

    def shown(character: str) -> str:
        if character.isprintable() or character in JOINERS + kept:
            return character
        if unicodedata.category(character) == "Zs":  # other spaces
            return character
        return character.encode("unicode_escape").decode("ascii")

    text = str(text)
    return text if text.isprintable() else "".join(map(shown, text))


def message(error: BaseException) -> str:
    """Return the text of an error in one line."""
    return printable(" ".join(str(error).split()))


def why_no_array(error: BaseException) -> str:
    """Return why values are no array; NumPy's text on lists of unequal length is hard to read."""
    return "the lists have different lengths" if "inhomogeneous" in str(error) else message(error)


def counted(n: int, noun: str) -> str:
    """Return a number and a regular noun: ``1 class``, ``2 classes``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{n} {noun if n == 1 else plural}"


def listed(items: Sequence[str]) -> str:
    """Return items joined by commas in one line; of many, the first and last three."""
    shown = [*items[:3], "...", *items[-3:]] if len(items) > MAX_ITEMS else items
    return ", ".join(map(printable, shown))


def unexpected(error: BaseException) -> RunError:
    """Return a RunError unchanged, and any other error as a RunError."""
    if isinstance(error, RunError):
        return error
    return RunError(f"{type(error).__name__}: {message(error)}")


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Return an InputError with the closest known names, and all of them if they are few."""
    names = sorted(known)
    typed = str(name).lower()
    meant = other_names(kind).get(typed, typed)
    close = [meant] if meant in names else difflib.get_close_matches(str(name), names, 3, 0.6)
    parts = [f"unknown {kind} {str(name)!r}"]
    if close:
        parts.append(f"did you mean {' or '.join(map(repr, close))}?")
    if names and (len(names) <= MAX_LISTED or not close):
        parts.append(f"known: {', '.join(names)}")
    return InputError("; ".join(parts).replace("?;", "?"))


def check_choice(what: str, value: object, known: Iterable[str]) -> str:
    """Return the value if it is one of the known names; otherwise raise an InputError."""
    names = list(known)
    if value not in names:
        raise unknown(what, value, names)
    return str(value)


def check_bool(what: str, value: Any) -> bool:
    """Return the value if it is true or false; otherwise raise an InputError."""
    if not isinstance(value, bool):
        raise InputError(f"{what} must be true or false, got {value!r}")
    return value


def check_int(what: str, value: Any, low: int = 1, high: float = math.inf) -> int:
    """Return the value if it is an integer in [low, high]; otherwise raise an InputError."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not is_int or not low <= value <= high:
        bounds = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
        raise InputError(f"{what} must be a whole number {bounds}, got {value!r}")
    return int(value)


def check_ints(what: str, values: Any) -> list[int]:
    """Return a list or tuple of positive integers as a list; otherwise raise an InputError."""
    if not isinstance(values, list | tuple):
        raise InputError(f"{what} must be a list of whole numbers such as [8], got {values!r}")
    return [check_int(f"each of {what}", value) for value in values]


def check_float(
    what: str,
    value: Any,
    *,
    above: float = -math.inf,
    low: float = -math.inf,
    high: float = math.inf,
    below: float = math.inf,
) -> float:
    """Return a finite number between ``above`` and ``below`` and in [low, high] as a float.

    Raises:
        InputError: if it is anything else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = is_number and math.isfinite(value) and above < value < below and low <= value <= high
    if not fits:
        limits = {">": above, ">=": low, "<=": high, "<": below}
        bounds = " and ".join(f"{k} {v:g}" for k, v in limits.items() if math.isfinite(v))
        raise InputError(f"{what} must be a number {bounds}".rstrip() + f", got {value!r}")
    return float(value)
