"""Clustering by a competitive layer."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin

from nnzoo.models import Competitive
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, UnsupervisedEstimator
from nnzoo.sklearn.fitting import Fit


@dataclass(kw_only=True, eq=False, repr=False)
class CompetitiveClustering(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, UnsupervisedEstimator
):
    """Winner-take-all units that find the centers of clusters; see ``nnzoo.models.Competitive``.

    Distances are Euclidean in scaled units, which are those of the data unless ``scale`` is
    set.

    Args:
        units, rule, start, update, lr, lr_end, conscience_until: see ``nnzoo.models.Competitive``.

    Attributes:
        cluster_centers_: (units, features), in the units of the data.
        labels_: the nearest unit of each training point.
        inertia_: the sum of squared distances of the training points to it.
    """

    units: int = 8
    rule: str = "conscience"
    start: str = "sample"
    update: str = "online"
    lr: float = 0.5
    lr_end: float | Literal["auto"] | None = 0.0005
    conscience_until: float = 0.1
    scale: str = "none"

    model_class: ClassVar[Any] = Competitive

    def partial_fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Train one epoch more on points, which may differ from those before; the rate falls as in
        a training of ``epochs`` epochs."""
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
        if reset and isinstance(self.units, int) and len(inputs[0]) < self.units:
            raise ValueError(f"n_samples={len(inputs[0])} should be >= units={self.units}")
        return inputs

    def _options(self) -> dict[str, Any]:
        names = ("units", "rule", "start", "update", "lr", "lr_end", "conscience_until")
        return self._given(*names)

    def _finish(self, fit: Fit, x: Array) -> None:
        distances = self._distances(x)
        self.cluster_centers_ = self.model_.centroids().numpy()
        self.labels_ = distances.argmin(1)
        self.inertia_ = float(np.square(distances.min(1)).sum())
        self._n_features_out = len(self.cluster_centers_)
