"""Data sets: LightningDataModules of points in memory."""

from nnzoo.data.base import DataModule
from nnzoo.data.builtin import (
    Blobs,
    Bundled,
    CarDecision,
    GaussianClusters,
    Inline,
    Moons,
    Parabola,
)
from nnzoo.data.npy import NPY
from nnzoo.data.points import Points
from nnzoo.data.table import Table

__all__ = [
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
    "Table",
]
