"""Confusion matrix of a classification."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nnzoo.figures.points import as_floats
from nnzoo.figures.style import COLORS, Array, canvas, class_label, cut, heading
from nnzoo.figures.text import literal


@literal
def confusion_matrix(
    counts: Array,
    *,
    class_names: Sequence[str] | None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw how many points of each class were predicted as each class.

    There is a row for each true class, with its recall on the right: the share of its points that
    was predicted correctly. The color of a cell is its share of the row.

    Args:
        counts: (k, k), numbers of points by true class (row) and predicted class (column).
    """
    k = len(counts)
    counts = as_floats(counts, "counts", k, k)
    points = counts.sum(1)
    shares = counts / points.clip(1)[:, None]
    side = min(max(2.6 + 0.5 * k, 4.4), 11.0)
    figure = canvas(figure, (side + 1.2, side))
    heading(figure, title, note)
    axes = figure.add_subplot()
    colors = LinearSegmentedColormap.from_list("share", ["white", COLORS[0]])
    axes.imshow(shares, cmap=colors, vmin=0, vmax=1, aspect="auto")
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10 if k <= 10 else 8}
    for row, column in np.argwhere(counts > 0):
        shade = "white" if shares[row, column] > 0.6 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", color=shade, **style)
    names = [cut(class_label(i, class_names)) for i in range(k)]
    axes.set_xticks(range(k), names)
    if sum(map(len, names)) > 36:
        for label in axes.get_xticklabels():
            label.set(rotation=45, horizontalalignment="right", rotation_mode="anchor")
    axes.set_yticks(range(k), [f"{name} ({n:.0f})" for name, n in zip(names, points, strict=True)])
    recalls = [f"{shares[i, i]:.1%}" if points[i] else "none" for i in range(k)]
    right = axes.secondary_yaxis("right")
    right.set_yticks(range(k), recalls)
    right.tick_params(length=0)
    right.set_ylabel("recall")
    for spine in (*axes.spines.values(), *right.spines.values()):
        spine.set_visible(False)
    axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#DDDDDD")
    axes.tick_params(which="both", length=0)
    axes.set(xlabel="predicted class", ylabel="true class (points)")
    return figure
