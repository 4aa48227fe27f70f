"""FusedSearchCV against GridSearchCV."""

import numpy as np
import pytest
from helpers import mostly_slow
from numpy.testing import assert_allclose
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nnzoo
from nnzoo.sklearn import (
    AutoencoderTransformer,
    CompetitiveClustering,
    FusedSearchCV,
    MLPClassifier,
    MLPRegressor,
    PerceptronClassifier,
    fitting,
)

X, Y = load_iris(return_X_y=True)
SMALL = {"epochs": 5, "random_state": 0}
MLP_GRID = {"lr": [1e-3, 0.01, 0.1], "hidden": [(4,), (3, 3)]}
SEARCHES = {
    "classifier": (MLPClassifier(**SMALL), MLP_GRID, Y),
    "stopping": (MLPClassifier(**SMALL | {"early_stopping": True, "epochs": 20}), MLP_GRID, Y),
    "balanced": (MLPClassifier(**SMALL, class_weight="balanced"), MLP_GRID, Y),
    "regressor": (MLPRegressor(**SMALL), MLP_GRID, X[:, 3]),
    "perceptron": (
        PerceptronClassifier(**SMALL),
        {"scale": ["none", "minmax"]},
        Y,
    ),
    "clusters": (CompetitiveClustering(**SMALL), {"lr": [0.1, 0.5], "units": [2, 3]}, None),
    "autoencoder": (AutoencoderTransformer(**SMALL), {"latent": [1, 2], "noise": [0, 0.1]}, None),
    "pipeline": (
        make_pipeline(StandardScaler(), MLPClassifier(**SMALL, scale="none")),
        {"mlpclassifier__lr": [1e-3, 0.01], "standardscaler__with_mean": [True, False]},
        Y,
    ),
}


def equal(fused, alone):
    assert set(fused.cv_results_) == set(alone.cv_results_)
    for name, values in alone.cv_results_.items():
        if name.startswith(("split", "mean_test", "std_test", "mean_train", "rank")):
            assert_allclose(fused.cv_results_[name], values, rtol=1e-4, err_msg=name)
    assert fused.cv_results_["params"] == alone.cv_results_["params"]
    assert fused.best_params_ == alone.best_params_


@pytest.fixture
def alone_only_for_the_best(monkeypatch):
    """Fails if an estimator is trained alone, besides the best one on all points."""
    counts = []
    original = fitting.train
    monkeypatch.setattr("nnzoo.sklearn.base.train", lambda fits: counts.append(1) or original(fits))
    yield
    assert len(counts) == 1


@pytest.mark.parametrize("name", mostly_slow(SEARCHES, keep=3))
def test_equals_grid_search(name, alone_only_for_the_best):
    estimator, grid, y = SEARCHES[name]
    fused = FusedSearchCV(estimator, grid, cv=3, return_train_score=True).fit(X, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnzoo.sklearn.base.train", fitting.train)
        alone = GridSearchCV(estimator, grid, cv=3, return_train_score=True).fit(X, y)
    equal(fused, alone)
    assert fused.n_features_in_ == 4
    if y is not None:
        assert_allclose(fused.predict(X) == y, alone.predict(X) == y)


def test_random_folds_weights_and_several_scores():
    cv = KFold(3, shuffle=True, random_state=1)
    options = {"cv": cv, "scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    weights = np.random.default_rng(0).random(len(X))
    grid = {"lr": [0.01, 0.1]}
    searches = [
        kind(MLPClassifier(**SMALL), grid, **options).fit(X, Y, sample_weight=weights)
        for kind in (FusedSearchCV, GridSearchCV)
    ]
    equal(*searches)


def test_random_folds_without_a_seed(alone_only_for_the_best):
    cv = KFold(3, shuffle=True)
    FusedSearchCV(MLPClassifier(**SMALL), {"lr": [0.01, 0.1]}, cv=cv).fit(X, Y)


def test_groups():
    groups = np.arange(len(X)) % 5
    options = {"cv": GroupKFold(3)}
    searches = [
        kind(MLPClassifier(**SMALL), {"lr": [0.01, 0.1]}, **options).fit(X, Y, groups=groups)
        for kind in (FusedSearchCV, GridSearchCV)
    ]
    equal(*searches)


@pytest.mark.slow
def test_processes():
    grid = {"lr": [0.01, 0.1], "hidden": [(3,), (4,)]}
    one, two = (
        FusedSearchCV(MLPClassifier(**SMALL), grid, cv=2, n_jobs=n).fit(X, Y) for n in (1, 2)
    )
    equal(one, two)


def test_candidates_that_fail():
    estimator = MLPRegressor(**SMALL, optimizer="sgd", activation="identity")
    search = FusedSearchCV(estimator, {"lr": [1e-3, 1e9]}, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="the training diverged"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, X[:, 3])
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_impossible_candidates():
    search = FusedSearchCV(MLPClassifier(**SMALL), {"hidden": [(3,), (0,)]}, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="must be a whole number of at least 1, got 0"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, Y)
    assert search.best_params_ == {"hidden": (3,)}


def test_other_estimators():
    with pytest.raises(nnzoo.InputError, match="use GridSearchCV for LogisticRegression"):
        FusedSearchCV(LogisticRegression(), {"C": [1]}).fit(X, Y)
