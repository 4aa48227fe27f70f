"""Clustering by units that learn the points near them."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin

from nnzoo.models import SOM, Competitive, NeuralGas
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, UnsupervisedEstimator
from nnzoo.sklearn.fitting import Fit


@dataclass(kw_only=True, eq=False, repr=False)
class _Clustering(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, UnsupervisedEstimator
):
    """Units with a center each.

    Distances are Euclidean in scaled units, which are those of the data unless ``scale`` is
    set.

    Attributes:
        cluster_centers_: (units, features), in the units of the data.
        labels_: the nearest unit of each training point.
        inertia_: the sum of squared distances of the training points to it.
    """

    scale: str = "none"

    _sizes: ClassVar[tuple[str, ...]] = ("units",)  # parameters whose product is the units

    def partial_fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Train one epoch more on points, which may differ from those before; rates and radii fall
        as in a training of ``epochs`` epochs."""
        return self._partial_fit(self._inputs(X, None, None, reset=not hasattr(self, "model_")))

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the nearest unit of each point, (points,)."""
        return self._distances(self._checked(X)).argmin(1)

    def transform(self, X: Any) -> Array:  # noqa: N803
        """Return the distances to all units, (points, units)."""
        return self._distances(self._checked(X))

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """Return the negative sum of squared distances to the nearest unit."""
        return -float(np.square(self.transform(X).min(1)).sum())

    def _distances(self, x: Array) -> Array:
        with torch.no_grad():
            return self.model_.layer.distances(predictions.points_of(self.model_, x)).numpy()

    def _inputs(self, X: Any, y: Any, sample_weight: Any, reset: bool = True) -> tuple[Any, ...]:  # noqa: N803
        inputs = super()._inputs(X, y, sample_weight, reset)
        sizes, n = [getattr(self, name) for name in self._sizes], len(inputs[0])
        if reset and all(isinstance(size, int) for size in sizes) and n < prod(sizes):
            name = " * ".join(self._sizes)
            raise ValueError(f"n_samples={n} should be >= {name}={prod(sizes)}")
        return inputs

    def _finish(self, fit: Fit, x: Array) -> None:
        distances = self._distances(x)
        self.cluster_centers_ = self.model_.centroids().numpy()
        self.labels_ = distances.argmin(1)
        self.inertia_ = float(np.square(distances.min(1)).sum())
        self._n_features_out = len(self.cluster_centers_)


@dataclass(kw_only=True, eq=False, repr=False)
class CompetitiveClustering(_Clustering):
    """Winner-take-all units that find the centers of clusters; see ``nnzoo.models.Competitive``.

    Args:
        units, rule, start, update, lr, lr_end, conscience_until: see ``nnzoo.models.Competitive``.
    """

    units: int = 8
    rule: str = "conscience"
    start: str = "sample"
    update: str = "online"
    lr: float = 0.5
    lr_end: float | Literal["auto"] | None = 0.0005
    conscience_until: float = 0.1

    model_class: ClassVar[Any] = Competitive

    def _options(self) -> dict[str, Any]:
        names = ("units", "rule", "start", "update", "lr", "lr_end", "conscience_until")
        return self._given(*names)


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralGasClustering(_Clustering):
    """Units that spread over the points; see ``nnzoo.models.NeuralGas``.

    Args:
        units, update, lr, lr_end, radius, radius_end: see ``nnzoo.models.NeuralGas``.
    """

    units: int = 8
    update: str = "online"
    lr: float = 0.5
    lr_end: float = 0.05
    radius: float | None = None
    radius_end: float = 0.01

    model_class: ClassVar[Any] = NeuralGas

    def _options(self) -> dict[str, Any]:
        return self._given("units", "update", "lr", "lr_end", "radius", "radius_end")


@dataclass(kw_only=True, eq=False, repr=False)
class SOMClustering(_Clustering):
    """Units on a grid, of which near ones learn similar points; see ``nnzoo.models.SOM``.

    Unit ``k`` is in row ``k // columns`` of the grid; ``model_.positions`` has the places of all.

    Args:
        rows, columns: size of the grid; None: from the data, see ``nnzoo.models.SOM``.
        grid, toroidal, neighborhood, update, start, decay, lr, lr_end, radius, radius_end: see
            ``nnzoo.models.SOM``.
    """

    rows: int | None = None
    columns: int | None = None
    grid: str = "rectangular"
    toroidal: bool = False
    neighborhood: str = "gaussian"
    update: str = "online"
    start: str = "pca"
    decay: str = "inverse"
    lr: float = 0.5
    lr_end: float = 0.12
    radius: float | None = None
    radius_end: float = 0.2

    model_class: ClassVar[Any] = SOM
    _sizes: ClassVar[tuple[str, ...]] = ("rows", "columns")

    def _options(self) -> dict[str, Any]:
        names = ("grid", "toroidal", "neighborhood", "update", "start", "decay")
        rates = ("lr", "lr_end", "radius", "radius_end")
        sizes = {k: v for k, v in self._given(*self._sizes).items() if v is not None}
        return sizes | self._given(*names, *rates)
