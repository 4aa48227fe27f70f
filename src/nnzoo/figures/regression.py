"""Predictions of numbers: fitted curves, predicted and true values, residuals."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import add_centers, add_scatter, as_floats, size_note, view_of
from nnzoo.figures.style import ONE_PANEL, Array, Floats, canvas, heading
from nnzoo.figures.text import literal

MAX_TARGETS = 9
"""Maximum number of targets, with a panel for each."""


@literal
def fitted_curve(
    x: Array,
    y: Array,
    curve_x: Array,
    curve_y: Array,
    centers: Array | None = None,
    *,
    feature_name: str,
    target_names: Sequence[str],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points of one feature and each target with the fitted curve.

    Args:
        x, y: (n, 1) and (n, targets), the points.
        curve_x, curve_y: (m, 1), in any order, and (m, targets), the predictions for them.
        centers: (c, 1), points of the model that are marked on the curve; None: none.
        feature_name, target_names: labels of the axes.
    """
    x, curve_x = as_floats(x, "x", "n", 1), as_floats(curve_x, "curve_x", "m", 1)
    y = as_floats(y, "y", len(x), len(target_names))
    curve_y = as_floats(curve_y, "curve_y", len(curve_x), len(target_names))
    order = np.argsort(curve_x[:, 0], kind="stable")

    def add(figure: Any, position: tuple[int, int, int], k: int) -> Axes:
        points = np.column_stack([x, y[:, k]])
        axes = _add_points(figure, position, points, [feature_name, target_names[k]])
        line = curve_x[order, 0], curve_y[order, k]
        axes.plot(*line, color="black", linewidth=2, zorder=4, label="fitted curve")
        if centers is not None:
            at = as_floats(centers, "centers", "c", 1)[:, 0]
            add_centers(axes, np.column_stack([at, np.interp(at, *line)]))
        return axes

    return _panels(figure, add, len(target_names), title, note, size_note(x))


@literal
def predicted_against_true(
    y: Array,
    predicted: Array,
    *,
    target_names: Sequence[str],
    axes_names: tuple[str, str] = ("true", "predicted"),
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw predicted against true values, both (n, targets), with the diagonal ``predicted =
    true`` and a panel for each target; ``axes_names`` are other words for both."""
    y = as_floats(y, "y", "n", len(target_names))
    predicted = as_floats(predicted, "predicted", *y.shape)
    is_true, predicts = axes_names

    def add(figure: Any, position: tuple[int, int, int], k: int) -> Axes:
        name, points = target_names[k], np.column_stack([y[:, k], predicted[:, k]])
        axes = _add_points(figure, position, points, [f"{of} {name}" for of in axes_names])
        low, high = points.min(), points.max()
        margin = 0.06 * ((high - low) or abs(high) or 1.0)
        limits = (low - margin, high + margin)
        style: dict[str, Any] = {"color": "black", "linewidth": 2, "zorder": 4}
        axes.plot(limits, limits, label=f"{predicts} = {is_true}", **style)
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5 if y.shape[1] == 1 else 3, prune="both"))
        return axes

    return _panels(figure, add, y.shape[1], title, note, size_note(y[:, :1]), width=5.2)


@literal
def residuals(
    y: Array,
    predicted: Array,
    *,
    target_names: Sequence[str],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw residuals, true minus predicted values, over the predicted values, both (n, targets)."""
    y = as_floats(y, "y", "n", len(target_names))
    predicted = as_floats(predicted, "predicted", *y.shape)

    def add(figure: Any, position: tuple[int, int, int], k: int) -> Axes:
        points = np.column_stack([predicted[:, k], y[:, k] - predicted[:, k]])
        names = [f"predicted {target_names[k]}", f"true - predicted {target_names[k]}"]
        axes = _add_points(figure, position, points, names)
        axes.axhline(0, color="black", linewidth=2, zorder=2)
        return axes

    return _panels(figure, add, y.shape[1], title, note, size_note(y[:, :1]))


def _panels(
    figure: Any, add: Any, targets: int, title: str, *notes: str, width: float = ONE_PANEL[0]
) -> Figure:
    """Draw a panel for each target, ``add(figure, (rows, columns, index), target)``."""
    shown = min(targets, MAX_TARGETS)
    columns = shown if shown <= 3 else math.ceil(math.sqrt(shown))
    rows = math.ceil(shown / columns)
    scale = 1 if shown == 1 else 0.62
    size = width * columns * scale, ONE_PANEL[1] * rows * scale
    figure = canvas(figure, size)
    first = f"the first {shown} of {targets} panels" if shown < targets else ""
    heading(figure, title, *notes, first)
    axes = [add(figure, (rows, columns, k + 1), k) for k in range(shown)]
    if len(axes[-1].get_legend_handles_labels()[1]) > 1:
        add_legend(figure, axes[-1])
    return figure


def _add_points(
    figure: Any, position: tuple[int, int, int], points: Floats, names: Sequence[str]
) -> Axes:
    """Add axes with points (n, 2) in one color."""
    view, one_class = view_of(points, names, drop=False), np.zeros(len(points))
    return add_scatter(figure, view, points, one_class, ["points"], position=position)
