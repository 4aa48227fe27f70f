"""What all estimators share: parameters, building models from arrays, and training."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nnzoo.data.points import Points
from nnzoo.engine.progress import Member, Progress
from nnzoo.engine.stopping import EarlyStopping
from nnzoo.errors import InputError, check_bool, check_float, check_int
from nnzoo.models import Model, Supervised
from nnzoo.models.training.whole_batch import check_whole
from nnzoo.sklearn.fitting import Fit, check_engine, recall, train
from nnzoo.sklearn.points import Arrays, weighted_twin

Array = NDArray[Any]
FLOATS = (np.float64, np.float32)


@dataclass(kw_only=True, eq=False, repr=False)
class Estimator(BaseEstimator):
    """An estimator that trains a model of the zoo, in the type of X: float32 or float64.

    Args:
        epochs: number of epochs of the training.
        batch_size: points per step; None: all.
        scale: scaling of the features: none, minmax, standard, frobenius or bipolar; see
            ``nnzoo.nn.Scaling``.
        random_state: seed of weights, order and noise.

    Attributes:
        model_: the trained LightningModule.
        n_features_in_, feature_names_in_: number and names of the features.
        loss_curve_: training loss of each epoch.
        n_iter_: epochs trained.
        best_loss_: the lowest training loss, or validation loss if there is a validation part.
    """

    epochs: int = 100
    batch_size: int | None = 32
    scale: str = "standard"
    random_state: Any = None

    model_class: ClassVar[Any]  # a subclass of Model

    @classmethod
    @cache  # scikit-learn reads the signature in each of many calls
    def _get_param_names(cls) -> list[str]:
        names: list[str] = super()._get_param_names()
        return names

    # What subclasses define

    def _options(self) -> dict[str, Any]:
        """Return the arguments of the model that the parameters give."""
        raise NotImplementedError

    def _targets(self, y: Any) -> dict[str, Any]:
        """Return what ``Points`` needs of validated targets."""
        return {}

    def _finish(self, fit: Fit, x: Array) -> None:
        """Set further attributes after a training."""

    # Training

    def _new_model(self, data: Arrays) -> Model:
        model: Model = self.model_class(**self.model_class.sizes(data) | self._options())
        return model

    def _fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: N803
        inputs = self._inputs(X, y, sample_weight)
        fit = recall(type(self), self.get_params(), inputs)
        if fit is None:
            fit = self._build(inputs)
            train([fit])
        return self._adopt(fit)

    def _inputs(self, X: Any, y: Any, sample_weight: Any, reset: bool = True) -> tuple[Any, ...]:  # noqa: N803
        """Return validated points, targets and weights, which may be None."""
        return positive_strides(validate_data(self, X, dtype=FLOATS, reset=reset)), None, None

    def _build(self, inputs: tuple[Any, ...], data: Arrays | None = None) -> Fit:
        """Return the training for inputs; ``data`` is its data module, if there is one already."""
        seed = self._seed()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            data = self._data(inputs) if data is None else data
            model = self._new_model(data)
            model.check(data)
            check_whole(model, data)
            check_engine(model)
            model.to(data.points.x.dtype)
            model.set_scaling(data)
            model.initialize_from(data.start_batch().like(model.prototype))
        epochs = self._length()
        stopping = self._stopping()
        if stopping is not None:
            stopping.set_monitor("val_loss", ["val_loss"])
        progress = Progress(epochs)
        return self._training(inputs, model, data, seed, progress, stopping)

    def _training(
        self,
        inputs: tuple[Any, ...],
        model: Model,
        data: Arrays,
        seed: int,
        progress: Progress,
        stopping: EarlyStopping | None = None,
    ) -> Fit:
        learner: Any = model
        if data.weights is not None and isinstance(model, Supervised):
            learner = weighted_twin(model)
        member = Member(learner, data, seed, progress, _write_nothing, stopping)
        every = progress.length if data.val_fraction == 0 else 1
        params = self.get_params()
        return Fit(type(self), params, inputs, model, data, member, progress.length, every)

    def _adopt(self, fit: Fit) -> Self:
        """Set the attributes of a finished training.

        Raises:
            RunError: if it failed.
        """
        progress = fit.member.progress
        if progress.error is not None:
            raise progress.error
        best = progress.best
        assert best is not None
        has_validation = fit.data.val_fraction > 0
        fit.model.load_state_dict(best.weights if has_validation else progress.weights)
        fit.model.calibrate(fit.data)
        self.model_: Any = fit.model.eval()
        self._seed_used = fit.member.seed
        self.loss_curve_ = [row["loss"] for row in progress.rows]
        self.n_iter_ = progress.epochs
        self.best_loss_ = best.value if has_validation else min(self.loss_curve_)
        self._finish(fit, fit.inputs[0])
        return self

    def _partial_fit(self, inputs: tuple[Any, ...]) -> Self:
        """Train one epoch more, as the next of a training of ``epochs`` epochs."""
        done = getattr(self, "n_iter_", 0)
        losses: list[float] = getattr(self, "loss_curve_", [])
        if not done:
            fit = self._build(inputs)
        else:
            data = self._data(inputs)
            model = copy.deepcopy(self.model_).to(data.points.x.dtype)
            data.scaling = model.scaling  # of the first points
            steps = done * -(-len(inputs[0]) // data.batch_points())
            length = max(self._length(), done + 1)
            progress = Progress(length, epochs=done, step=steps)
            fit = self._training(inputs, model, data, self._seed_used, progress)
        fit.every = fit.only = 1
        train([fit])
        self._adopt(fit)
        self.loss_curve_ = losses + self.loss_curve_
        self.best_loss_ = min(self.loss_curve_)
        return self

    # Parts of a training

    def _seed(self) -> int:
        return seed_of(self.random_state)

    def _data_options(self) -> dict[str, Any]:
        return self._given("batch_size", "scale")

    def _stopping(self) -> EarlyStopping | None:
        return None

    def _length(self) -> int:
        return check_int("epochs", self._given("epochs")["epochs"])

    def _given(self, *names: str) -> dict[str, Any]:
        """Return parameters by name, with NumPy's numbers, as from a grid, as Python's."""
        values = ((name, getattr(self, name)) for name in names)
        return {k: v.item() if isinstance(v, np.generic) else v for k, v in values}

    def _data(self, inputs: tuple[Any, ...]) -> Arrays:
        x, y, weights = inputs
        names = [str(name) for name in getattr(self, "feature_names_in_", ())]
        points = Points(torch.tensor(x), feature_names=names, **self._targets(y))
        own = None if weights is None else torch.tensor(weights)
        return Arrays(points, own, **self._data_options())

    def _checked(self, X: Any) -> Array:  # noqa: N803
        """Return raw points for a trained model, (points, features)."""
        check_is_fitted(self, "model_")
        return positive_strides(validate_data(self, X, dtype=FLOATS, reset=False))


class UnsupervisedEstimator(Estimator):
    """An estimator without targets."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Train on points (points, features).

        Raises:
            ValueError: if the points or the parameters are not possible.
            RunError: if the training diverged.
        """
        return self._fit(X)


@dataclass(kw_only=True, eq=False, repr=False)
class GradientEstimator(Estimator):
    """An estimator whose model learns by gradient descent.

    Args:
        optimizer: name of an optimizer, or its name and options, such as ``{"name": "sgd",
            "momentum": 0.9}``.
        lr: learning rate.
        scheduler: ``{"name": "cosine", ...}``; None: a constant rate.
        early_stopping: whether to keep a validation part, stop when its loss no longer improves,
            and take the weights of the best epoch.
        validation_fraction: share of the points in it, above 0 and below 1.
        n_iter_no_change: epochs without an improvement after which the training stops.
        tol: smallest improvement.
    """

    optimizer: str | Mapping[str, Any] = "adam"
    lr: float = 0.01
    scheduler: Mapping[str, Any] | None = None
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    tol: float = 0.0

    def _options(self) -> dict[str, Any]:
        named = {"name": self.optimizer} if isinstance(self.optimizer, str) else self.optimizer
        if not isinstance(named, Mapping):
            raise InputError(f"optimizer must be a name or a mapping, got {named!r}")
        return {"optimizer": {**self._given("lr"), **named}, "scheduler": self.scheduler}

    def _data_options(self) -> dict[str, Any]:
        share = self._given("validation_fraction")["validation_fraction"]
        is_split = check_bool("early_stopping", self.early_stopping)
        if is_split and not 0 < check_float("validation_fraction", share) < 1:
            raise InputError(f"validation_fraction must be above 0 and below 1, got {share!r}")
        return super()._data_options() | {"val_fraction": share if is_split else 0}

    def _stopping(self) -> EarlyStopping | None:
        if not self.early_stopping:
            return None
        return EarlyStopping(patience=self.n_iter_no_change, min_delta=self.tol)


def seed_of(random_state: Any) -> int:
    """Return the seed that ``random_state`` is, or a random one drawn from it.

    Raises:
        InputError: if it is an integer that torch does not take as a seed.
    """
    if isinstance(random_state, int | np.integer):
        return check_int("random_state", int(random_state), low=0, high=2**64 - 1)
    return int(check_random_state(random_state).randint(2**31 - 1))


def positive_strides(values: Array) -> Array:
    """Return an array, or a copy if it has negative strides, which torch does not take."""
    return values.copy() if min(values.strides) < 0 else values


def _write_nothing(progress: Progress) -> None:
    """Write no file."""
