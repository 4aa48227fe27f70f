"""Figures of networks and data: NumPy arrays in, matplotlib Figure out.

Each function returns a new ``Figure``, which ``figure.savefig(path)`` writes to a file and a
notebook shows by itself. Pass ``figure`` to draw on your own empty figure instead, such as a pyplot
figure for a window; its size does not change. Pass ``ax`` to draw in the place of axes in a grid,
such as that of ``plt.subplots``, or in a SubFigure; then the function returns the SubFigure.
``rotate`` writes an animated GIF of a figure with 3-D axes.

``title`` is drawn above the figure, ``note`` in small text below it. The class indices ``y`` (n,)
determine colors and markers; None: one color. ``class_names`` has one name per class; None:
"class 0", "class 1", ... ``feature_names`` has one name per feature. Constant features are left
out. Up to three features are drawn in their own units; of more, the principal components are drawn.
Points that coincide are one larger marker. At most ``nnzoo.figures.points.MAX_POINTS`` points are
drawn per panel. All functions raise a ``ValueError`` if shapes or names do not match.
"""

from nnzoo.figures.boundary import decision_boundary
from nnzoo.figures.boxes import boxes
from nnzoo.figures.centroids import clusters, image_grid
from nnzoo.figures.confusion import confusion_matrix
from nnzoo.figures.layers import Layer, activations, network
from nnzoo.figures.maps import component_planes, hits, unit_distances, unit_grid
from nnzoo.figures.panels import generated, latent_space, reconstruction
from nnzoo.figures.points import scatter
from nnzoo.figures.prototypes import relevances, voronoi
from nnzoo.figures.recall import capacity, recall
from nnzoo.figures.regression import fitted_curve, predicted_against_true, residuals
from nnzoo.figures.rotation import rotate
from nnzoo.figures.series import errors_by_step, paths, predicted_series
from nnzoo.figures.shares import decision_shares
from nnzoo.figures.training import training_curve

__all__ = [
    "Layer",
    "activations",
    "boxes",
    "capacity",
    "clusters",
    "component_planes",
    "confusion_matrix",
    "decision_boundary",
    "decision_shares",
    "errors_by_step",
    "fitted_curve",
    "generated",
    "hits",
    "image_grid",
    "latent_space",
    "network",
    "paths",
    "predicted_against_true",
    "predicted_series",
    "recall",
    "reconstruction",
    "relevances",
    "residuals",
    "rotate",
    "scatter",
    "training_curve",
    "unit_distances",
    "unit_grid",
    "voronoi",
]
