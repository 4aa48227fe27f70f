"""Data sets: LightningDataModules of points in memory."""

from nnzoo.data.animals import Animals
from nnzoo.data.bars import Bars
from nnzoo.data.base import DataModule
from nnzoo.data.builtin import CarDecision, GaussianClusters, Inline, Parabola, TwoSpirals
from nnzoo.data.dimensions import Dimensions
from nnzoo.data.npy import NPY
from nnzoo.data.patterns import Letters, RandomPatterns
from nnzoo.data.points import Points
from nnzoo.data.regions import CircleInSquare
from nnzoo.data.scikit import Blobs, Bundled, Circles, Friedman, Moons, SwissRoll
from nnzoo.data.sequences import MackeyGlass, Sequence, Sequences
from nnzoo.data.series import Series
from nnzoo.data.table import Table

__all__ = [
    "NPY",
    "Animals",
    "Bars",
    "Blobs",
    "Bundled",
    "CarDecision",
    "CircleInSquare",
    "Circles",
    "DataModule",
    "Dimensions",
    "Friedman",
    "GaussianClusters",
    "Inline",
    "Letters",
    "MackeyGlass",
    "Moons",
    "Parabola",
    "Points",
    "RandomPatterns",
    "Sequence",
    "Sequences",
    "Series",
    "SwissRoll",
    "Table",
    "TwoSpirals",
]
