"""What a network looks like: NumPy arrays in, matplotlib Figure out.

Every function that draws takes `figure`, an empty figure to draw on (a pyplot figure, for a
window), which keeps its size; without it a new `Figure` is made, which `figure.savefig(path)`
writes. `rotate` writes one with 3-D axes as a moving picture.
"""

from nnzoo.figures.autoencoder import latent_space, reconstruction
from nnzoo.figures.boundary import decision_boundary
from nnzoo.figures.clusters import clusters
from nnzoo.figures.curves import training_curve
from nnzoo.figures.decision import decision_shares
from nnzoo.figures.generated import generated
from nnzoo.figures.points import scatter
from nnzoo.figures.regression import fitted_curve, predicted_against_true
from nnzoo.figures.rotation import rotate

__all__ = [
    "clusters",
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
