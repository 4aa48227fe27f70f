"""Figures of models with prototypes or boxes: their cells, and the relevances of the features."""

from typing import TYPE_CHECKING, Any

import torch

from nnzoo import figures
from nnzoo.models.pictures.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def categories(d: Drawing) -> "Figure | None":
    """The boxes of the categories among the points of the plane, in the colors of their classes, or
    each in its own."""
    x, y = d.data.raw[0]
    if d.data.n_features != 2 or not d.model.in_use:
        return None
    corners = d.model.boxes().numpy()
    if d.model.task is None:
        won = d.model.winners(x).numpy()
        inputs = x.numpy(), won, corners, range(len(corners))
        return d.by(figures.boxes, "categories", *inputs, kind="category")
    if (classes := d.classes(y)) is None:
        return None
    inputs = x.numpy(), classes, corners, d.model.category_classes.numpy()
    return d.by(figures.boxes, "categories", *inputs, kind="class")


def voronoi(d: Drawing) -> "Figure | None":
    """The cells of the prototypes among the points, in the colors of their classes; prototypes of
    images as images."""
    x, y = d.data.raw[0]
    found, owners = d.model.codebook(), d.model.prototype_classes
    if (classes := d.classes(y)) is None or d.data.n_features < 2:
        return None
    if shape := d.data.points.image_shape:
        names = d.class_names or []
        labels = [names[k] if k < len(names) else str(k) for k in owners.tolist()]
        note = "above each image: its class"
        return d.by(
            figures.image_grid, "prototypes", found.numpy(), labels, image_shape=shape, note=note
        )

    def winner(points: Any) -> Any:
        scaled = torch.as_tensor(points, dtype=torch.float64)
        if d.data.n_features <= 3:  # ``shown`` scales the others
            scaled = d.model.scaling(scaled)
        return d.model.nearest_units(scaled.to(d.model.prototype)).numpy()

    inputs = d.shown(x), classes, d.shown(found.to(x)), owners.numpy(), winner
    return d.by(figures.voronoi, "prototypes", *inputs, note=d.shown_scaling)


def relevances(d: Drawing) -> "Figure | None":
    """How much each feature counts in the distances of a learned metric."""
    if (matrix := d.model.layer.relevances()) is None:
        return None
    options = {"image_shape": d.data.points.image_shape, "note": d.scaling}
    return d.by(figures.relevances, "relevances", matrix.diagonal().detach().numpy(), **options)


PROTOTYPES = (categories, relevances, voronoi)
