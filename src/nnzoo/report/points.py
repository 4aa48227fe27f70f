"""Points in three dimensions: the data, and the codes of an encoder."""

from collections.abc import Sequence
from typing import Any

import torch

from nnzoo.figures.points import subset, view_of
from nnzoo.figures.style import Array, Floats, class_label, color
from nnzoo.models.pictures.drawing import Drawing, subsampled
from nnzoo.report.charts import scatter_3d
from nnzoo.report.page import Block

DIMENSIONS = 3
DRAG = "Drag to turn it, scroll to zoom, click on a name to hide its points."
SMALL = {"size": 4, "opacity": 0.7, "line": {"width": 0}}

Marked = dict[str, tuple[Floats, dict[str, Any]]]
"""Points (n, features) and the style of their markers, by name."""


@torch.no_grad()
def point_clouds(drawing: Drawing) -> list[Block]:
    """Return scatter plots in 3-D of what has at least three dimensions: the latent codes, and the
    training points with the centroids of a competitive layer or the samples of a generator.

    Of more dimensions, the first three principal components are shown; of sequences, none.
    """
    if drawing.data.points.n_steps is not None:
        return []
    d = subsampled(drawing)
    model, scaled = d.model, d.data.train.x.to(d.model.dtype)
    classes = d.classes(d.data.train.y)
    found = []
    if "latent" in model.figures:
        codes = model.encode(scaled).double().numpy()
        names = [f"latent unit {i}" for i in range(codes.shape[1])]
        found += _cloud("Latent space", codes, names, classes, d.class_names)
    x, labels, further = d.shown(d.data.raw[0].x), d.class_names, Marked()
    if "clusters" in model.figures:
        classes = model.nearest_units(scaled).numpy()
        labels = [f"won by unit {k}" for k in range(len(model.centroids()))]
        further = _centroids(d)
    if "generated" in model.figures:
        samples = d.shown(model.sample(len(subset(len(x))), seed=0))
        further["generated"] = samples, SMALL | {"color": "#222222", "size": 2}
    name = ", ".join(filter(None, ("Training points", d.shown_scaling)))
    return found + _cloud(name, x, d.data.feature_names, classes, labels, further)


def _centroids(d: Drawing) -> Marked:
    """Return the learned centroids and, where known, the true ones."""
    edge = {"size": 8, "opacity": 1, "line": {"color": "white", "width": 1}}
    marked = {"learned centroids": (d.shown(d.model.centroids()), edge | {"color": "black"})}
    if (true := d.data.points.centroids) is not None:
        style = edge | {"color": "red", "symbol": "diamond-open", "size": 14}  # around the learned
        marked["true centroids"] = d.shown(true), style
    return marked


def _cloud(
    name: str,
    x: Floats,
    names: Sequence[str],
    classes: Array | None,
    class_names: Sequence[str] | None,
    further: Marked | None = None,
) -> list[Block]:
    """Return the scatter plot of points (n, features) by class, and of further points; none if
    fewer than three features vary."""
    if x.shape[1] < DIMENSIONS:
        return []
    view = view_of(x, names, components=DIMENSIONS)
    if len(view.labels) < DIMENSIONS:
        return []
    kept = subset(len(x))
    shown: Marked = {"points": (x[kept], SMALL | {"color": color(0)})}
    if classes is not None:
        own = classes[kept]
        shown = {
            class_label(k, class_names): (x[kept][own == k], SMALL | {"color": color(k)})
            for k in sorted({*own.tolist()})
        }
    groups = [
        (label, view(points), style) for label, (points, style) in (shown | (further or {})).items()
    ]
    some = f"{len(kept)} of {len(x)} points." if len(kept) < len(x) else ""
    note = " ".join(filter(None, [view.note and f"{view.note}.", some, DRAG]))
    return [scatter_3d(name, view.labels, groups, note)]
