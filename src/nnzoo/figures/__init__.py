"""Figures of networks and data: NumPy arrays in, matplotlib Figure out.

Each function returns a new ``Figure``, which ``figure.savefig(path)`` writes to a file. Pass
``figure`` to draw on your own empty figure instead, such as a pyplot figure for a window; its size
does not change. ``rotate`` writes an animated GIF of a figure with 3-D axes.

The class indices ``y`` (n,) determine the colors; None: one color. ``class_names`` has one name per
class; None: "class 0", "class 1", ... ``feature_names`` has one name per feature. Up to three
features are drawn in their own units; of more, the principal components are drawn. At most
``nnzoo.figures.points.MAX_POINTS`` points are drawn per panel. All functions raise a ``ValueError``
if shapes or names do not match.
"""

from nnzoo.figures.confusion import confusion_matrix
from nnzoo.figures.curves import training_curve
from nnzoo.figures.panels import generated, latent_space, reconstruction
from nnzoo.figures.points import clusters, scatter
from nnzoo.figures.rotation import rotate
from nnzoo.figures.supervised import (
    decision_boundary,
    decision_shares,
    fitted_curve,
    predicted_against_true,
)

__all__ = [
    "clusters",
    "confusion_matrix",
    "decision_boundary",
    "decision_shares",
    "fitted_curve",
    "generated",
    "latent_space",
    "predicted_against_true",
    "reconstruction",
    "rotate",
    "scatter",
    "training_curve",
]
