"""Self-organizing maps: what each unit of the grid has learned."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import RegularPolygon

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import add_scatter, as_classes, as_floats, size_note, view_of
from nnzoo.figures.style import (
    Array,
    Floats,
    canvas,
    class_label,
    color,
    cut,
    heading,
    inches,
    legend_label,
    wrapped,
)
from nnzoo.figures.text import literal

MAX_PLANES, COLUMNS = 12, 4
"""Maximum number of component planes in a figure and in a row."""

MAX_TICKS = 8
"""Maximum number of rows or columns of which each has its number."""

TINT = "#CFE3F1"
"""Color of units with names."""

MAX_COLORED = 10
"""Maximum number of classes that have colors; with more, units have names."""


@literal
def unit_distances(
    positions: Array,
    distances: Array,
    *,
    hexagonal: bool,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the U-matrix: for each unit the mean distance of its weight to those of its neighbors.

    Dark borders separate clusters of light units. Source: A. Ultsch, H. P. Siemon, 1990, "Kohonen's
    self organizing feature maps for exploratory data analysis".

    Args:
        positions: (units, 2), places of the units on the grid.
        distances: (units,), mean distances.
        hexagonal: whether units are hexagons, otherwise squares.
    """
    positions = as_floats(positions, "positions", "units", 2)
    distances = as_floats(distances, "distances", len(positions))
    figure = canvas(figure, _size(positions, 5.2, 1.2))
    heading(figure, title, note)
    axes = _map(figure, positions)
    cells = _cells(axes, positions, hexagonal)
    cells.set(array=distances, cmap="Greys", edgecolor="face")
    figure.colorbar(cells, ax=axes, label="mean distance to adjacent units")
    return figure


