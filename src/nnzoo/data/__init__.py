"""Data sets: LightningDataModules of points in memory."""

from nnzoo.data.base import DataModule
from nnzoo.data.builtin import CarDecision, GaussianClusters, Inline, Parabola, TwoSpirals
from nnzoo.data.npy import NPY
from nnzoo.data.patterns import Letters, RandomPatterns
from nnzoo.data.points import Points
from nnzoo.data.scikit import Blobs, Bundled, Circles, Friedman, Moons, SwissRoll
from nnzoo.data.table import Table

__all__ = [
    "NPY",
    "Blobs",
    "Bundled",
    "CarDecision",
    "Circles",
    "DataModule",
    "Friedman",
    "GaussianClusters",
    "Inline",
    "Letters",
    "Moons",
    "Parabola",
    "Points",
    "RandomPatterns",
    "SwissRoll",
    "Table",
    "TwoSpirals",
]
