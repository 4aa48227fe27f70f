"""Data sets without a file: lists, formulas and random points."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError, check_float, check_int
from nnzoo.limits import check_memory

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


class TwoSpirals(DataModule):
    """Two classes along two spirals that wind around each other three times.

    Point i of the first spiral has the radius ``6.5 (104 - i) / 104`` and the angle ``pi i / 16``,
    for i = 0, ..., 96; the second spiral is the first one, rotated by half a turn.

    Source: K. Lang & M. Witbrock, 1988, "Learning to tell two spirals apart".

    Args:
        density: number of points between two points of the source.
        noise: standard deviation of the normal noise on both features.
        options: see ``DataModule``; ``seed`` determines the noise.
    """

    def __init__(self, density: int = 1, noise: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.density = check_int("data.density", density)
        self.noise = check_float("data.noise", noise, low=0)
        check_memory("data.density", 194 * self.density, 2)

    def load(self) -> Points:
        i = torch.arange(96 * self.density + 1, dtype=torch.float64) / self.density
        radius, angle = 6.5 * (104 - i) / 104, torch.pi * i / 16
        first = torch.stack([radius * angle.sin(), radius * angle.cos()], 1)
        x = torch.cat([first, -first])
        generator = torch.Generator().manual_seed(self.seed)
        x = x + self.noise * torch.randn(x.shape, generator=generator)
        return Points(x.float(), torch.arange(2).repeat_interleave(len(first)))
