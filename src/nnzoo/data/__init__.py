"""What the networks learn from: LightningDataModules over points in memory."""

from nnzoo.data.base import DataModule, Points
from nnzoo.data.bundled import Bundled
from nnzoo.data.csv import CSV
from nnzoo.data.formula import CarDecision, Parabola
from nnzoo.data.generated import Blobs, GaussianClusters, Moons
from nnzoo.data.npy import NPY
from nnzoo.data.samples import Samples
from nnzoo.data.table import Table

__all__ = [
    "CSV",
    "NPY",
    "Blobs",
    "Bundled",
    "CarDecision",
    "DataModule",
    "GaussianClusters",
    "Moons",
    "Parabola",
    "Points",
    "Samples",
    "Table",
]
