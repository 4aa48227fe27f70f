"""Where a classifier of two features decides for which class."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from nnzoo.figures.points import (
    add_axes,
    as_classes,
    as_points,
    draw_classes,
    subset,
    view_of,
    with_notes,
)
from nnzoo.figures.style import canvas, class_label, colour, legend_beside

GRID = 500


def decision_boundary(
    x: NDArray[Any],
    y: NDArray[Any],
    decide: Callable[[NDArray[np.float64]], NDArray[Any]],
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw the points x (n, 2) of classes y (n,) over the regions that `decide` gives each class.

    `decide` maps points (m, 2), in the units of x, to their classes (m,). It is asked once, at
    GRID x GRID points around x. Ten points or fewer are annotated with their class; at most
    MOST_POINTS are drawn. ValueError when shapes or names do not fit.
    """
    x = as_points(x, d=2)
    y = as_classes(y, len(x))
    across, up = (around(values) for values in x.T)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    regions = as_classes(decide(grid), len(grid), name="decide(x)").reshape(GRID, GRID)
    decided = np.unique(regions)

    figure = canvas(figure)
    axes = add_axes(figure, view_of(x, feature_names))
    light = [0.25 * np.array(to_rgb(colour(k))) + 0.75 for k in range(decided[-1] + 1)]
    axes.imshow(
        regions,
        extent=(across[0], across[-1], up[0], up[-1]),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=ListedColormap(light),
        vmin=-0.5,
        vmax=decided[-1] + 0.5,
    )
    for k in decided[1:]:
        axes.contour(across, up, (regions == k).astype(float), levels=[0.5], colors="black")
    kept = subset(len(x))
    draw_classes(axes, x[kept], y[kept], class_names, also=decided.tolist())
    for point, k in zip(x, y, strict=True) if len(x) <= 10 else ():
        axes.annotate(
            class_label(int(k), class_names),
            point,
            xytext=(0, 7),
            textcoords="offset points",
            horizontalalignment="center",
            path_effects=[withStroke(linewidth=2, foreground="white")],
            zorder=4,
        )
    if len(decided) > 1:
        axes.plot([], [], color="black", label="boundary")
    axes.set_title(with_notes(title, n=len(x)))
    legend_beside(figure, axes)
    return figure


def around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """GRID evenly spaced values that reach beyond the given ones by an eighth of their span."""
    margin = np.ptp(values) / 8 or 1.0
    return np.linspace(values.min() - margin, values.max() + margin, GRID)
