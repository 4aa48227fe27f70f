"""Sequences: predicted and true values over time, and errors by step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnzoo.errors import printable
from nnzoo.figures.legends import add_legend
from nnzoo.figures.style import Array, canvas, color, heading, legend_label, style_epochs
from nnzoo.figures.text import literal

MAX_PANELS = 4
"""Maximum number of panels, one for each target."""

MAX_MARKED = 60
"""Maximum number of steps that have markers."""


@literal
def predicted_series(
    y: Array,
    predicted: Array,
    *,
    target_names: Sequence[str],
    title: str,
    start: int = 0,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the true and predicted values of a sequence over its steps, with a panel per target.

    Args:
        y, predicted: (time, targets).
        target_names: titles of the panels.
        start: number of first steps whose predictions do not count; they are dotted, and leave the
            panel where they are far from the other values.
    """
    y, predicted = _steps(y, "y", len(target_names)), _steps(predicted, "predicted", y.shape[1])
    if len(y) != len(predicted):
        raise ValueError(f"y has {len(y)} steps and predicted {len(predicted)}")
    if (more := len(target_names) - MAX_PANELS) > 0:
        note = " · ".join(filter(None, (note, f"{more} more targets are not shown")))
    figure = canvas(figure)
    heading(figure, title, note)
    shown = list(target_names)[:MAX_PANELS]
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    steps = np.arange(len(y))
    marker: dict[str, Any] = {"marker": ".", "markersize": 4} if len(y) <= MAX_MARKED else {}
    for k, (axes, name) in enumerate(zip(panels, shown, strict=True)):
        axes.plot(steps, y[:, k], color="black", linewidth=1.2, label="true", **marker)
        style: dict[str, Any] = {"color": color(5), "linewidth": 1.2, **marker}
        axes.plot(steps[start:], predicted[start:, k], label="predicted", **style)
        if start:
            early = steps[: start + 1], predicted[: start + 1, k]
            axes.plot(*early, linestyle=":", label="predicted, does not count", **style)
            _limit(axes, np.concatenate([y[:, k], predicted[start:, k]]))
        axes.set_title(legend_label(printable(name))[:50], fontsize="small", loc="left")
        style_epochs(axes)
    panels[-1].set_xlabel("step")
    add_legend(figure, panels[0])
    return figure


@literal
def errors_by_step(
    errors: Array,
    *,
    target_names: Sequence[str],
    title: str,
    start: int = 0,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the error at each step of the sequences.

    Args:
        errors: (time, targets), such as root mean squared errors over the sequences.
        target_names: a curve each.
        start: number of first steps whose errors do not count; they are shaded, and leave the
            panel where they are far above the others.
    """
    errors = _steps(errors, "errors", len(target_names))
    figure = canvas(figure)
    heading(figure, title, note)
    axes = figure.add_subplot()
    steps = np.arange(len(errors))
    marker: dict[str, Any] = {"marker": "o", "markersize": 4} if len(errors) <= MAX_MARKED else {}
    for k, name in enumerate(target_names):
        axes.plot(steps, errors[:, k], color=color(k), label=legend_label(name), **marker)
    if start:
        axes.axvspan(-0.5, start - 0.5, color="#dddddd", zorder=0, label="does not count")
        _limit(axes, errors[start:])
    axes.set(xlabel="step of the sequence", ylabel="root mean squared error")
    axes.set_ylim(bottom=0)
    style_epochs(axes)
    if len(target_names) > 1 or start:
        add_legend(figure, axes)
    return figure


@literal
def paths(
    y: Array,
    before: Array,
    found: Array,
    *,
    target_names: Sequence[str],
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the paths of two outputs in their plane, from several starts, beside the true path.

    Args:
        y: (time, 2), the true values.
        before: (starts, 2), the outputs before the first step.
        found: (starts, time, 2).
        target_names: labels of the axes.
    """
    y = _steps(y, "y", len(target_names))
    found = np.asarray(found, dtype=float)
    starts = np.asarray(before, dtype=float)
    if found.shape != (len(starts), *y.shape) or starts.shape[1:] != (2,):
        raise ValueError(f"found must be (starts, {len(y)}, 2), got the shape {found.shape}")
    figure = canvas(figure)
    heading(figure, title, note)
    axes = figure.add_subplot()
    axes.plot(*y.T, color="black", linewidth=2.5, label="true")
    for k, (start, path) in enumerate(zip(starts, found, strict=True)):
        axes.plot(*np.vstack([start, path]).T, color=color(k), linewidth=1)
        axes.plot(*start, marker="o", color=color(k), linestyle="none", label=f"start {k + 1}")
    axes.set(xlabel=legend_label(target_names[0]), ylabel=legend_label(target_names[1]))
    axes.set_aspect("equal", adjustable="datalim")
    add_legend(figure, axes)
    return figure


def _limit(axes: Any, counted: Array) -> None:
    """Fit the vertical axis to the values that count: others may be so large as to hide them."""
    if (finite := counted[np.isfinite(counted)]).size:
        low, high = finite.min(), finite.max()
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1
        axes.set_ylim(low - margin, high + margin)


def _steps(values: Array, name: str, targets: int) -> Array:
    """Return values (time, targets) as floats; ValueError for another shape."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[1] != targets or not len(values):
        raise ValueError(f"{name} must be (time, {targets}), got the shape {values.shape}")
    return values
