"""Estimators that learn all points in one step: RBF, general regression, probabilistic networks."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from nnzoo.models import GRNN, PNN, RBF
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, Estimator
from nnzoo.sklearn.targets import Classifier, Regressor


@dataclass(kw_only=True, eq=False, repr=False)
class _AtOnceEstimator(Estimator):
    """An estimator that learns all points in one step; weights count as repeated points do.

    Args:
        spread: see the model; None: from the data.
    """

    epochs: int = 1
    batch_size: int | None = None
    spread: float | None = None

    def _options(self) -> dict[str, Any]:
        return self._given("spread")


@dataclass(kw_only=True, eq=False, repr=False)
class _RBFEstimator(_AtOnceEstimator):
    """A network of Gaussian units around centers; see ``nnzoo.models.RBF``.

    Args:
        selection: ols, kmeans or all.
        centers: maximum number of centers; None: 20, or all points.
        tolerance: share of the squared error at which ``ols`` ends.
        bias: whether the outputs have biases.
    """

    selection: str = "ols"
    centers: int | None = None
    tolerance: float = 0.0
    bias: bool = True

    model_class: ClassVar[Any] = RBF

    def _inputs(self, X: Any, y: Any, sample_weight: Any, *more: Any) -> tuple[Any, ...]:  # noqa: N803
        inputs = super()._inputs(X, y, sample_weight, *more)
        if isinstance(self.centers, int) and len(inputs[0]) < self.centers:
            raise ValueError(f"n_samples={len(inputs[0])} should be >= centers={self.centers}")
        return inputs

    def _options(self) -> dict[str, Any]:
        return super()._options() | self._given("selection", "centers", "tolerance", "bias")


@dataclass(kw_only=True, eq=False, repr=False)
class RBFClassifier(_RBFEstimator, Classifier):
    __doc__ = f"""Gaussian units around centers, for classes.

    {_RBFEstimator.__doc__}"""

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the outputs: for two classes how far that of the second exceeds 0.5, (points,),
        otherwise (points, classes)."""
        x = self._checked(X)
        with torch.no_grad():
            found = self.model_(predictions.points_of(self.model_, x)).numpy()
        return found[:, 0] - 0.5 if found.shape[1] == 1 else found


@dataclass(kw_only=True, eq=False, repr=False)
class RBFRegressor(_RBFEstimator, Regressor):
    __doc__ = f"""Gaussian units around centers, for one or several numbers.

    {_RBFEstimator.__doc__}"""

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"task": "regression"}


@dataclass(kw_only=True, eq=False, repr=False)
class GRNNRegressor(_AtOnceEstimator, Regressor):
    """A general regression network; see ``nnzoo.models.GRNN``.

    Args:
        spread: distance at which a training point counts half; None: from the data.
    """

    model_class: ClassVar[Any] = GRNN

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"task": "regression"}


@dataclass(kw_only=True, eq=False, repr=False)
class PNNClassifier(_AtOnceEstimator, Classifier):
    """A probabilistic network; see ``nnzoo.models.PNN``.

    Args:
        spread: distance at which a training point counts half; None: from the data.
    """

    model_class: ClassVar[Any] = PNN

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the probability of each class, (points, classes)."""
        x = self._checked(X)
        found: Array = predictions.predict_proba(self.model_, x)
        return found

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the logarithm of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
