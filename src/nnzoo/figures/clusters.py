"""Centroids that a network has learned, among the points it has learned them from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.points import (
    add_axes,
    as_classes,
    as_points,
    draw,
    subset,
    view_of,
    with_notes,
)
from nnzoo.figures.style import canvas, colour, legend_beside


def clusters(
    x: NDArray[Any],
    learned: NDArray[Any],
    true: NDArray[Any] | None = None,
    *,
    winners: NDArray[Any] | None = None,
    feature_names: Sequence[str],
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points x (n, d), learned centroids (k, d), and the true ones (c, d) where known.

    The points are coloured by `winners` (n,), the unit that won each, when given. One to three
    features are drawn as they are, in their own units; of more, the first three principal
    components of x. At most MOST_POINTS points are drawn. ValueError when shapes or names do
    not fit.
    """
    x = as_points(x)
    learned = as_points(learned, "learned", d=x.shape[1])
    view = view_of(x, feature_names, components=3)
    kept = subset(len(x))
    figure = canvas(figure)
    axes = add_axes(figure, view)

    label = "points" if len(kept) == len(x) else f"points ({len(kept)} of {len(x)})"
    look: dict[str, Any] = {"color": colour(4), "label": label}
    if winners is not None:
        units = as_classes(winners, len(x), "winners")[kept]
        look = {"color": [colour(k) for k in units], "label": f"{label},\nby winning unit"}
    jitter = np.random.default_rng(0).uniform(-1, 1, len(kept))
    draw(axes, view(x[kept]), jitter, s=14, alpha=0.7, linewidths=0, **look)

    look = {"zorder": 4, "linewidths": 0.8, "edgecolors": "white"}
    if len(view.labels) == 3:
        look["depthshade"] = False
    if true is not None:
        centres = view(as_points(true, "true", d=x.shape[1]))
        draw(axes, centres, marker="*", s=260, color="red", label="true centroids", **look)
    draw(axes, view(learned), marker="h", s=70, color="black", label="learned centroids", **look)
    axes.set_title(with_notes(title, view.note))
    legend_beside(figure, axes)
    return figure
