"""Metrics of one run over its epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnzoo.figures.curves import MAX_MARKERS
from nnzoo.figures.legends import add_legend
from nnzoo.figures.style import canvas, color, heading, legend_label, style_epochs, wrapped
from nnzoo.figures.text import literal

CURVE_RISE = 1e4  # the y axis ends at this multiple of the first values
MAX_LABEL = 45  # maximum number of characters in a line of a y label


@literal
def training_curve(
    curves: Mapping[str, Sequence[float]],
    *,
    title: str,
    note: str = "",
    start: int = 0,
    ylabel: str | None = None,
    stages: Mapping[str, float] | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw one or more curves over epochs.

    Values that are not finite are skipped, and the line connects their neighbors; a curve that was
    measured every few epochs has markers, and its label says so. The y axis is
    logarithmic if all values are positive and span more than two decades. It is cut off at
    ``CURVE_RISE`` times the largest first value, so that falling curves remain readable next to a
    diverging one. The y label mentions a log scale and a cut.

    Args:
        curves: at least one curve by name: its values at consecutive epochs.
        start: number of the first epoch.
        ylabel: None: the name of the only curve.
        stages: first epochs of the stages of the training by name, ascending.
    """
    if not curves:
        raise ValueError("curves is empty; nothing to draw")
    figure = canvas(figure)
    heading(figure, title, note)
    axes = figure.add_subplot()
    drawn = []
    for k, (name, curve) in enumerate(curves.items()):
        values = np.asarray(curve, dtype=float)
        (index,) = np.isfinite(values).nonzero()
        every = round(np.median(np.diff(index))) if len(index) > 2 else 1
        style: dict[str, Any] = {"color": color(k), "label": legend_label(name)}
        if len(index) <= MAX_MARKERS or every > 1:
            style |= {"marker": "o", "markersize": 6 if len(index) <= MAX_MARKERS else 3}
        if every > 1:  # the line between measurements is not data
            style["label"] = legend_label(f"{name}, every {every} epochs")
        axes.plot(index + start, values[index], **style)
        drawn.append(values[index])

    notes = []
    y = np.concatenate(drawn)
    top = CURVE_RISE * max((values[0] for values in drawn if values.size), default=0.0)
    cut = top > 0 and bool((y > top).any())
    if cut:
        y = np.append(y[y <= top], top)
    if y.size and 0 < 100 * y.min() < y.max():
        axes.set_yscale("log")
        notes.append("log scale")
    if cut:
        axes.set_ylim(y.min() / 2 if notes else y.min() - top / 20, top)
        notes.append(f"cut off at {top:.2g}")
    if ylabel is None:
        ylabel = next(iter(curves)) if len(curves) == 1 else ""
    if notes:
        note = f"({', '.join(notes)})"
        fits = len(ylabel) + len(note) < MAX_LABEL
        ylabel = f"{ylabel} {note}".strip() if fits else f"{wrapped(ylabel, MAX_LABEL)}\n{note}"
    axes.set(xlabel="epoch", ylabel=ylabel if notes else wrapped(ylabel, MAX_LABEL))
    style_epochs(axes)
    if stages:
        _mark_stages(axes, stages)
    if len(curves) > 1:
        add_legend(figure, axes)
    return figure


def _mark_stages(axes: Axes, stages: Mapping[str, float]) -> None:
    """Draw a line at the start of each stage, and its name above the axes."""
    low, high = axes.get_xlim()
    ends = [*stages.values(), high][1:]
    for i, ((name, start), end) in enumerate(zip(stages.items(), ends, strict=True)):
        if i:
            axes.axvline(start, color="black", linestyle=":", linewidth=1)
        first, last = max(start, low), min(end, high)
        if last > first:
            style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": "small"}
            at = (first + last) / 2, 1.01
            words = wrapped(name, max(8, int(70 * (last - first) / (high - low))))
            axes.text(*at, words, transform=axes.get_xaxis_transform(), **style)
    axes.set_xlim(low, high)
