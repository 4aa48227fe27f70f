"""Text for messages and tables."""

from collections.abc import Sequence
from pathlib import Path

from nnzoo.errors import printable

MAX_ITEMS = 10
"""Maximum length of a list that is printed in full."""


def listed(items: Sequence[str]) -> str:
    """Return items joined by commas in one line; of many, the first and last three."""
    shown = [*items[:3], "...", *items[-3:]] if len(items) > MAX_ITEMS else items
    return ", ".join(map(printable, shown))


def short_path(path: str | Path) -> str:
    """Return a path, relative to the current folder if it lies below it."""
    here, path = Path.cwd(), Path(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
