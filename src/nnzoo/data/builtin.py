"""Data sets without a file: lists, formulas, random points, and those of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError, check_choice, check_float, check_int
from nnzoo.limits import check_memory

NAMES = ("breast_cancer", "digits", "iris", "wine")
"""Labeled data sets that are part of scikit-learn."""

FACTORS = ("price", "public_transport", "driving_skill", "model")


def as_rows(what: str, values: Sequence[Sequence[float]]) -> Tensor:
    """Convert rows of finite numbers to float32 (rows, columns); InputError for anything else."""
    try:
        rows = torch.tensor(values, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be rows of numbers of equal length: {error}") from error
    if rows.ndim != 2 or rows.numel() == 0 or not rows.isfinite().all():
        raise InputError(f"{what} must be rows of finite numbers, such as [[0,1],[1,0]]")
    return rows


class Inline(DataModule):
    """Points, with or without targets, given as lists.

    Args:
        x: (points, features).
        y: (points,) class indices from 0; or regression targets, (points, targets), or (points,)
            with decimals; None for unlabeled data.
        feature_names: one name per feature; None: x1, x2, ...
        options: see ``DataModule``.
    """

    def __init__(
        self,
        x: Sequence[Sequence[float]],
        y: Sequence[Any] | None = None,
        feature_names: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        rows = as_rows("data.x", x)
        if not isinstance(feature_names, list | tuple | None):
            raise InputError(f"data.feature_names must be a list, got {feature_names!r}")
        names = list(feature_names or ())
        if names and len(names) != rows.shape[1]:
            raise InputError(
                f"data.feature_names must have {rows.shape[1]} names, got {len(names)}"
            )
        self._points = Points(rows, _as_targets(y, len(rows)), names)

    def load(self) -> Points:
        return self._points


def _as_targets(y: Sequence[Any] | None, n: int) -> Tensor | None:
    if y is None:
        return None
    if not isinstance(y, list | tuple):
        raise InputError(f"data.y must be a list of class indices or numbers, got {y!r}")
    if any(isinstance(value, float | list | tuple) for value in y):
        rows = [value if isinstance(value, list | tuple) else [value] for value in y]
        if len(rows) != n:
            raise InputError(f"data.y must have {n} entries, one per row of data.x")
        return as_rows("data.y", rows)
    if len(y) != n or not all(type(label) is int and label >= 0 for label in y):
        raise InputError(f"data.y must be {n} class indices 0, 1, ..., one per row, got {list(y)}")
    return torch.tensor(y)


class Parabola(DataModule):
    """Regression data: points of ``y = 2 x^2 + 7``, evenly spaced in x.

    Args:
        n_points: number of points.
        low: smallest x.
        high: largest x.
        noise: standard deviation of the normal noise on y.
        options: see ``DataModule``; ``seed`` determines the noise.
    """

    def __init__(
        self,
        n_points: int = 100,
        low: float = -10,
        high: float = 10,
        noise: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.n_points = check_int("data.n_points", n_points, low=2)
        check_memory("data.n_points", self.n_points, 2)
        self.low = check_float("data.low", low)
        self.high = check_float("data.high", high, above=self.low)
        self.noise = check_float("data.noise", noise, low=0)

    def load(self) -> Points:
        x = torch.linspace(self.low, self.high, self.n_points)[:, None]
        generator = torch.Generator().manual_seed(self.seed)
        y = 2 * x.square() + 7 + self.noise * torch.randn(x.shape, generator=generator)
        return Points(x, y, feature_names=["x"], target_names=["y"])


class CarDecision(DataModule):
    """Classification data: whether to buy a car, for all combinations of four factors.

    Each factor is 0, 0.5 or 1 and counts in favor of buying: a low price, poor public transport,
    driving skill, and appeal of the model. The class is buy if ``weights · factors > threshold``.

    Args:
        weights: weights of the four factors; see ``FACTORS``.
        threshold: threshold of the weighted sum.
        options: see ``DataModule``.
    """

    def __init__(
        self, weights: Sequence[float] = (4, 2, 1, 3), threshold: float = 5, **options: Any
    ) -> None:
        super().__init__(**options)
        if not isinstance(weights, list | tuple) or len(weights) != len(FACTORS):
            raise InputError(f"data.weights must be four numbers, for {', '.join(FACTORS)}")
        self.weights = [check_float("each of data.weights", weight) for weight in weights]
        self.threshold = check_float("data.threshold", threshold)

    def load(self) -> Points:
        levels = torch.tensor([0.0, 0.5, 1.0])
        x = torch.cartesian_prod(*[levels] * len(FACTORS))
        y = (x @ torch.tensor(self.weights) > self.threshold).long()
        if y.min() == y.max():
            raise InputError(
                f"data.threshold={self.threshold:g} with data.weights={self.weights} gives all "
                "cars the same decision"
            )
        return Points(x, y, feature_names=FACTORS, class_names=("leave", "buy"))


class GaussianClusters(DataModule):
    """Unlabeled points around centroids with normal noise, in random order.

    The centroids are only used for evaluation (``centroid_distance``), not for training.

    Args:
        centroids: (clusters, features); None: sample them uniformly from [-5, 5].
        clusters: number of clusters; None: the number of given centroids, or 5 without them.
        features: number of features of sampled centroids.
        points_per_cluster: number of points per centroid.
        sd: standard deviation of the noise in each feature.
        options: see ``DataModule``; ``seed`` determines the points.
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
        self.points_per_cluster = check_int("data.points_per_cluster", points_per_cluster)
        self.sd = check_float("data.sd", sd, low=0)
        self.clusters = None if clusters is None else check_int("data.clusters", clusters)
        self.features = check_int("data.features", features)
        self.given = None if centroids is None else as_rows("data.centroids", centroids)
        if self.given is not None and (self.clusters or 0) > len(self.given):
            raise InputError(
                f"data.clusters is {self.clusters} but {len(self.given)} centroids are given; "
                "set data.centroids=null to sample centroids"
            )
        clusters = (self.clusters or 5) if self.given is None else len(self.given)
        features = self.features if self.given is None else self.given.shape[1]
        check_memory("data.points_per_cluster", clusters * self.points_per_cluster, features)

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
    """Labeled round clusters from ``sklearn.datasets.make_blobs``.

    Args:
        n_samples: number of points.
        centers: number of clusters; each is a class.
        n_features: number of features.
        cluster_std: standard deviation of each cluster.
        options: see ``DataModule``; ``seed`` is the ``random_state``.
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
        self.arguments = {
            "n_samples": check_int("data.n_samples", n_samples),
            "centers": check_int("data.centers", centers),
            "n_features": check_int("data.n_features", n_features),
            "cluster_std": check_float("data.cluster_std", cluster_std, low=0),
        }
        check_memory("data.n_samples", max(n_samples, centers), n_features)

    def load(self) -> Points:
        from sklearn.datasets import make_blobs

        x, y, centers = make_blobs(**self.arguments, random_state=self.seed, return_centers=True)
        x, y, centers = map(torch.from_numpy, (x, y, centers))
        return Points(x.float(), y, centroids=centers.float())


class Moons(DataModule):
    """Two interleaving half circles from ``sklearn.datasets.make_moons``, labeled.

    Args:
        n_samples: number of points.
        noise: standard deviation of the normal noise.
        options: see ``DataModule``; ``seed`` is the ``random_state``.
    """

    def __init__(self, n_samples: int = 500, noise: float = 0.1, **options: Any) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples)
        check_memory("data.n_samples", self.n_samples, 2)
        self.noise = check_float("data.noise", noise, low=0)

    def load(self) -> Points:
        from sklearn.datasets import make_moons

        x, y = make_moons(self.n_samples, noise=self.noise, random_state=self.seed)
        return Points(torch.from_numpy(x).float(), torch.from_numpy(y))


class Bundled(DataModule):
    """One of the labeled data sets of scikit-learn.

    Args:
        name: one of ``NAMES``.
        options: see ``DataModule``.
    """

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.name = check_choice("data.name", name, NAMES)

    def load(self) -> Points:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{self.name}")()
        return Points(
            torch.from_numpy(bunch.data).float(),
            torch.from_numpy(bunch.target),
            feature_names=list(map(str, bunch.feature_names)),
            class_names=list(map(str, bunch.target_names)),
            image_shape=bunch.images.shape[1:] if "images" in bunch else None,
        )
