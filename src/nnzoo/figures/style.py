"""Colors, sizes and legends of all figures."""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnzoo.errors import printable

Array = NDArray[Any]
Floats = NDArray[np.float64]

COLORS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"),
    *("#D55E00", "#F0E442", "#999999", "#661100", "#332288"),
)
"""The color-blind safe palette of Okabe and Ito without black, and three more colors."""

ONE_PANEL, TWO_PANELS = (6.4, 4.8), (10.0, 4.8)
"""Width and height in inches of a figure with one panel and with two."""


def color(k: int) -> str:
    """Return the hex color of class k; the palette repeats after its last color."""
    return COLORS[k % len(COLORS)]


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


def style_epochs(axes: Axes) -> None:
    """Draw a grid, and ticks of the x axis only at integers."""
    locator = MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    axes.xaxis.set_major_locator(locator)
    axes.grid(alpha=0.3)


def legend_beside(figure: Figure, axes: Axes) -> None:
    """Draw the legend of the axes, if any, on the right, with markers of a readable size."""
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    legend = figure.legend(handles, labels, loc="outside right upper")
    for text in legend.get_texts():
        text.set_text(text.get_text().removeprefix(" "))  # from ``legend_label``
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set(alpha=1, sizes=handle.get_sizes().clip(40, 120))
