"""Numbers that a model predicts, beside those that it should."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.points import (
    add_axes,
    as_points,
    as_values,
    draw_classes,
    subset,
    view_of,
    with_notes,
)
from nnzoo.figures.style import canvas, legend_beside


def fitted_curve(
    x: NDArray[Any],
    y: NDArray[Any],
    curve_x: NDArray[Any],
    curve_y: NDArray[Any],
    *,
    feature_name: str,
    target_name: str,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points of one feature x (n, 1) and target y (n,) with the curve fitted to them.

    The curve is a line through curve_x (m, 1) and curve_y (m,), in rising order of curve_x. At
    most MOST_POINTS points are drawn. ValueError when shapes do not fit.
    """
    x = as_points(x, d=1)
    curve_x = as_points(curve_x, "curve_x", d=1)
    line = np.column_stack([curve_x, as_values(curve_y, len(curve_x), "curve_y")])
    line = line[np.argsort(line[:, 0], kind="stable")]
    figure = canvas(figure)
    axes = draw_points(figure, x, as_values(y, len(x)), [feature_name, target_name], title)
    axes.plot(*line.T, color="black", linewidth=2, zorder=4, label="fitted curve")
    legend_beside(figure, axes)
    return figure


def predicted_against_true(
    y: NDArray[Any],
    predicted: NDArray[Any],
    *,
    target_name: str,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw the predicted against the true values, both (n,), with the diagonal of equal ones.

    At most MOST_POINTS points are drawn. ValueError when shapes do not fit.
    """
    y = as_values(y, len(y))
    predicted = as_values(predicted, len(y), "predicted")
    figure = canvas(figure)
    names = [f"true {target_name}", f"predicted {target_name}"]
    axes = draw_points(figure, y[:, None], predicted, names, title)
    middle = (y.mean(), y.mean())
    axes.axline(middle, slope=1, color="black", linewidth=2, zorder=4, label="predicted = true")
    axes.set_aspect("equal", adjustable="datalim")
    legend_beside(figure, axes)
    return figure


def draw_points(
    figure: Figure,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    names: Sequence[str],
    title: str,
) -> Axes:
    """Draw points at x (n, 1) and y (n,) on new axes of these two names, and return the axes."""
    points = np.column_stack([x, y])
    kept = subset(len(points))
    axes = add_axes(figure, view_of(points, names))
    draw_classes(axes, points[kept], np.zeros(len(kept), int), ["points"])
    axes.set_title(with_notes(title, n=len(points)))
    return axes
