"""Colours, sizes and legends that all figures share."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

# Okabe and Ito's palette for all kinds of colour vision, without black, and three more.
COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"),
    *("#D55E00", "#F0E442", "#999999", "#661100", "#332288"),
)
ONE_PANEL = (6.4, 4.8)
TWO_PANELS = (10.0, 4.8)


def colour(k: int) -> str:
    """The colour of class k, in hex; after the last one the palette starts again."""
    return COLOURS[k % len(COLOURS)]


def class_label(k: int, class_names: Sequence[str] | None) -> str:
    """The name of class k; 'class k' without names. ValueError when the names are too few."""
    if class_names is None:
        return f"class {k}"
    if k >= len(class_names):
        raise ValueError(f"class {k} has no name among {list(class_names)}")
    return str(class_names[k])


def wrapped(text: str, width: int = 45) -> str:
    """The text in lines of at most so many characters, a longer word on a line of its own."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def canvas(figure: Figure | None, size: tuple[float, float] = ONE_PANEL) -> Figure:
    """The given figure, or a new one of this size in inches; laid out so that nothing is cut."""
    figure = Figure(figsize=size) if figure is None else figure
    figure.set_layout_engine("constrained")
    return figure


def legend_beside(figure: Figure, axes: Axes) -> None:
    """Put the legend of the axes, if it has entries, at the right side of their figure."""
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    legend = figure.legend(handles, labels, loc="outside right upper")
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set(alpha=1, sizes=handle.get_sizes().clip(40, 120))
