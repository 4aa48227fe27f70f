"""Data sets of scikit-learn: random points, and the labeled ones that it contains."""

from typing import Any

import torch

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import check_choice, check_float, check_int
from nnzoo.limits import check_memory

NAMES = ("breast_cancer", "digits", "iris", "wine")
"""Labeled data sets that are part of scikit-learn."""


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


class Circles(DataModule):
    """Two concentric circles from ``sklearn.datasets.make_circles``, labeled.

    Args:
        n_samples: number of points.
        noise: standard deviation of the normal noise.
        factor: radius of the inner circle, between 0 and 1; that of the outer one is 1.
        options: see ``DataModule``; ``seed`` is the ``random_state``.
    """

    def __init__(
        self, n_samples: int = 500, noise: float = 0.05, factor: float = 0.5, **options: Any
    ) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples, low=2)
        check_memory("data.n_samples", self.n_samples, 2)
        self.noise = check_float("data.noise", noise, low=0)
        self.factor = check_float("data.factor", factor, low=0, below=1)

    def load(self) -> Points:
        from sklearn.datasets import make_circles

        options = {"noise": self.noise, "factor": self.factor, "random_state": self.seed}
        x, y = make_circles(self.n_samples, **options)
        return Points(torch.from_numpy(x).float(), torch.from_numpy(y))


class SwissRoll(DataModule):
    """A rolled-up plane from ``sklearn.datasets.make_swiss_roll``; the target is the position along
    the roll.

    Args:
        n_samples: number of points.
        noise: standard deviation of the normal noise.
        options: see ``DataModule``; ``seed`` is the ``random_state``.
    """

    def __init__(self, n_samples: int = 1000, noise: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples, low=2)
        check_memory("data.n_samples", self.n_samples, 3)
        self.noise = check_float("data.noise", noise, low=0)

    def load(self) -> Points:
        from sklearn.datasets import make_swiss_roll

        x, position = make_swiss_roll(self.n_samples, noise=self.noise, random_state=self.seed)
        x, position = torch.from_numpy(x).float(), torch.from_numpy(position).float()
        return Points(x, position[:, None], target_names=["position"])


class Friedman(DataModule):
    """Regression data from ``sklearn.datasets.make_friedman1``.

    ``y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5`` plus noise, with all features uniform
    in [0, 1]; the features from the sixth on are irrelevant.

    Source: J. Friedman, 1991, "Multivariate adaptive regression splines".

    Args:
        n_samples: number of points.
        n_features: number of features, at least 5.
        noise: standard deviation of the normal noise on y.
        options: see ``DataModule``; ``seed`` is the ``random_state``.
    """

    def __init__(
        self, n_samples: int = 500, n_features: int = 10, noise: float = 1.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.n_samples = check_int("data.n_samples", n_samples, low=2)
        self.width = check_int("data.n_features", n_features, low=5)
        check_memory("data.n_samples", self.n_samples, self.width)
        self.noise = check_float("data.noise", noise, low=0)

    def load(self) -> Points:
        from sklearn.datasets import make_friedman1

        options = {"noise": self.noise, "random_state": self.seed}
        x, y = make_friedman1(self.n_samples, self.width, **options)
        x, y = torch.from_numpy(x).float(), torch.from_numpy(y).float()
        return Points(x, y[:, None], target_names=["y"])


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
