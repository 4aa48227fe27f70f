"""Estimators that classify by the nearest prototype."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from nnzoo.models import GLVQ, LVQ
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, GradientEstimator
from nnzoo.sklearn.fitting import Fit
from nnzoo.sklearn.targets import Classifier


@dataclass(kw_only=True, eq=False, repr=False)
class _PrototypeClassifier(Classifier):
    """A classifier by prototypes.

    Args:
        prototypes: number of prototypes of each class, or a list, one number per class.
        start: initial prototypes; see ``nnzoo.models.LVQ``.

    Attributes:
        prototypes_: (prototypes, features), in units of X.
        prototype_classes_: their classes, (prototypes,).
    """

    prototypes: int | Sequence[int] = 1
    start: str = "refined"

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return minus the distance to the nearest prototype of each class, (points, classes); for
        two classes the distance of the first minus that of the second, (points,)."""
        x = self._checked(X)
        with torch.no_grad():
            scores = self.model_.scores(predictions.points_of(self.model_, x)).numpy()
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _finish(self, fit: Fit, x: Array) -> None:
        self.prototypes_ = self.model_.codebook().numpy()
        self.prototype_classes_ = self.classes_[self.model_.prototype_classes.numpy()]


@dataclass(kw_only=True, eq=False, repr=False)
class LVQClassifier(_PrototypeClassifier):
    """Learning vector quantization; see ``nnzoo.models.LVQ``.

    A weight of a point multiplies its steps; this differs from repeating it.

    Args:
        rule: lvq1, olvq1, lvq2.1 or lvq3.
        lr, lr_end: learning rates at the start and at the end; see ``nnzoo.models.LVQ``.
        window, epsilon: of lvq2.1 and lvq3; see ``nnzoo.nn.lvq_rule``.
    """

    epochs: int = 30
    rule: str = "lvq1"
    lr: float | None = None
    lr_end: float | None = 0.0005
    window: float = 0.2
    epsilon: float = 0.2

    model_class: ClassVar[Any] = LVQ

    def _options(self) -> dict[str, Any]:
        names = ("prototypes", "start", "rule", "lr", "lr_end", "window", "epsilon")
        return self._given(*names)


@dataclass(kw_only=True, eq=False, repr=False)
class GLVQClassifier(_PrototypeClassifier, GradientEstimator):
    """Generalized learning vector quantization; see ``nnzoo.models.GLVQ``.

    The initial prototypes do not depend on weights of points.

    Args:
        metric: euclidean, or matrix, which learns a relevance matrix.
        slope: of the sigmoid in the loss; None: 5, with the matrix 2.

    Attributes:
        relevances_: the relevance matrix, (features, features); None for ``euclidean``.
    """

    epochs: int = 50
    metric: str = "euclidean"
    slope: float | None = None

    model_class: ClassVar[Any] = GLVQ

    def _options(self) -> dict[str, Any]:
        names = ("prototypes", "start", "metric", "slope")
        return super()._options() | self._given(*names)

    def _finish(self, fit: Fit, x: Array) -> None:
        super()._finish(fit, x)
        matrix = self.model_.layer.relevances()
        self.relevances_ = None if matrix is None else matrix.detach().numpy()
