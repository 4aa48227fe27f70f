"""Tables of text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from nnzoo.errors import printable

WIDTH = 100


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a title and rows; the columns are the keys of all rows.

    On a terminal the table fits its width. Otherwise it is plain lines in aligned columns, neither
    cut nor wrapped. Control characters are printed as escapes.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_text(row.get(column, "")) for column in columns] for row in rows]
    columns = list(map(printable, columns))
    print(printable(title))
    if not rows:
        return
    if (console := Console()).is_terminal:
        table = Table(box=SIMPLE_HEAD)
        for column in columns:
            table.add_column(Text(column), overflow="fold")
        for line in cells:
            table.add_row(*map(Text, line))  # brackets in a Text, unlike a str, are not markup
        console.print(table)
        return
    for text in aligned([columns, *cells]):
        print(f"  {text}".rstrip())


def print_metrics(title: str, metrics: Mapping[str, float]) -> None:
    """Print a title and metrics by name."""
    print_table(title, [{"metric": name, "value": value} for name, value in metrics.items()])


def aligned(rows: Sequence[Sequence[str]], widest: Sequence[int] = ()) -> Iterator[str]:
    """Yield rows as lines in aligned columns.

    Args:
        rows: with equal numbers of cells.
        widest: maximum width of each column but the last, which gets the rest of ``WIDTH``; longer
            cells are wrapped. If empty, nothing is wrapped.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if widest:
        widths = list(map(min, widths[:-1], widest))
        widths.append(WIDTH - sum(widths) - 2 * (len(widths) + 1))
    for row in rows:
        cells = [
            wrap(cell, width, break_on_hyphens=False) if len(cell) > width else [cell]
            for cell, width in zip(row, widths, strict=True)
        ]
        for parts in zip_longest(*cells, fillvalue=""):
            yield "  ".join(map(str.ljust, parts, widths)).rstrip()


def _text(value: Any) -> str:
    """Return a value as text: numbers with six digits, a list of one item as that item."""
    if isinstance(value, list):
        inner = ", ".join(map(_text, value))
        return inner if len(value) == 1 else f"[{inner}]"
    return f"{value:.6g}" if isinstance(value, float) else printable(value)
