"""Text for messages and tables."""

from pathlib import Path


def capitalized(text: str) -> str:
    """Return a text that starts with a capital letter."""
    return text[:1].upper() + text[1:]


def short_path(path: str | Path) -> str:
    """Return a path, relative to the current folder if it lies below it."""
    here, path = Path.cwd(), Path(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
