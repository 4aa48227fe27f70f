"""Metrics over the epochs, averaged over the runs of a sweep."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nnzoo.errors import counted
from nnzoo.figures.style import (
    Floats,
    canvas,
    heading,
    legend_label,
    style_epochs,
    wrapped,
)
from nnzoo.figures.text import literal

COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#661100", "#332288", "#7F7F00", "#000000"),
)
"""Colors of the palette of Okabe and Ito and others, all dark enough for a line."""

LOG_RANGE = 50  # the scale is logarithmic if the largest / smallest value exceeds this
MAX_RISE = 100  # if all runs failed, the y axis ends near this multiple of the first values
MAX_MARKERS = 30  # curves with more values have no markers
MAX_POINTS = 1000  # longer lines are subsampled to this many equidistant points

Curve = tuple[Floats, Floats]
"""Ascending epochs and the values of a metric, both (n,)."""


class Average(NamedTuple):
    """Epochs, and at each the mean, standard deviation (nan for one run), least value and number
    of runs, (n,) each."""

    epochs: Floats
    mean: Floats
    deviation: Floats
    least: Floats
    runs: Floats

    def edges(self, log: bool) -> tuple[Floats, Floats]:
        """Return mean minus and plus deviation; on a log scale, not below the least value."""
        low, high = self.mean - self.deviation, self.mean + self.deviation
        return (np.maximum(low, self.least) if log else low), high

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Whether some of the runs have ended, (n,)."""
        return self.runs < self.runs.max()

    def best(self, maximize: bool) -> tuple[float, float]:
        """Return the epoch and value of the best mean over at least half of the runs."""
        mean = np.where(self.runs >= self.runs.max() / 2, self.mean, np.nan)
        best = np.nanargmax(mean) if maximize else np.nanargmin(mean)
        return float(self.epochs[best]), float(mean[best])

    def subsampled(self) -> "Average":
        """Return at most ``MAX_POINTS`` of the epochs, including the first and the last one."""
        n = len(self.epochs)
        kept = np.linspace(0, n - 1, min(n, MAX_POINTS)).round().astype(int)
        return Average(*(values[kept] for values in self))


def average(curves: Sequence[Curve]) -> Average | None:
    """Average curves, each from its first to its last epoch; return None without a finite mean.

    Values between the epochs of a curve are interpolated. The deviation is divided by n - 1.
    """
    if not curves:
        return None
    epochs = np.unique(np.concatenate([at for at, _ in curves]))
    values = np.array([np.interp(epochs, *curve, left=np.nan, right=np.nan) for curve in curves])
    count = np.isfinite(values).sum(0, dtype=float)
    with np.errstate(all="ignore"):
        mean = np.nansum(values, 0) / count
        deviation = np.sqrt(np.nansum((values - mean) ** 2, 0) / (count - 1))
    kept = np.isfinite(mean)  # not between two separate curves, or where a sum overflows
    parts = epochs, mean, deviation, np.fmin.reduce(values), count
    return Average(*(part[kept] for part in parts)) if kept.any() else None


class Group(NamedTuple):
    """Runs that differ only in their seeds: averages of the completed and of the failed ones.

    ``best`` is the mean epoch and mean value of the runs' best epochs; None: the best epoch of the
    mean curve is marked instead.
    """

    label: str
    completed: Average | None
    failed: Average | None = None
    best: tuple[float, float] | None = None


class Panel(NamedTuple):
    """Groups, best first, each with an average, and the label of their metric."""

    groups: Sequence[Group]
    label: str
    maximize: bool = False
    title: str = ""


