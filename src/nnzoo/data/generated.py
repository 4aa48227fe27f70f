"""Data drawn at random from a known distribution."""

from collections.abc import Sequence
from typing import Any

import torch

from nnzoo.data.base import DataModule, Points
from nnzoo.data.table import as_rows
from nnzoo.errors import InputError, number, whole


class GaussianClusters(DataModule):
    """Unlabelled points around centroids, with normal noise, shuffled.

    The centroids are kept for scoring (``centroid_distance``) and never shown to the model.

    Args:
        centroids: (clusters, features), or None: drawn uniformly from [-5, 5].
        clusters: number of clusters; None: as many as centroids are given, else 5.
        features: number of features of centroids that are drawn.
        points_per_cluster: number of points around each centroid.
        sd: standard deviation of the noise, in each direction.
        options: see ``DataModule``; ``seed`` draws the points.

    Raises:
        InputError: if an argument is not possible.
    """

    def __init__(
        self,
        centroids: Sequence[Sequence[float]] | None = None,
        clusters: int | None = None,
        features: int = 3,
        points_per_cluster: int = 100,
        sd: float = 0.8,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.points_per_cluster = whole("data.points_per_cluster", points_per_cluster)
        self.sd = number("data.sd", sd, low=0)
        self.clusters = None if clusters is None else whole("data.clusters", clusters)
        self.features = whole("data.features", features)
        self.given = None
        if centroids is not None:
            self.given = as_rows("data.centroids", centroids)
            if self.clusters is not None and self.clusters > len(self.given):
                raise InputError(
                    f"data.clusters is {self.clusters} but {len(self.given)} centroids are given; "
                    "set data.centroids=null to have them drawn"
                )

    def load(self) -> Points:
        generator = torch.Generator().manual_seed(self.seed)
        if self.given is not None:
            centroids = self.given[: self.clusters]
        else:
            centroids = torch.rand(self.clusters or 5, self.features, generator=generator) * 10 - 5
        x = centroids.repeat(self.points_per_cluster, 1)
        x = x + self.sd * torch.randn(x.shape, generator=generator)
        x = x[torch.randperm(len(x), generator=generator)]
        return Points(x, centroids=centroids)


class Blobs(DataModule):
    """scikit-learn's ``make_blobs``: labelled round clusters.

    Args:
        n_samples, centers, n_features, cluster_std: see scikit-learn.
        options: see ``DataModule``; ``seed`` is ``random_state``.

    Raises:
        InputError: if an argument is not possible.
    """

    def __init__(
        self,
        n_samples: int = 1000,
        centers: int = 2,
        n_features: int = 2,
        cluster_std: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.n_samples = whole("data.n_samples", n_samples)
        self.centers = whole("data.centers", centers)
        self._n_features = whole("data.n_features", n_features)
        self.cluster_std = number("data.cluster_std", cluster_std, low=0)

    def load(self) -> Points:
        from sklearn.datasets import make_blobs

        x, y, centroids = make_blobs(
            self.n_samples,
            self._n_features,
            centers=self.centers,
            cluster_std=self.cluster_std,
            random_state=self.seed,
            return_centers=True,
        )
        return Points(
            torch.tensor(x, dtype=torch.float32),
            torch.tensor(y, dtype=torch.int64),
            centroids=torch.tensor(centroids, dtype=torch.float32),
        )


class Moons(DataModule):
    """scikit-learn's ``make_moons``: two interleaving half circles, labelled.

    Args:
        n_samples, noise: see scikit-learn.
        options: see ``DataModule``; ``seed`` is ``random_state``.

    Raises:
        InputError: if an argument is not possible.
    """

    def __init__(self, n_samples: int = 500, noise: float = 0.1, **options: Any) -> None:
        super().__init__(**options)
        self.n_samples = whole("data.n_samples", n_samples)
        self.noise = number("data.noise", noise, low=0)

    def load(self) -> Points:
        from sklearn.datasets import make_moons

        x, y = make_moons(self.n_samples, noise=self.noise, random_state=self.seed)
        return Points(torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.int64))
