"""How many neighbors the units of a neural gas have in parts of different dimensions."""

from statistics import mean
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from measured.formats import Numbers
from nnzoo import load_model, load_run


def neighbors(run: Any) -> Numbers:
    """Return the mean number of edges of a unit in each part of the data, means over seeds."""
    found: dict[str, list[float]] = {}
    for folder in run.folders[1:]:
        points, model = load_run(folder).data.points, load_model(folder)
        edges = np.bincount(model.edges().flatten(), minlength=model.units)
        living = edges > 0  # others are copies of a unit that was not inserted yet
        parts = points.y[cdist(model.centroids(), points.x).argmin(1)].numpy()
        for k, name in enumerate(points.class_names):
            found.setdefault(name, []).append(float(edges[living & (parts == k)].mean()))
    return {name: (f"{mean(values):.1f}", 0.03) for name, values in found.items()}