@literal
def sweep_overview(
    panels: Sequence[Panel], *, title: str, note: str = "", figure: Figure | None = None
) -> Figure:
    """Draw the mean of each group of runs with a band of one standard deviation, panel by panel.

    The first ten groups of a panel are in color, the others gray and without a band. A star marks
    the best epoch of the first group, whose line is thick and beneath the others; shorter lines lie
    above longer ones. A line is dashed where some runs have ended. Failed runs are averaged
    separately, as dotted lines that end in a cross. The y axis fits the completed runs; its label
    mentions a log scale, and whether failed runs are cut off.

    Raises:
        ValueError: if there are no panels.
    """
    if not panels:
        raise ValueError("panels is empty: there is nothing to draw")
    lines = [sum(g.label.count("\n") + 1.4 for g in p.groups[: len(COLORS)]) for p in panels]
    heights = [max(4.8 if len(panels) == 1 else 3.4, 0.15 * n + 1.4) for n in lines]
    width = 6.4 if all(len(panel.groups) == 1 for panel in panels) else 9.2
    figure = canvas(figure, (width, sum(heights)))
    heading(figure, title, note)
    rows = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(rows, panels, strict=True):
        _draw_panel(axes, panel)
    rows[-1].set_xlabel("epoch")
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    notes = _set_scale(axes, panel)
    shown, others = panel.groups[: len(COLORS)], panel.groups[len(COLORS) :]
    handles = []
    lengths = [
        average.epochs[-1] for group in shown if (average := group.completed or group.failed)
    ]
    for k, group in enumerate(shown):
        above = sum(length > lengths[k] for length in lengths) - k / 100
        style: dict[str, Any] = {"color": COLORS[k], "linewidth": 1.4, "zorder": 4 + above / 10}
        key: dict[str, Any] = {"linestyle": "-" if group.completed else ":"}
        label = group.label
        if k == 0 and group.completed:
            x, y = group.best or group.completed.best(panel.maximize)
            key = {"marker": "*", "markersize": 14, "markeredgecolor": "white"}
            axes.plot(x, y, **style | key | {"zorder": 6})
            style |= {"linewidth": 3.0, "zorder": 3}
            is_mean = group.completed.runs.max() > 1
            what = f"best{' mean' if is_mean else ''}: {y:.4g} at epoch {x:g}"
            if is_mean and group.best:
                what = f"mean of best epochs: {y:.4g}"
            label = f"{label}\n{what}".lstrip("\n")
        if label:
            handles.append(Line2D([], [], **style, **key, label=legend_label(label)))
        _draw_group(axes, group, style)
    light: dict[str, Any] = {"color": "#BBBBBB", "linewidth": 0.7, "zorder": 1}
    for average in filter(None, (group.completed or group.failed for group in others)):
        _draw_mean(axes, average, **light)
    if others:
        handles.append(Line2D([], [], **light, label=counted(len(others), "other")))
    dark: dict[str, Any] = {"color": "#444444", "linewidth": 1.0}
    if any(group.completed and group.completed.ended.any() for group in shown):
        handles.append(Line2D([], [], **dark, linestyle="--", label="some runs have ended"))
    if any(group.failed for group in shown):
        handles.append(Line2D([], [], **dark, linestyle=":", marker="x", label="failed runs"))
    place: dict[str, Any] = {"loc": "best"}
    if len(panel.groups) > 1:
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "frameon": False}
    axes.legend(handles=handles, **place, borderaxespad=0.4, fontsize="small")
    note = f"\n({', '.join(notes)})" if notes else ""
    axes.set(title=panel.title, ylabel=wrapped(panel.label) + note)
    style_epochs(axes)


def _draw_group(axes: Axes, group: Group, style: dict[str, Any]) -> None:
    if group.completed:
        average = group.completed.subsampled()
        edges = average.edges(axes.get_yscale() == "log")
        axes.fill_between(average.epochs, *edges, color=style["color"], alpha=0.15, linewidth=0)
        ended = average.ended
        marker = "o" if len(ended) <= MAX_MARKERS else ""
        _draw_mean(axes, average, ~ended, **style, marker=marker, markersize=4)
        if ended.any():
            ended[:-1] |= ended[1:]  # the dashed line starts at the last epoch of all runs
            _draw_mean(axes, average, ended, **style, linestyle="--")
    if group.failed:
        _draw_mean(axes, group.failed, **style | {"linestyle": ":", "linewidth": 1.2})
        end = group.failed.mean[-1:].clip(*axes.get_ylim())  # at the edge of the axes if cut off
        axes.plot(group.failed.epochs[-1], end, **style, marker="x", markersize=6, clip_on=False)


def _draw_mean(axes: Axes, average: Average, where: Any = True, **style: Any) -> None:
    """Draw a mean, clipped to at most one length of the y axis beyond either end of it."""
    average = average.subsampled()
    scale = axes.yaxis.get_transform()
    low, high = scale.transform(np.array(axes.get_ylim()))
    mean = scale.transform(average.mean).clip(2 * low - high, 2 * high - low)
    axes.plot(average.epochs, np.where(where, scale.inverted().transform(mean), np.nan), **style)


def _set_scale(axes: Axes, panel: Panel) -> list[str]:
    """Set the scale and limits of the y axis, and return notes for its label.

    The limits fit the means and bands of completed runs, or the failed runs if all failed.
    """
    completed = [group.completed for group in panel.groups if group.completed]
    failed = [group.failed for group in panel.groups if group.failed]
    least = min(average.least.min() for average in completed or failed)
    greatest = max(average.mean.max() for average in completed or failed)
    log = bool(greatest > LOG_RANGE * least > 0)
    outside = np.concatenate([[], *(average.mean for average in failed)])
    top = MAX_RISE * max((abs(average.mean[0]) for average in failed), default=0.0)
    values = [average.mean for average in completed] or [outside[abs(outside) <= top]]
    for group in panel.groups[: len(COLORS)]:
        values += group.completed.edges(log) if group.completed else ()
    values += [np.array([group.best[1]]) for group in panel.groups[:1] if group.best]
    inside = np.concatenate(values)

    axes.set_yscale("log" if log else "linear")
    scale = axes.yaxis.get_transform()
    inside, outside = scale.transform(inside[np.isfinite(inside)]), scale.transform(outside)
    low, high = inside.min(), inside.max()
    margin = 0.05 * (high - low or abs(high) or 1.0)
    low, high = low - margin, high + margin
    axes.set_ylim(*scale.inverted().transform(np.array([low, high])))
    notes = ["log scale"] if log else []
    if (outside != outside.clip(low, high)).any():
        notes.append("failed runs cut off")
    return notes
