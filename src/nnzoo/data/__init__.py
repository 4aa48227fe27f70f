"""What the networks learn from: LightningDataModules over points in memory."""

from nnzoo.data.base import DataModule, Points
from nnzoo.data.builtin import (
    Blobs,
    Bundled,
    CarDecision,
    GaussianClusters,
    Inline,
    Moons,
    Parabola,
)
from nnzoo.data.csv import CSV
from nnzoo.data.npy import NPY

__all__ = [
    "CSV",
    "NPY",
    "Blobs",
    "Bundled",
    "CarDecision",
    "DataModule",
    "GaussianClusters",
    "Inline",
    "Moons",
    "Parabola",
    "Points",
]
