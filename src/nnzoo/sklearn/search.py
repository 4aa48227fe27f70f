"""A grid search that trains all folds and candidates as populations."""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from nnzoo.errors import InputError
from nnzoo.sklearn.base import Estimator
from nnzoo.sklearn.fitting import Fit, remembered, same, train_or_keep_error
from nnzoo.sklearn.points import Arrays
from nnzoo.sweeps.groups import kind_key
from nnzoo.sweeps.memory import max_members
from nnzoo.sweeps.sweep import MEMBERS_PER_PART


class FusedSearchCV(GridSearchCV):
    """``GridSearchCV`` for the estimators of ``nnzoo.sklearn``, which trains them together.

    Arguments, attributes and results are those of ``GridSearchCV``, up to rounding; if a learning
    rate is so large that training is unstable, rounding errors grow and scores differ. All
    candidates and folds are trained first. Those of one kind (sizes, activations, number of epochs)
    train together; numbers such as the learning rate may differ. ``GridSearchCV`` then scores the
    trained models. Each fit time in ``cv_results_`` includes an equal share of the common training.
    A fit that cannot train with others trains alone.

    The estimator may be the last step of a ``Pipeline``. ``n_jobs`` are processes for the training.
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:  # noqa: N803
        """Search, and fit the best estimator to all points.

        Args:
            X: points, (points, features).
            y: their targets, or None.
            params: ``sample_weight``, ``groups`` and others of ``GridSearchCV.fit``.

        Raises:
            InputError: if the estimator is not of ``nnzoo.sklearn``.
        """
        if not isinstance(_steps(self.estimator)[-1], Estimator):
            raise InputError(
                "FusedSearchCV trains estimators of nnzoo.sklearn; use GridSearchCV for "
                f"{type(_steps(self.estimator)[-1]).__name__}"
            )
        start = time.perf_counter()
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, params.get("groups")))
        fits = self._train(list(self._prepared(X, y, params.get("sample_weight"), splits)))
        seconds = time.perf_counter() - start
        search = GridSearchCV(**self.get_params(deep=False) | {"cv": splits, "n_jobs": 1})
        with remembered(fits):
            search.fit(X, y, **params)
        given = search.get_params(deep=False)
        self.__dict__.update({name: v for name, v in vars(search).items() if name not in given})
        candidates = len(self.cv_results_["params"])
        self.cv_results_["mean_fit_time"] += seconds / (candidates * len(splits))
        return self

    def _prepared(self, X: Any, y: Any, weights: Any, splits: Any) -> Iterator[Fit]:  # noqa: N803
        """Yield the trainings of all folds and candidates. What is not possible is left out;
        ``GridSearchCV`` reports it."""
        for train, _ in splits:
            points, targets = _safe_indexing(X, train), y if y is None else _safe_indexing(y, train)
            own = None if weights is None else _safe_indexing(np.asarray(weights), train)
            known: list[tuple[tuple[Any, ...], Arrays]] = []
            for candidate in ParameterGrid(self.param_grid):
                try:
                    yield _prepare(
                        clone(self.estimator).set_params(**clone(candidate, safe=False)),
                        (points, targets, own),
                        known,
                    )
                except Exception:
                    continue

    def _train(self, fits: list[Fit]) -> list[Fit]:
        """Train in populations of one kind; return the fits."""
        groups: dict[str, list[Fit]] = defaultdict(list)
        for fit in fits:
            groups[kind_key(fit.member.model, fit.data, [fit.epochs, fit.every])].append(fit)
        parts = []
        for group in groups.values():
            like_a_job: Any = group[0].member  # has a model and data
            most = min(MEMBERS_PER_PART, max_members(like_a_job, _CPU, 1))
            parts += [group[k : k + most] for k in range(0, len(group), most)]
        done = Parallel(n_jobs=self.n_jobs)(delayed(train_or_keep_error)(part) for part in parts)
        return [fit for part in done for fit in part]


_CPU = torch.device("cpu")


def _prepare(
    estimator: Any, inputs: tuple[Any, ...], known: list[tuple[tuple[Any, ...], Arrays]]
) -> Fit:
    """Return the training of an estimator. Equal inputs share a data module of ``known``, which
    may get a new one."""
    points, targets, weights = inputs
    if isinstance(estimator, Pipeline):
        points = estimator[:-1].fit_transform(points, targets) if len(estimator) > 1 else points
        estimator = estimator[-1]
    checked = estimator._inputs(points, targets, weights)
    options = estimator._data_options()
    for others, data in known:
        if data.options == options and same(others, checked):
            return estimator._build(others, data)
    fit: Fit = estimator._build(checked)
    known.append((checked, fit.data))
    return fit


def _steps(estimator: Any) -> list[Any]:
    return [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
