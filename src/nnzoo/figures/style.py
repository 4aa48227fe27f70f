"""Colors, sizes and headings of all figures."""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnzoo.errors import printable

Array = NDArray[Any]
Floats = NDArray[np.float64]

COLORS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"),
    *("#D55E00", "#F0E442", "#999999", "#661100", "#332288"),
    *("#0000FF", "#00E666", "#B24CFF", "#333333", "#E6004C"),
    *("#990080", "#B2E6B2", "#0066FF", "#1A00B2", "#E6CCFF"),
)
"""The color-blind safe palette of Okabe and Ito without black, three more colors, and ten that lie
as far as possible from these and from each other in CIELAB."""

MARKERS = "osD^vP*X"
"""Markers of ten colors each, since no palette of more is safe for all readers."""

ONE_PANEL, TWO_PANELS = (6.4, 4.8), (10.0, 4.8)
"""Width and height in inches of a figure with one panel and with two."""

MAX_NAME = 20
"""Maximum number of characters of a name beside a row or a unit; longer ones are cut."""

CHARACTERS = 9.5
"""Number of characters of a title per inch."""


def color(k: int) -> str:
    """Return the hex color of class k; the palette repeats after its last color."""
    return COLORS[k % len(COLORS)]


def marker(k: int) -> str:
    """Return the marker of class k, another one for every ten classes."""
    return MARKERS[k // 10 % len(MARKERS)]


def class_label(k: int, class_names: Sequence[str] | None) -> str:
    """Return the name of class k in one line, or "class k" without names; ValueError if there are
    too few names."""
    if class_names is None:
        return f"class {k}"
    if k >= len(class_names):
        raise ValueError(f"class {k} has no name among {list(class_names)}")
    return printable(class_names[k])


def legend_label(text: str) -> str:
    """Return a text as a label; a space keeps matplotlib from hiding one that starts with ``_``."""
    return f" {text}" if text[:1] in ("", "_") else text


def cut(name: str) -> str:
    """Return a name, shortened to ``MAX_NAME`` characters."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 3]}..."


def wrapped(text: str, width: int = 45) -> str:
    """Wrap text to lines of at most ``width`` characters; longer words get their own line."""
    return textwrap.fill(printable(text), width, break_long_words=False, break_on_hyphens=False)


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        image = io.BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()


def canvas(figure: Any, size: tuple[float, float] = ONE_PANEL) -> Any:
    """Return the given Figure or SubFigure, or a new Figure of this size in inches, with
    constrained layout."""
    if isinstance(figure, SubFigure):
        return figure
    figure = figure or Picture(figsize=size)
    figure.set_layout_engine("constrained")
    return figure


def place_of(ax: Any) -> Any:
    """Return a SubFigure in the place of axes, which are removed; a SubFigure is returned itself.

    Raises:
        ValueError: if it is none of these, or the axes are not in a grid.
    """
    if isinstance(ax, Figure | SubFigure):
        return ax
    if not isinstance(ax, Axes):
        raise ValueError(f"ax must be Axes or a SubFigure of matplotlib, got {type(ax).__name__}")
    whole, cell = ax.get_figure(), ax.get_subplotspec()
    if whole is None or cell is None:
        raise ValueError("ax must be in a grid, such as the axes of plt.subplots()")
    root = whole.figure
    if root.get_layout_engine() is None:
        root.set_layout_engine("constrained")
    ax.remove()
    return whole.add_subfigure(cell)


def inches(figure: Any) -> tuple[float, float]:
    """Return width and height of a Figure or SubFigure."""
    width, height = figure.bbox.size / figure.dpi
    return float(width), float(height)


def heading(figure: Any, title: str, *notes: str) -> None:
    """Draw a title above a figure, wrapped to its width, and notes in small gray text below it."""
    width = int(CHARACTERS * inches(figure)[0])
    lines = [wrapped(line, width) for line in title.split("\n")]
    figure.suptitle("\n".join(lines), fontsize="large")
    if note := " · ".join(filter(None, notes)):
        figure.supxlabel(wrapped(note, int(1.5 * width)), fontsize="x-small", color="#666666")


def style_epochs(axes: Axes) -> None:
    """Draw a grid, and ticks of the x axis only at integers."""
    locator = MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    axes.xaxis.set_major_locator(locator)
    axes.grid(alpha=0.3)
