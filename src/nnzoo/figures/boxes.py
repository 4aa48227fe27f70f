"""Categories that are boxes, among the points."""

from collections.abc import Sequence
from typing import Any

from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import add_scatter, as_classes, as_floats, size_note, view_of
from nnzoo.figures.style import Array, canvas, color, heading
from nnzoo.figures.text import literal


@literal
def boxes(
    x: Array,
    y: Array,
    corners: Array,
    owners: Array,
    *,
    kind: str,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points of the plane and boxes in the same colors.

    Args:
        x: (n, 2).
        y: class indices (n,), or indices of boxes.
        corners: (k, 2, 2), the lowest and the highest corner of each box.
        owners: class indices of the boxes, or their own indices, (k,).
        kind: what y and owners are, such as class; only classes have a legend.
    """
    x = as_floats(x, "x", "n", 2)
    y = as_classes(y, len(x))
    corners = as_floats(corners, "corners", "k", 2, 2)
    owners = as_classes(owners, len(corners), "owners")
    view = view_of(x, feature_names, at_most=2, drop=False)
    names = class_names if kind == "class" else None
    figure = canvas(figure)
    heading(figure, title, note, f"color: {kind}", size_note(x))
    axes: Any = add_scatter(figure, view, x, y, names, also=owners.tolist())
    drawn = [Rectangle(low, *(high - low).tolist()) for low, high in corners]
    colors = [color(k) for k in owners.tolist()]
    for face, strength, width in ((colors, 0.15, 0.0), ("none", 1.0, 1.2)):
        style: dict[str, Any] = {"facecolor": face, "alpha": strength, "linewidths": width}
        axes.add_collection(PatchCollection(drawn, edgecolor=colors, zorder=2, **style))
    axes.autoscale_view()
    if kind == "class":
        add_legend(figure, axes, kind)
    return figure