@literal
def hits(
    positions: Array,
    winners: Array,
    y: Array | None = None,
    *,
    hexagonal: bool,
    class_names: Sequence[str] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw how many points each unit wins: the area of a cell's filling.

    Args:
        positions: (units, 2), places of the units on the grid.
        winners: (n,), index of the unit that wins each point.
        y: class indices (n,), whose most frequent one colors a unit; with more than ``MAX_COLORED``
            classes, its name is written on the unit. None: one color.
        hexagonal: whether units are hexagons, otherwise squares.
    """
    positions = as_floats(positions, "positions", "units", 2)
    units = len(positions)
    won = as_classes(winners, len(winners), "winners")
    classes = np.zeros(len(won), dtype=int) if y is None else as_classes(y, len(won))
    counts = np.zeros((units, classes.max() + 1))
    np.add.at(counts, (won, classes), 1)
    totals = counts.sum(1)
    figure = canvas(figure, _size(positions, 5.2, 1.2))
    heading(figure, title, note, f"largest number of points of a unit: {totals.max():.0f}")
    axes = _map(figure, positions)
    _cells(axes, positions, hexagonal).set(facecolor="white", edgecolor="#DDDDDD")
    best = counts.argmax(1)
    sizes = np.sqrt(totals / totals.max())
    if counts.shape[1] > MAX_COLORED:
        won_any = totals > 0
        _cells(axes, positions[won_any], hexagonal, sizes[won_any]).set(facecolor=TINT)
        names = [cut(class_label(k, class_names)) for k in range(counts.shape[1])]
        most = [[names[k] for k in np.flatnonzero(row == row.max())[:3]] for row in counts]
        _write(figure, axes, positions[won_any], [most[k] for k in np.flatnonzero(won_any)])
        return figure
    for k in range(counts.shape[1]):
        own = (best == k) & (totals > 0)
        if own.any():
            _cells(axes, positions[own], hexagonal, sizes[own]).set(facecolor=color(k))
    if y is not None:
        names = [legend_label(class_label(k, class_names)) for k in range(counts.shape[1])]
        for k, name in enumerate(names):
            axes.add_line(Line2D([], [], color=color(k), marker="h", ls="", label=name))
        add_legend(figure, axes, "most frequent class")
    return figure


@literal
def component_planes(
    positions: Array,
    weight: Array,
    *,
    hexagonal: bool,
    feature_names: Sequence[str],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw for each feature the weights of all units; features with equal weights are left out, and
    at most ``MAX_PLANES`` are drawn.

    Args:
        positions: (units, 2), places of the units on the grid.
        weight: (units, d).
        hexagonal: whether units are hexagons, otherwise squares.
    """
    positions = as_floats(positions, "positions", "units", 2)
    weight = as_floats(weight, "weight", len(positions), "d")
    features = weight.shape[1]
    if len(feature_names) != features:
        raise ValueError(f"{len(feature_names)} feature names for {features} features")
    varying = np.flatnonzero(np.ptp(weight, axis=0) > 0)
    shown = (varying if len(varying) else np.arange(features))[:MAX_PLANES]
    n = len(shown)
    columns = min(n, COLUMNS if n > 4 else math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    width, height = _size(positions, 2.3, 0.8)
    figure = canvas(figure, (max(width * columns, 4.4), 0.9 + height * rows))
    heading(figure, title, note, f"{n} of {features} features" if n < features else "")
    characters = int(9 * inches(figure)[0] / columns)
    for place, k in enumerate(shown.tolist(), start=1):
        axes = _map(figure, positions, (rows, columns, place))
        cells = _cells(axes, positions, hexagonal)
        cells.set(array=weight[:, k], cmap="viridis", edgecolor="face")
        axes.set_title(wrapped(feature_names[k], characters), fontsize="small")
        bar = figure.colorbar(cells, ax=axes)
        bar.ax.tick_params(labelsize="x-small")
    return figure


@literal
def unit_images(
    positions: Array,
    images: Array,
    *,
    image_shape: tuple[int, int],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the weights of all units as images without gaps, at their places on the grid.

    Args:
        positions: (units, 2), places of the units on the grid.
        images: (units, height * width).
        image_shape: (height, width).
    """
    height, width = image_shape
    places = as_floats(positions, "positions", "units", 2).copy()
    images = as_floats(images, "images", len(places), height * width)
    tall = height / width
    places[:, 1] = np.unique(places[:, 1], return_inverse=True)[1] * tall
    figure = canvas(figure, _size(places, 6.0, 0.8))
    heading(figure, title, note)
    axes = _map(figure, places)
    limits = axes.axis()
    for (px, py), image in zip(places.tolist(), images, strict=True):
        box = (px - 0.5, px + 0.5, py + tall / 2, py - tall / 2)
        shown = image.reshape(image_shape)
        axes.imshow(shown, extent=box, vmin=images.min(), vmax=images.max(), cmap="gray")
    axes.axis(limits)
    return figure


@literal
def unit_grid(
    x: Array,
    weight: Array,
    edges: Array,
    y: Array | None = None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw units among the points, with lines between adjacent ones.

    With more than three features, the figure shows the first two principal components of x.

    Args:
        x: (n, d).
        weight: (units, d).
        edges: (lines, 2), pairs of indices of units.
    """
    x = as_floats(x, "x", "n", "d")
    weight = as_floats(weight, "weight", "units", x.shape[1])
    view = view_of(x, feature_names)
    figure = canvas(figure)
    heading(figure, title, note, view.note, size_note(view(x)))
    axes: Any = add_scatter(figure, view, x, y, class_names, "", (1, 1, 1))
    units = view(weight)
    if units.shape[1] == 1:
        units = np.column_stack([units[:, 0], np.zeros(len(units))])
    for pair in np.asarray(edges, dtype=int):
        axes.plot(*units[pair].T, color="black", lw=0.8, alpha=0.7, zorder=3)
    axes.plot(*units.T, "o", color="black", ms=3.5, mec="white", mew=0.5, zorder=4, label="units")
    add_legend(figure, axes, "" if y is None else "class")
    return figure


def _write(figure: Any, axes: Axes, positions: Floats, names: Sequence[Sequence[str]]) -> None:
    """Write names, one per line, on units, in a size that fits the cells."""
    cell = 72 * inches(figure)[0] / (np.ptp(axes.get_xlim()) + 0.5)  # in points
    characters = max(len(name) for lines in names for name in lines)
    lines = max(map(len, names))
    size = float(np.clip(min(cell / (0.68 * characters), cell / (1.3 * lines)), 3, 10))
    for (px, py), text in zip(positions.tolist(), names, strict=True):
        axes.text(px, py, "\n".join(text), size=size, ha="center", va="center")


def _size(positions: Floats, width: float, more: float) -> tuple[float, float]:
    """Return the size in inches of a panel with a map of a width, and room for the rest."""
    across, down = np.ptp(positions, axis=0) + 1.4
    return width + more, float(np.clip(width * down / across, 1, 3 * width)) + more


def _map(figure: Any, positions: Floats, place: tuple[int, int, int] = (1, 1, 1)) -> Axes:
    """Add axes that hold the cells of all units, with the first row at the top."""
    axes: Axes = figure.add_subplot(*place)
    low, high = positions.min(0) - 0.7, positions.max(0) + 0.7
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
    rows = np.unique(positions[:, 1])
    columns = np.unique(positions[positions[:, 1] == rows[0], 0])
    for axis, places, name in ((axes.xaxis, columns, "column"), (axes.yaxis, rows, "row")):
        every = 1 if len(places) <= MAX_TICKS else 5
        axis.set_ticks(places[::every], labels=[str(k) for k in range(0, len(places), every)])
        axis.set_label_text(name, size="small")
    axes.tick_params(length=0, labelsize="x-small")
    axes.spines[:].set_visible(False)
    return axes


def _cells(
    axes: Axes, positions: Floats, hexagonal: bool, sizes: Floats | None = None
) -> PatchCollection:
    """Draw a cell for each unit, scaled by ``sizes``, and return them."""
    corners, turn = (6, 0.0) if hexagonal else (4, math.pi / 4)
    radius = 0.5 / math.cos(math.pi / corners)  # half the distance of two units to a side
    scales = np.ones(len(positions)) if sizes is None else sizes
    cells = PatchCollection(
        [
            RegularPolygon((px, py), corners, radius=radius * scale, orientation=turn)
            for (px, py), scale in zip(positions.tolist(), scales.tolist(), strict=True)
        ],
        antialiased=hexagonal,  # the blended edges of squares would be lines between them
    )
    axes.add_collection(cells)
    return cells
