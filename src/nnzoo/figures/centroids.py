"""Centroids and prototypes: among their points, or as images."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import (
    add_axes,
    as_classes,
    as_floats,
    coincident,
    draw,
    size_note,
    subset,
    view_of,
)
from nnzoo.figures.style import Array, canvas, color, heading, marker
from nnzoo.figures.text import literal

MAX_IMAGES, COLUMNS = 60, 10
"""Maximum number of images in a figure and in a row."""


@literal
def clusters(
    x: Array,
    learned: Array,
    true: Array | None = None,
    *,
    winners: Array | None = None,
    kind: str = "centroids",
    feature_names: Sequence[str],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points with learned and true centroids.

    With more than three features, the figure shows the first three principal components of x.
    True centroids are rings around the learned ones, so that neither hides the other.

    Args:
        x: (n, d).
        learned: (k, d), learned centroids.
        true: (c, d), true centroids; None: unknown.
        winners: (n,), index of the unit that wins each point, which sets its color; None: one
            color.
        kind: what the learned vectors are called.
    """
    x = as_floats(x, "x", "n", "d")
    learned = as_floats(learned, "learned", "k", x.shape[1])
    view = view_of(x, feature_names, components=3)
    kept = subset(len(x))
    figure = canvas(figure)
    heading(figure, title, note, view.note, size_note(view(x[kept])))
    axes = add_axes(figure, view)

    label = "points" if len(kept) == len(x) else f"points ({len(kept)} of {len(x)})"
    points, units = view(x[kept]), np.full(len(kept), 4)
    if winners is not None:
        units = as_classes(winners, len(x), "winners")[kept]
        label += ",\nby winning unit"
    jitter = np.random.default_rng(0).uniform(-1, 1, len(kept))
    sizes = np.full(len(kept), 14.0)
    if points.shape[1] > 1:
        chosen, factors = coincident(points, units)
        points, units, sizes = points[chosen], units[chosen], 14.0 * factors.clip(1, 30)
        if sizes.max() > 200 and points.shape[1] == 2:
            axes.margins(0.08)  # otherwise the edge cuts large markers
    for shape in sorted({marker(k) for k in units.tolist()}, reverse=True):
        members = np.array([marker(k) == shape for k in units.tolist()])
        style: dict[str, Any] = {"color": [color(k) for k in units[members].tolist()]}
        style |= {"marker": shape, "s": sizes[members], "alpha": 0.7, "linewidths": 0}
        draw(axes, points[members], jitter[: len(points)][members], **style)
    gray = color(int(units[0])) if winners is None else "#777777"
    draw(axes, points[:0], color=gray, marker="o", s=14.0, label=label)  # for the legend alone
    style = {"marker": "h", "s": 70, "zorder": 4, "linewidths": 0.8, "edgecolors": "white"}
    draw(axes, view(learned), color="black", label=f"learned {kind}", **style)
    if true is not None:
        centers = view(as_floats(true, "true", "c", x.shape[1]))
        style = {"marker": "o", "s": 230, "zorder": 5, "linewidths": 2, "facecolors": "none"}
        draw(axes, centers, edgecolors="red", label=f"true {kind}", **style)
    add_legend(figure, axes)
    return figure


@literal
def image_grid(
    images: Array,
    labels: Sequence[str],
    *,
    image_shape: tuple[int, int],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw images on one gray scale, each below its label; at most ``MAX_IMAGES`` of them.

    Args:
        images: (n, height * width).
        labels: n texts.
        image_shape: (height, width).
    """
    height, width = image_shape
    images = as_floats(images, "images", "n", height * width)
    n = min(len(images), MAX_IMAGES)
    columns = min(n, COLUMNS if n > 12 else math.ceil(math.sqrt(2 * n)))
    rows = math.ceil(n / columns)
    size = max(4.0, 1.1 * columns), 0.9 + rows * (1.1 * height / width + 0.3)
    figure = canvas(figure, size)
    heading(figure, title, note, f"{n} of {len(images)}" if n < len(images) else "")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    low, high = images[:n].min(), images[:n].max()
    for axes, image, label in zip(grid, images[:n], labels, strict=False):
        axes.imshow(image.reshape(image_shape), vmin=low, vmax=high, cmap="gray")
        axes.set(xticks=[], yticks=[])
        axes.set_title(label, fontsize="x-small")
    for axes in grid[n:]:
        axes.set_axis_off()
    return figure
