"""Predictions of a supervised model: decision boundaries, decisions of a unit, regression."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter

from nnzoo.figures.points import (
    MAX_LARGE_POINTS,
    add_notes,
    add_scatter,
    as_classes,
    as_floats,
    view_of,
)
from nnzoo.figures.style import (
    COLORS,
    TWO_PANELS,
    Array,
    Floats,
    canvas,
    class_label,
    legend_beside,
    legend_label,
    wrapped,
)
from nnzoo.figures.text import literal

GRID = 500
"""Number of points of a decision boundary's grid along each axis."""

STEPS, MAX_FACTOR = 300, 3.0
"""Number of intervals along each x axis of ``decision_shares``, and the largest factor."""


@literal
def decision_boundary(
    x: Array,
    y: Array,
    decide: Callable[[Floats], Array],
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points over the regions of the predicted classes.

    Up to ``MAX_LARGE_POINTS`` points are annotated with their class.

    Args:
        x: (n, 2).
        decide: maps points (m, 2), in the units of x, to class indices (m,); called once with
            ``GRID * GRID`` points around x.
    """
    x = as_floats(x, "x", "n", 2)
    y = as_classes(y, len(x))
    margin = np.ptp(x, axis=0) / 8
    margin[margin == 0] = 1.0
    horizontal, vertical = np.linspace(x.min(axis=0) - margin, x.max(axis=0) + margin, GRID).T
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    regions = as_classes(decide(grid), len(grid), "decide(x)").reshape(GRID, GRID)
    predicted = np.unique(regions).tolist()

    figure = canvas(figure)
    view, title = view_of(x, feature_names), add_notes(title, n=len(x))
    axes = add_scatter(figure, view, x, y, class_names, title, also=predicted)
    light_colors = 0.25 * np.array([to_rgb(name) for name in COLORS]) + 0.75
    style: dict[str, Any] = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    axes.imshow(light_colors[regions % len(COLORS)], extent=extent, **style)
    for k in predicted[1:]:
        axes.contour(horizontal, vertical, 1.0 * (regions == k), levels=[0.5], colors="black")
    if len(predicted) > 1:
        axes.plot([], [], color="black", label="boundary")
    style = {"textcoords": "offset points", "horizontalalignment": "center", "zorder": 4}
    outline = [withStroke(linewidth=2, foreground="white")]
    for point, k in zip(x, y, strict=True) if len(x) <= MAX_LARGE_POINTS else ():
        axes.annotate(class_label(k, class_names), point, (0, 7), path_effects=outline, **style)
    legend_beside(figure, axes)
    return figure


@literal
def decision_shares(
    x: Array,
    weight: Array,
    bias: float,
    *,
    feature_names: Sequence[str],
    class_name: str,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw how the decisions of a threshold unit depend on its weights and its threshold.

    The unit fires, and so predicts the named class, if ``w·x + b > 0``. Both panels show the share
    of points for which it fires. In the left panel, one weight at a time is multiplied by a factor
    from 0 to ``MAX_FACTOR``. In the right panel, the threshold ``-b`` changes. If there are more
    features than colors, the left panel shows those with the largest |weight|.

    Args:
        x: (n, d).
        weight, bias: w (d,) and b.
        class_name: name of the class for which the unit fires.
    """
    x = as_floats(x, "x", "n", "d")
    d = x.shape[1]
    weight = as_floats(weight, "weight", d)
    if len(feature_names) != d:
        raise ValueError(f"{len(feature_names)} feature names for {d} features")
    figure = canvas(figure, TWO_PANELS)
    left, right = figure.subplots(1, 2)

    net = x @ weight
    factors = np.linspace(0, MAX_FACTOR, STEPS + 1)
    largest = np.argsort(-np.abs(weight), kind="stable")[: len(COLORS)]
    for i, k in enumerate(sorted(largest)):
        change = weight[k] * x[:, k]
        shares = [(net + (factor - 1) * change + bias > 0).mean() for factor in factors]
        label = f"{feature_names[k]} (w={weight[k] + 0.0:.3g})"  # + 0.0 turns -0 into 0
        left.plot(factors, shares, color=COLORS[i], label=legend_label(wrapped(label, 28)))
    low, high = left.dataLim.intervaly
    left.set_ylim(max(low - 0.05, -0.005), min(high + 0.05, 1.005))
    left.axvline(1, color="black", linestyle=":", label="as learned")
    subset_note = f"\n({len(largest)} of {d}, with the largest |w|)" if len(largest) < d else ""
    left.set(title=f"one weight is multiplied{subset_note}", xlabel="multiplier")
    left.set_ylabel(wrapped(f"share of points classified as {class_name}"))

    ends = np.array([net.min(), net.max(), -bias])
    margin = np.ptp(ends) / 20 or 1.0
    thresholds = np.linspace(ends.min() - margin, ends.max() + margin, STEPS + 1)
    right.plot(thresholds, [(net > threshold).mean() for threshold in thresholds], color="black")
    right.axvline(-bias, color="black", linestyle=":")
    right.set(title="the threshold changes", xlabel="threshold on w·x", ylim=(-0.03, 1.03))
    right.locator_params(axis="x", nbins=6)
    for axes in (left, right):
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    legend_beside(figure, left)
    return figure


@literal
def fitted_curve(
    x: Array,
    y: Array,
    curve_x: Array,
    curve_y: Array,
    *,
    feature_name: str,
    target_name: str,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points of one feature and one target with the fitted curve.

    Args:
        x, y: (n, 1) and (n,), the points.
        curve_x, curve_y: (m, 1), in any order, and (m,), the predictions for them.
        feature_name, target_name: labels of the axes.
    """
    x, curve_x = as_floats(x, "x", "n", 1), as_floats(curve_x, "curve_x", "m", 1)
    points = np.column_stack([x, as_floats(y, "y", len(x))])
    line = np.column_stack([curve_x, as_floats(curve_y, "curve_y", len(curve_x))])
    line = line[np.argsort(line[:, 0], kind="stable")]
    figure = canvas(figure)
    axes = _add_points(figure, points, [feature_name, target_name], title)
    axes.plot(*line.T, color="black", linewidth=2, zorder=4, label="fitted curve")
    legend_beside(figure, axes)
    return figure


@literal
def predicted_against_true(
    y: Array, predicted: Array, *, target_name: str, title: str, figure: Figure | None = None
) -> Figure:
    """Draw predicted (n,) against true values y (n,), with the diagonal ``predicted = true``."""
    y = as_floats(y, "y", "n")
    points = np.column_stack([y, as_floats(predicted, "predicted", len(y))])
    figure = canvas(figure)
    names = [f"true {target_name}", f"predicted {target_name}"]
    axes = _add_points(figure, points, names, title)
    center = (y.mean(), y.mean())
    axes.axline(center, slope=1, color="black", linewidth=2, zorder=4, label="predicted = true")
    axes.set_aspect("equal", adjustable="datalim")
    legend_beside(figure, axes)
    return figure


def _add_points(figure: Figure, points: Floats, names: Sequence[str], title: str) -> Axes:
    """Add axes with points (n, 2) in one color."""
    view, one_class = view_of(points, names), np.zeros(len(points))
    return add_scatter(figure, view, points, one_class, ["points"], add_notes(title, n=len(points)))
