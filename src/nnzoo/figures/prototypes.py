"""Prototypes with classes: their cells among the points, and the relevances of the features."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nnzoo.figures.boundary import FLAT
from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import add_scatter, as_classes, as_floats, size_note, view_of
from nnzoo.figures.style import COLORS, Array, Floats, canvas, color, heading, wrapped
from nnzoo.figures.text import literal

GRID = 400
"""Number of points of the grid along each axis."""

MAX_BARS = 30
"""Maximum number of relevances drawn as bars."""


@literal
def voronoi(
    x: Array,
    y: Array,
    prototypes: Array,
    classes: Array,
    winner: Callable[[Floats], Array],
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points over the cells of prototypes, in the colors of the prototypes' classes.

    Lines separate cells, black ones those of different classes. With more than two features, the
    figure shows the plane of the first two principal components of x: the cells are cut by the
    plane, points and prototypes are projected to it.

    Args:
        x: (n, d), with d of at least 2.
        prototypes: (k, d).
        classes: class indices of the prototypes, (k,).
        winner: maps points (m, d), in the units of x, to the indices of the nearest prototypes
            (m,); called once with ``GRID * GRID`` points.
    """
    x = as_floats(x, "x", "n", "d")
    y = as_classes(y, len(x))
    prototypes = as_floats(prototypes, "prototypes", "k", x.shape[1])
    classes = as_classes(classes, len(prototypes), "classes")
    view = view_of(x, feature_names, at_most=2, drop=False)
    points, centers = view(x), view(prototypes)
    both = np.concatenate([points, centers])
    margin = np.ptp(both, axis=0) / 12
    margin[margin == 0] = 1.0
    horizontal, vertical = np.linspace(both.min(0) - margin, both.max(0) + margin, GRID).T
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    won = as_classes(winner(view.center + grid @ view.directions.T), len(grid), "winner(x)")
    cells = won.reshape(GRID, GRID)
    regions = classes[cells]

    figure = canvas(figure)
    cut = "cells in the plane of the components" if view.is_pca else ""
    heading(figure, title, note, view.note, cut, size_note(points))
    axes = add_scatter(figure, view, x, y, class_names, also=np.unique(regions).tolist())
    colors = np.array([to_rgb(name) for name in COLORS])[regions % len(COLORS)]
    style: dict[str, Any] = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    axes.imshow(1 - FLAT * (1 - colors), extent=extent, **style)
    for values, width, line in ((cells, 0.7, "dimgray"), (regions, 1.6, "black")):
        for k in np.unique(values)[1:].tolist():
            inside = 1.0 * (values == k)
            axes.contour(
                horizontal, vertical, inside, levels=[0.5], colors=line, linewidths=width, zorder=2
            )
    shown: dict[str, Any] = {
        "marker": "h",
        "s": 110,
        "linewidths": 1.2,
        "edgecolors": "black",
        "zorder": 4,
    }
    filled = shown | {"c": [color(k) for k in classes.tolist()]}
    axes.scatter(centers[:, 0], centers[:, 1], **filled)
    axes.scatter([], [], **shown | {"c": "white", "label": "prototypes"})
    axes.set(xlim=extent[:2], ylim=extent[2:])
    add_legend(figure, axes, "class")
    return figure


@literal
def relevances(
    values: Array,
    *,
    feature_names: Sequence[str],
    image_shape: tuple[int, int] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the relevance of each feature as a bar, the largest ``MAX_BARS`` of them; those of
    pixels as an image.

    Args:
        values: (d,), which add up to 1.
        image_shape: (height, width); None: the features are not pixels.
    """
    values = as_floats(values, "values", len(feature_names))
    if image_shape is not None:
        figure = canvas(figure, (4.6, 4.2))
        heading(figure, title, note)
        axes = figure.add_subplot()
        image = axes.imshow(values.reshape(image_shape), cmap="viridis", vmin=0)
        axes.set(xticks=[], yticks=[])
        figure.colorbar(image, ax=axes, label="relevance")
        return figure
    order = np.argsort(-values, kind="stable")[:MAX_BARS][::-1]
    figure = canvas(figure, (6.0, 1.6 + 0.24 * len(order)))
    heading(
        figure, title, note, f"{len(order)} of {len(values)}" if len(order) < len(values) else ""
    )
    axes = figure.add_subplot()
    labels = [wrapped(feature_names[k], 30) for k in order.tolist()]
    axes.barh(np.arange(len(order)), values[order], color=color(0))
    axes.set_yticks(np.arange(len(order)), labels, fontsize="small")
    axes.set_xlabel("relevance")
    axes.locator_params(axis="x", nbins=5)
    return figure
