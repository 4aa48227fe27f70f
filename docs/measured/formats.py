"""Numbers of a page, as text and with the difference that is allowed, from what commands left.

A number is a pair: its text, and the relative difference above which the page is out of date.
"""

import shlex
from collections.abc import Sequence
from statistics import mean
from typing import Any

EXACT = 1e-4
CLOSE = 0.1
ROUGH = 0.5  # errors near zero depend on rounding

Numbers = dict[str, tuple[str, float]]
Commands = dict[str, Any]


def short(value: float, digits: int = 3) -> str:
    """Return a number to some significant digits."""
    return f"{value:.{digits}g}"


def listed(values: Sequence[float], digits: int = 3) -> str:
    """Return numbers in brackets."""
    return f"({', '.join(short(value, digits) for value in values)})"


def spread(name: str, values: Sequence[float], within: float = CLOSE, digits: int = 3) -> Numbers:
    """Return the mean of numbers as ``name``, and their range as ``name_range``."""
    low, high = short(min(values), digits), short(max(values), digits)
    shown = low if low == high else f"{low} to {high}"
    return {name: (short(mean(values), digits), within), f"{name}_range": (shown, within)}


def only(ran: Commands, *words: str) -> Any:
    """Return what the command with these words left; of several, that with the fewest words."""
    found = [command for command in ran if set(words) <= set(shlex.split(command))]
    return ran[min(found, key=lambda command: len(shlex.split(command)))]
