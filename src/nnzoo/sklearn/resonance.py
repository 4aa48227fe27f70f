"""Clustering and classification by fuzzy adaptive resonance."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import ClusterMixin

from nnzoo.models import FuzzyART, FuzzyARTMAP
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, Estimator, UnsupervisedEstimator
from nnzoo.sklearn.fitting import Fit
from nnzoo.sklearn.targets import UnweightedClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class _ResonanceEstimator(Estimator):
    """Boxes of points, as many as a vigilance needs.

    Each epoch has its own order of the points. ``partial_fit`` scales later points as the first
    ones, and values that are then outside of 0 to 1 count as at these bounds, with a warning: for a
    stream, scale the points yourself and set ``scale="none"``.

    Args:
        categories: maximum number of boxes; further points are not learned.
        vigilance, alpha, beta: see ``nnzoo.models.FuzzyART``.

    Attributes:
        boxes_: lowest and highest corner of each box, (boxes, 2, features), in units of X.
    """

    epochs: int = 10
    scale: str = "minmax"
    categories: int = 1000
    vigilance: float = 0.5
    alpha: float = 0.001
    beta: float = 1.0

    def _options(self) -> dict[str, Any]:
        return self._given("categories", "vigilance", "alpha", "beta")

    def _partial_fit(self, inputs: tuple[Any, ...]) -> Self:
        if hasattr(self, "model_"):
            x = self.model_.scaled(inputs[0])
            if share := float(((x < 0) | (x > 1)).double().mean()):
                warnings.warn(
                    f"{100 * share:.3g} % of the values are outside of the range of the first "
                    'points and count as at its bounds: scale all to [0, 1] and set scale="none"',
                    stacklevel=3,
                )
        return super()._partial_fit(inputs)

    def _finish(self, fit: Fit, x: Array) -> None:
        self.boxes_ = self.model_.boxes().numpy()


@dataclass(kw_only=True, eq=False, repr=False)
class FuzzyARTClustering(_ResonanceEstimator, ClusterMixin, UnsupervisedEstimator):
    __doc__ = f"""Fuzzy ART: clusters that are boxes; see ``nnzoo.models.FuzzyART``.

    {_ResonanceEstimator.__doc__}
        labels_: the box of each training point.
    """

    model_class: ClassVar[Any] = FuzzyART

    def partial_fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Train one epoch more on points, which may differ from those before."""
        return self._partial_fit(self._inputs(X, None, None, reset=not hasattr(self, "model_")))

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the index of the box of each point, (points,)."""
        return self._labels(self._checked(X))

    def _labels(self, x: Array) -> Array:
        with torch.no_grad():
            return self.model_.nearest_units(predictions.points_of(self.model_, x)).numpy()

    def _finish(self, fit: Fit, x: Array) -> None:
        super()._finish(fit, x)
        self.labels_ = self._labels(x)


@dataclass(kw_only=True, eq=False, repr=False)
class FuzzyARTMAPClassifier(_ResonanceEstimator, UnweightedClassifier):
    __doc__ = f"""Fuzzy ARTMAP: boxes with classes; see ``nnzoo.models.FuzzyARTMAP``.

    {_ResonanceEstimator.__doc__}
        box_classes_: the class of each box.
    """

    vigilance: float = 0.0
    match_tracking: float = 0.001

    model_class: ClassVar[Any] = FuzzyARTMAP

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:  # noqa: N803
        """Train one epoch more on points, which may differ from those before.

        Args:
            X, y: as of ``fit``.
            classes: all classes that will occur; needed in the first call if y lacks some.

        Raises:
            ValueError: if y has a class that is not in ``classes``, or these are not the first.
        """
        return self._partial_fit_classes(X, y, None, classes)

    def fit(self, X: Any, y: Any) -> Self:  # type: ignore[override]  # noqa: N803
        """Train on points (points, features) and their classes; errors as of other classifiers."""
        return self._fit(X, y)

    def _options(self) -> dict[str, Any]:
        return super()._options() | self._given("match_tracking")

    def _finish(self, fit: Fit, x: Array) -> None:
        super()._finish(fit, x)
        self.box_classes_ = np.asarray(self.classes_)[self.model_.category_classes.numpy()]
