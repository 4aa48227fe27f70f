"""Figures of units that have neighbors: on the grid of a map, and among the points."""

from typing import TYPE_CHECKING, Any

import torch

from nnzoo import figures
from nnzoo.figures.maps import unit_images
from nnzoo.models.pictures.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_IMAGES = 400
"""Maximum number of units of which ``planes`` draws images."""


def edges(d: Drawing) -> "Figure":
    """The units of a neural gas among the points, with lines between neighbors."""
    x, y = d.data.raw[0]
    shown = d.shown(x), d.shown(d.model.centroids()), d.model.edges().numpy(), d.classes(y)
    return d.by(figures.unit_grid, "units and their edges", *shown, note=d.shown_scaling)


def grid(d: Drawing) -> "Figure":
    """The units of a map among the points, with lines between the next ones on its grid."""
    x, y = d.data.raw[0]
    edges = (d.model.grid.distances() < 1.01).triu(1).nonzero().numpy()
    shown = d.shown(x), d.shown(d.model.centroids()), edges, d.classes(y)
    return d.by(figures.unit_grid, "grid among the points", *shown, note=d.shown_scaling)


def hits(d: Drawing) -> "Figure":
    """How many points each unit of a map wins, and their most frequent class."""
    winners = d.model.nearest_units(d.data.train.x.to(d.model.dtype)).numpy()
    inputs = winners, d.classes(d.data.raw[0].y)
    return _map(d, figures.hits, f"{d.part} by unit", *inputs)


def planes(d: Drawing) -> "Figure":
    """The weights of the units of a map, a panel for each feature; of images as images."""
    weight = d.model.centroids()
    if shape := d.data.points.image_shape:
        places = d.model.grid.positions().numpy()
        if len(places) <= MAX_IMAGES:
            return d.by(unit_images, "weights", places, weight.numpy(), image_shape=shape)
    return _map(d, figures.component_planes, "component planes", weight.numpy())


def unit_distances(d: Drawing) -> "Figure | None":
    """The U-matrix of a map: distances of weights between adjacent units."""
    adjacent, weight = d.model.grid.adjacent(), d.model.layer.weight
    if not adjacent.any():
        return None
    means = (torch.cdist(weight, weight) * adjacent).sum(1) / adjacent.sum(1)
    return _map(d, figures.unit_distances, "U-matrix", means.numpy(), note=d.scaling)


def _map(d: Drawing, draw: Any, what: str, *inputs: Any, **options: Any) -> "Figure":
    """Draw the units of a map at their positions on the grid."""
    options["hexagonal"] = d.model.grid.shape == "hexagonal"
    return d.by(draw, what, d.model.grid.positions().numpy(), *inputs, **options)


MAPS = (edges, grid, hits, planes, unit_distances)
