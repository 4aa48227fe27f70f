"""Printed tables."""

from collections.abc import Mapping, Sequence
from typing import Any


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a title and rows; the columns are the keys of all rows.

    On a terminal the table fits its width. Otherwise it is plain lines in aligned columns, neither
    cut nor wrapped.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_text(row.get(column, "")) for column in columns] for row in rows]
    print(title)
    if not rows:
        return
    if (console := Console()).is_terminal:
        table = Table(box=SIMPLE_HEAD)
        for column in columns:
            table.add_column(Text(column), overflow="fold")
        for line in cells:
            table.add_row(*map(Text, line))  # in a Text brackets are no markup
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in [columns, *cells]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    """Return a value as text: numbers with six digits, a list of one item as that item."""
    if isinstance(value, list):
        inner = ", ".join(map(_text, value))
        return inner if len(value) == 1 else f"[{inner}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
