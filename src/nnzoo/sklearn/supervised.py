"""Estimators that learn targets: classifiers and a regressor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.utils.multiclass import type_of_target

from nnzoo.models import MLP, Perceptron
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, GradientEstimator
from nnzoo.sklearn.targets import Classifier, Regressor


@dataclass(kw_only=True, eq=False, repr=False)
class PerceptronClassifier(Classifier):
    """Threshold units trained by the perceptron rule; see ``nnzoo.models.Perceptron``.

    A weight of a point multiplies its steps, as in scikit-learn; this differs from repeating it.

    Args:
        lr: learning rate; weights start at zero, so it only scales them.
    """

    lr: float = 0.01

    model_class: ClassVar[Any] = Perceptron

    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Train one epoch more on points, which may differ from those before.

        Args:
            X, y, sample_weight: as of ``fit``.
            classes: all classes that will occur; needed in the first call if y lacks some, and the
                same in later calls, if given.

        Raises:
            ValueError: if y has a class that is not in ``classes``, or these are not the first.
        """
        return self._partial_fit_classes(X, y, sample_weight, classes)

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the net inputs: (points,) for two classes, otherwise (points, classes)."""
        x = self._checked(X)
        with torch.no_grad():
            scores = self.model_.scores(predictions.points_of(self.model_, x)).numpy()
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _options(self) -> dict[str, Any]:
        return self._given("lr")


@dataclass(kw_only=True, eq=False, repr=False)
class _MLPEstimator(GradientEstimator):
    """A multilayer network; see ``nnzoo.models.MLP``.

    Args:
        hidden: units of each hidden layer; may be empty.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        loss: one of ``nnzoo.models.mlp.LOSSES``; None: that of the task.
        init: initialization of the weights; None: torch's.
        dropout: dropout of the hidden layers in training; see ``nnzoo.models.MLP``.
    """

    hidden: Sequence[int] = (10, 10)
    activation: str | Sequence[str] = "tanh"
    loss: str | None = None
    init: str | None = None
    dropout: float = 0.0

    model_class: ClassVar[Any] = MLP

    def _options(self) -> dict[str, Any]:
        names = ("hidden", "activation", "loss", "init", "dropout")
        return super()._options() | self._given(*names)


@dataclass(kw_only=True, eq=False, repr=False)
class MLPClassifier(Classifier, _MLPEstimator):
    __doc__ = f"""A multilayer network for classes, or for several labels per point.

    {_MLPEstimator.__doc__}"""

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the probability of each class, (points, classes), or label, (points, labels)."""
        x = self._checked(X)
        if self.model_.task == "multilabel":
            return self.model_.predict(x).numpy()
        found: Array = predictions.predict_proba(self.model_, x)
        return found

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the logarithm of ``predict_proba``."""
        return np.log(self.predict_proba(X))

    def _is_multilabel(self, y: Array) -> bool:
        return bool(type_of_target(y) == "multilabel-indicator")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class MLPRegressor(Regressor, _MLPEstimator):
    """A multilayer network for one or several numbers."""

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"task": "regression"}
