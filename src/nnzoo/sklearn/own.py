"""Estimators of any model of the catalogue, one's own included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from nnzoo.catalogue import argument_names, build_model, chosen_entry, imported
from nnzoo.data import DataModule
from nnzoo.entries import merge, read_entry
from nnzoo.errors import InputError
from nnzoo.models import Model, Supervised
from nnzoo.runs import predictions
from nnzoo.sklearn.base import Array, Estimator, UnsupervisedEstimator
from nnzoo.sklearn.fitting import Fit
from nnzoo.sklearn.targets import Classifier, Regressor


@dataclass(kw_only=True, eq=False, repr=False)
class _ModelEstimator(Estimator):
    """An estimator of any model.

    Args:
        model: the name of an entry of the catalogue, or a subclass of ``nnzoo.models.Model``.
        options: arguments of the model that differ from the entry, such as ``{"hidden": [8]}``.
        batch_size, scale: as of other estimators; auto: those of the entry, otherwise all points
            for a model that learns all at once, such as ``RBF``, or 32, and standard.
    """

    model: Any = field(kw_only=False)
    options: Mapping[str, Any] | None = None
    batch_size: int | str | None = "auto"  # type: ignore[assignment]
    scale: str = "auto"

    def _entry(self) -> dict[str, Any]:
        is_class = isinstance(self.model, type) and issubclass(self.model, Model)
        if not is_class and not isinstance(self.model, str):
            raise InputError(f"model must be the name of an entry or a Model, got {self.model!r}")
        if not isinstance(self.options, Mapping | None):
            raise InputError(f"options must be a mapping of arguments, got {self.options!r}")
        entry = {"_target_": self.model} if is_class else chosen_entry("model", self.model)
        return merge(entry, self.options or {})

    @property
    def model_class(self) -> Any:
        """The class of the model."""
        return imported(self._entry()["_target_"], "model")

    def _data_options(self) -> dict[str, Any]:
        batch_size = None if self.model_class.learns_at_once else Estimator.batch_size
        defaults = {"batch_size": batch_size, "scale": Estimator.scale}
        if isinstance(self.model, str):
            defaults |= read_entry("model", self.model, "data")
        found = super()._data_options()
        return {k: defaults[k] if v == "auto" else v for k, v in found.items()}

    def _new_model(self, data: DataModule) -> Model:
        model: Model = build_model(self._entry(), data)
        return model


class _Targets(_ModelEstimator):
    """An estimator of a model that learns one task."""

    task: str

    def _entry(self) -> dict[str, Any]:
        entry = super()._entry()
        kind = imported(entry["_target_"], "model")
        if not issubclass(kind, Supervised) or self.task not in kind.tasks:
            raise InputError(f"{kind.__name__} does not learn a {self.task}; use another estimator")
        takes_task = "task" in argument_names(entry, "model")
        return {"task": self.task, **entry} if takes_task else entry


@dataclass(kw_only=True, eq=False, repr=False)
class ModelClassifier(_Targets, Classifier):
    """A classifier with any supervised model. ``sample_weight`` and ``class_weight`` work with
    the models of ``nnzoo.sklearn.points.WEIGHTED`` only; others may have an option of it."""

    task = "classification"

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the probability of each class, (points, classes)."""
        x = self._checked(X)
        found: Array = predictions.predict_proba(self.model_, x)
        return found


@dataclass(kw_only=True, eq=False, repr=False)
class ModelRegressor(_Targets, Regressor):
    """A regressor with any supervised model that learns numbers."""

    task = "regression"


@dataclass(kw_only=True, eq=False, repr=False)
class ModelTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, _ModelEstimator, UnsupervisedEstimator
):
    """The codes of any model that learns without targets, as features; its outputs if it has no
    encoder."""

    def transform(self, X: Any) -> Array:  # noqa: N803
        """Return the outputs or codes, (points, outputs)."""
        x = self._checked(X)
        if hasattr(self.model_, "encoder"):
            found: Array = predictions.encode(self.model_, x)
            return found
        outputs = self.model_.predict(x).numpy()
        return outputs.reshape(len(outputs), -1)

    def _finish(self, fit: Fit, x: Array) -> None:
        self._n_features_out = self.transform(x).shape[1]
