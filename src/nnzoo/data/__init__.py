"""What the networks learn from: LightningDataModules over points in memory."""

from nnzoo.data.base import DataModule, Points
from nnzoo.data.bundled import Bundled
from nnzoo.data.generated import Blobs, GaussianClusters, Moons
from nnzoo.data.table import Table

__all__ = ["Blobs", "Bundled", "DataModule", "GaussianClusters", "Moons", "Points", "Table"]
