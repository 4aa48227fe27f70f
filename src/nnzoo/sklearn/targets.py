"""Bases of the estimators that learn targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from nnzoo.errors import InputError
from nnzoo.runs import predictions
from nnzoo.sklearn import base
from nnzoo.sklearn.base import FLOATS, Array, Estimator


class SupervisedEstimator(Estimator):
    """An estimator with targets, and weights of points.

    With weights the loss is ``sum(weight * loss of the point) / sum(weight)``, and ``standard``
    scaling weights the points as well. So a weight counts as repeated points do if ``batch_size``
    is None; in mini-batches the order differs. Points of weight 0 are left out.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train on points (points, features) and their targets.

        Args:
            X: raw points: an array, lists or a DataFrame.
            y: targets, (points,) or (points, targets).
            sample_weight: weights of the points, (points,), not negative; None: all are equal.

        Raises:
            ValueError: if the inputs or the parameters are not possible.
            RunError: if the training diverged.
        """
        return self._fit(X, y, sample_weight)

    def _inputs(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any,
        reset: bool = True,
        classes: Any = None,
    ) -> tuple[Any, ...]:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        x, targets = validate_data(self, X, y, dtype=FLOATS, multi_output=True, reset=reset)
        x = base.positive_strides(x)
        targets = base.positive_strides(self._validated_targets(targets, reset, classes))
        with np.errstate(all="ignore"):  # weights that are not finite are found below
            weights = self._weights(x, targets, sample_weight)
            total = 1.0 if weights is None else weights.sum()
        if not np.isfinite(total):
            raise ValueError("the sum of all weights must be finite; divide them by a number")
        if weights is not None:
            kept = weights > 0
            if not kept.any():
                raise ValueError("the weights of all points are 0; one must be above 0")
            x, targets, weights = x[kept], targets[kept], weights[kept]
            if not self._sums():  # such that the size of a step stays
                weights = weights / weights.mean()
        self._check_targets(targets, classes)
        return x, targets, weights

    def _check_targets(self, y: Array, classes: Any) -> None:
        """Raise a ValueError if targets of weights above 0 are not enough to learn from."""

    def _validated_targets(self, y: Array, reset: bool, classes: Any) -> Array:
        """Return targets in a form that ``_targets`` knows."""
        raise NotImplementedError

    def _weights(self, x: Array, y: Array, sample_weight: Any) -> Array | None:
        """Return the weights of the points; None: they are equal."""
        if sample_weight is None:
            return None
        weights: Array = _check_sample_weight(sample_weight, x, dtype=np.float64)
        if (weights < 0).any() or not weights.any():
            raise ValueError("sample weights must not be negative, and one must be non-zero")
        return weights

    def _sums(self) -> bool:
        """Return whether the loss is a sum over points, not a mean."""
        return self.model_class.loss_is_sum or getattr(self, "loss", None) == "sse"


class UnweightedClassifier(ClassifierMixin, SupervisedEstimator):
    """An estimator with classes.

    Attributes:
        classes_: the classes, sorted.
    """

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the class of each point, (points,), or its labels, (points, labels)."""
        x = self._checked(X)
        points = predictions.points_of(self.model_, x)
        with torch.no_grad():
            decided = self.model_.decide(points).numpy()
        if self.model_.task == "multilabel":
            return decided
        return self.classes_[decided.reshape(-1)]

    def _partial_fit_classes(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:  # noqa: N803
        """Train one epoch more; without ``classes``, on those of the first call."""
        first = not hasattr(self, "model_")
        if classes is None and not first:
            classes = self.classes_
        return self._partial_fit(self._inputs(X, y, sample_weight, first, classes))

    def _validated_targets(self, y: Array, reset: bool, classes: Any) -> Array:
        check_classification_targets(y)
        if y.ndim == 2 and self._is_multilabel(y):
            if reset:
                self.classes_ = np.arange(y.shape[1])
            return y.astype(float)
        y = column_or_1d(y, warn=True)
        names = np.unique(y if classes is None else classes)
        if reset:
            self.classes_ = names
        elif not np.array_equal(names, self.classes_):
            first = self.classes_.tolist()
            raise ValueError(f"classes={names.tolist()} differs from the first call, {first}")
        indices = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        if (unknown := self.classes_[indices] != y).any():
            raise ValueError(f"y has the class {y[unknown][0]!r}, which is not in classes")
        return indices.astype(np.int64)

    def _is_multilabel(self, y: Array) -> bool:
        return False

    def _check_targets(self, y: Array, classes: Any) -> None:
        known = y if classes is None else classes
        if y.ndim == 1 and len(np.unique(known)) < 2:
            raise ValueError("a classifier needs points of at least 2 classes, got 1 class")

    def _targets(self, y: Array) -> dict[str, Any]:
        if y.ndim == 2:
            return {"y": torch.tensor(y), "target_names": [str(k) for k in self.classes_]}
        return {"y": torch.tensor(y), "class_names": [str(name) for name in self.classes_]}


@dataclass(kw_only=True, eq=False, repr=False)
class Classifier(UnweightedClassifier):
    """An estimator with classes that may have weights.

    Args:
        class_weight: ``balanced``, weights by class, finite and not negative, or None.
    """

    class_weight: Any = None

    def _weights(self, x: Array, y: Array, sample_weight: Any) -> Array | None:
        weights = super()._weights(x, y, sample_weight)
        if self.class_weight is None:
            return weights
        if y.ndim == 2:
            raise InputError("class_weight is for classes, and y has several labels per point")
        if isinstance(self.class_weight, Mapping):
            given = np.array(list(self.class_weight.values()), float)
            if not (np.isfinite(given) & (given >= 0)).all():
                raise InputError(
                    f"class_weight={self.class_weight!r} must have finite weights of at least 0"
                )
            by_class = compute_sample_weight(dict(self.class_weight), self.classes_[y])
        elif self.class_weight == "balanced":
            sums = np.bincount(y, weights, minlength=len(self.classes_))
            by_class = (sums.sum() / (sums > 0).sum() / sums.clip(min=1e-300))[y]
        else:
            raise InputError(f"class_weight={self.class_weight!r} is not balanced or a mapping")
        return by_class if weights is None else weights * by_class


@dataclass(kw_only=True, eq=False, repr=False)
class Regressor(RegressorMixin, SupervisedEstimator):
    """An estimator of one or several numbers.

    Args:
        target_scale: scaling of the targets, as ``scale``.
    """

    target_scale: str = "standard"

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the numbers, (points,) or (points, targets), as y was."""
        x = self._checked(X)
        output = self.model_.predict(x).numpy()
        return output[:, 0] if self._is_flat else output

    def _validated_targets(self, y: Array, reset: bool, classes: Any) -> Array:
        self._is_flat = y.ndim == 1
        return y.reshape(len(y), -1).astype(float)

    def _targets(self, y: Array) -> dict[str, Any]:
        return {"y": torch.tensor(y)}

    def _data_options(self) -> dict[str, Any]:
        return super()._data_options() | self._given("target_scale")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
