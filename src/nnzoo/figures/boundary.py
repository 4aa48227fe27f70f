"""Decision boundaries: the regions of the predicted classes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import (
    MAX_LARGE_POINTS,
    add_centers,
    add_scatter,
    as_classes,
    as_floats,
    size_note,
    view_of,
)
from nnzoo.figures.style import COLORS, Array, Floats, canvas, class_label, heading
from nnzoo.figures.text import literal

GRID = 500
"""Number of points of the grid along each axis."""

FAINTEST, STRONGEST, FLAT = 0.04, 0.45, 0.25
"""Share of a class's color in its region: for the probability of chance, for 1, and without
probabilities."""


@literal
def decision_boundary(
    x: Array,
    y: Array,
    decide: Callable[[Floats], Array],
    probability: Callable[[Floats], Array] | None = None,
    centers: Array | None = None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points over the regions of the predicted classes.

    Up to ``MAX_LARGE_POINTS`` points are annotated with their class.

    Args:
        x: (n, 2).
        decide: maps points (m, 2), in the units of x, to class indices (m,); called once with
            ``GRID * GRID`` points around x.
        probability: maps them to the probability of that class (m,), which sets the strength of
            the region's color; None: one strength.
        centers: (c, 2), points of the model that are marked; None: none.
    """
    x = as_floats(x, "x", "n", 2)
    y = as_classes(y, len(x))
    margin = np.ptp(x, axis=0) / 8
    margin[margin == 0] = 1.0
    horizontal, vertical = np.linspace(x.min(axis=0) - margin, x.max(axis=0) + margin, GRID).T
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    regions = as_classes(decide(grid), len(grid), "decide(x)").reshape(GRID, GRID)
    predicted = np.unique(regions).tolist()
    strength = np.full(regions.shape, FLAT)
    if probability is not None:
        classes = max(2, len(class_names or ()), int(regions.max()) + 1)
        p = as_floats(probability(grid), "probability(x)", len(grid)).reshape(GRID, GRID)
        certain = ((p - 1 / classes) / (1 - 1 / classes)).clip(0, 1)
        strength = FAINTEST + (STRONGEST - FAINTEST) * certain

    figure = canvas(figure)
    shading = "" if probability is None else "the stronger a color, the more probable its class"
    view = view_of(x, feature_names, drop=False)
    heading(figure, title, note, shading, size_note(x))
    axes = add_scatter(figure, view, x, y, class_names, also=predicted)
    colors = np.array([to_rgb(name) for name in COLORS])[regions % len(COLORS)]
    style: dict[str, Any] = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    extent = (horizontal[0], horizontal[-1], vertical[0], vertical[-1])
    axes.imshow(1 - strength[..., None] * (1 - colors), extent=extent, **style)
    for k in predicted[1:]:
        axes.contour(horizontal, vertical, 1.0 * (regions == k), levels=[0.5], colors="black")
    if len(predicted) > 1:
        axes.plot([], [], color="black", label="boundary")
    if centers is not None:
        add_centers(axes, as_floats(centers, "centers", "c", 2))
    style = {"textcoords": "offset points", "horizontalalignment": "center", "zorder": 4}
    outline = [withStroke(linewidth=2, foreground="white")]
    for point, k in zip(x, y, strict=True) if len(x) <= MAX_LARGE_POINTS else ():
        axes.annotate(class_label(k, class_names), point, (0, 7), path_effects=outline, **style)
    add_legend(figure, axes, "class")
    return figure
