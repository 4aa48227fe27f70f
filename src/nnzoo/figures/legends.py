"""Legends: in a free place at the edge of the axes, otherwise beside them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, PathCollection
from matplotlib.contour import ContourSet

from nnzoo.figures.style import Floats, inches

ROWS = 21
"""Maximum number of entries in a column."""

PLACES = {
    "upper right": (1.0, 1.0),
    "upper left": (0.0, 1.0),
    "lower right": (1.0, 0.0),
    "lower left": (0.0, 0.0),
    "upper center": (0.5, 1.0),
    "lower center": (0.5, 0.0),
    "center right": (1.0, 0.5),
    "center left": (0.0, 0.5),
}
"""Places of a legend within the axes, in the order in which they are tried."""


def add_legend(figure: Any, axes: Axes, title: str = "") -> None:
    """Draw the legend of the axes, if any, with a title and markers of a readable size.

    It lies at the edge of the axes where it hides nothing; if there is no such place, or if the
    figure has several axes or 3-D axes, on their right.
    """
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    style: dict[str, Any] = {"fontsize": "small", "title_fontsize": "small", "alignment": "left"}
    style |= {"title": title} if title else {}
    place: Any = None
    if len(figure.axes) == 1 and axes.name != "3d":
        place = free_place(figure, axes, [*labels, title])
    if place is not None:
        legend = axes.legend(handles, labels, loc=place, framealpha=0.9, **style)
    else:
        columns = math.ceil(len(labels) / ROWS)
        side = "outside right center"
        if (
            axes.name == "3d"
        ):  # leave space for the label of the vertical axis, which layouts ignore
            side = "outside right lower"
            width, height = inches(figure)
            for each in figure.axes if width < 1.6 * height * len(figure.axes) else ():
                each.set_anchor("W")
        legend = figure.legend(handles, labels, loc=side, ncols=columns, **style)
    for text in legend.get_texts():
        text.set_text(text.get_text().removeprefix(" "))  # from ``legend_label``
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set(alpha=1, sizes=handle.get_sizes().clip(40, 80))


def free_place(figure: Any, axes: Axes, labels: list[str]) -> str | None:
    """Return the place in the axes at which a legend with these labels hides nothing; None: there
    is none. The size of the legend is estimated, since it is known only once it is drawn."""
    width, height = inches(figure)
    lines = [line for label in labels if label for line in label.split("\n")]
    wide = (0.6 + 0.075 * max(map(len, lines))) / (0.8 * width)
    high = (0.2 + 0.2 * len(lines)) / (0.75 * height)
    if wide > 0.5 or high > 0.6:
        return None
    _ = axes.get_xlim(), axes.get_ylim()  # brings transData up to date
    to_axes = axes.transData + axes.transAxes.inverted()
    taken = np.concatenate([np.empty((0, 2)), *map(to_axes.transform, _drawn(axes))])
    for name, (x, y) in PLACES.items():
        left, bottom = x * (1 - wide), y * (1 - high)
        across = (taken[:, 0] > left) & (taken[:, 0] < left + wide)
        along = (taken[:, 1] > bottom) & (taken[:, 1] < bottom + high)
        if not (across & along).any():
            return name
    return None


def _drawn(axes: Axes) -> Iterator[Floats]:
    """Yield the points, texts and lines of axes as points (n, 2) in data coordinates."""
    for collection in axes.collections:
        if isinstance(collection, PathCollection):
            yield np.asarray(collection.get_offsets(), dtype=float)
        elif isinstance(collection, ContourSet | PatchCollection):
            yield from (np.asarray(path.vertices) for path in collection.get_paths())
    for text in axes.texts:
        yield np.array([getattr(text, "xy", text.get_position())], dtype=float)
    for line in axes.lines:
        points = np.asarray(line.get_xydata(), dtype=float)
        if line.get_transform() != axes.transData or not len(points):
            continue
        steps = np.linspace(0, 1, max(2, 1000 // len(points)))[:, None, None]
        between = points[:-1] + steps * (points[1:] - points[:-1])
        yield np.concatenate([points, between.reshape(-1, 2)])
