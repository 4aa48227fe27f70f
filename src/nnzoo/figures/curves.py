"""Numbers that change while a network learns."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnzoo.figures.style import canvas, colour, legend_beside, wrapped

MOST_RISE = 1e4


def training_curve(
    curves: Mapping[str, Sequence[float]],
    *,
    title: str,
    start: int = 0,
    xlabel: str = "epoch",
    ylabel: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw each named curve against the number of its entry, the first being `start`.

    Entries that are not finite are left out and their neighbours joined. The y axis is
    logarithmic, and says so, when all values are positive and span more than two decades. It ends,
    and says so, at MOST_RISE times the largest first value, so that curves that fall can be read
    beside one that diverges. Without `ylabel` a single curve's name stands there. ValueError when
    there is no curve.
    """
    if not curves:
        raise ValueError("curves is empty: there is nothing to draw")
    figure = canvas(figure)
    axes = figure.add_subplot()
    drawn = []
    for k, (name, curve) in enumerate(curves.items()):
        values = np.asarray(curve, dtype=float)
        (at,) = np.nonzero(np.isfinite(values))
        marker = "o" if len(at) <= 30 else ""
        axes.plot(at + start, values[at], color=colour(k), marker=marker, label=name)
        drawn.append(values[at])

    if ylabel is None:
        ylabel = next(iter(curves)) if len(curves) == 1 else ""
    y = np.concatenate(drawn)
    notes = []
    top = MOST_RISE * max((values[0] for values in drawn if values.size), default=0.0)
    cut = top > 0 and bool((y > top).any())
    if cut:
        y = np.append(y[y <= top], top)
    if y.size and y.min() > 0 and np.log10(y.max()) - np.log10(y.min()) > 2:
        axes.set_yscale("log")
        notes.append("log scale")
    if cut:
        axes.set_ylim(y.min() / 2 if notes else y.min() - top / 20, top)
        notes.append(f"cut off at {top:.2g}")
    ylabel = f"{ylabel} ({', '.join(notes)})".strip() if notes else ylabel
    axes.set(title=title, xlabel=xlabel, ylabel=wrapped(ylabel))
    ticks = MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    axes.xaxis.set_major_locator(ticks)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        legend_beside(figure, axes)
    return figure
