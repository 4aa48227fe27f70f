"""Estimators within scikit-learn: pipelines, searches, copies, tables."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as Other
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nnzoo
from nnzoo.sklearn import (
    AutoencoderDetector,
    AutoencoderTransformer,
    CompetitiveClustering,
    MLPClassifier,
    MLPRegressor,
    ModelClassifier,
    ModelRegressor,
    NeuralGasClustering,
    PerceptronClassifier,
    SOMClustering,
    VAETransformer,
)

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def small(kind=MLPClassifier, **options):
    return kind(**({"epochs": 5, "random_state": 0} | options))


def test_same_network_as_train():
    options = {"epochs": 5, "lr": 0.01, "scale": "standard", "val_fraction": 0, "hidden": [4]}
    run = nnzoo.train("mlp", X, Y, seed=0, **options)
    found = small(hidden=(4,)).fit(X.astype(np.float32), Y)
    assert_allclose(found.predict_proba(X), run.predict_proba(X), rtol=1e-4)
    assert_allclose(found.loss_curve_, run.history.loss, rtol=1e-4)


def test_learns_as_well_as_scikit_learn():
    options = {"hidden": (10,), "activation": "relu", "lr": 0.01}
    ours = small(epochs=100, **options).fit(X, Y).score(X, Y)
    theirs = Other((10,), learning_rate_init=0.01, max_iter=500, random_state=0).fit(X, Y)
    assert ours >= theirs.score(X, Y) - 0.02


def test_program_around_is_left_as_it_was():
    torch.set_num_threads(2)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    small().fit(X, Y)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1], torch.get_num_threads()) == (np.random.get_state()[1].tolist(), 2)


def test_pipeline_and_cross_validation():
    pipeline = make_pipeline(StandardScaler(), small(scale="none", epochs=30))
    scores = cross_val_score(pipeline, X, NAMES, cv=3)
    assert scores.shape == (3,)
    assert scores.min() > 0.8


@pytest.mark.slow
def test_grid_search_in_processes():
    search = GridSearchCV(small(epochs=20), {"lr": [1e-6, 0.05]}, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_params_ == {"lr": 0.05}


def test_numbers_of_numpy_in_a_grid():
    grid = {
        "epochs": np.arange(1, 3),
        "lr": np.geomspace(1e-3, 1e-2, 2),
        "batch_size": [np.int64(8)],
    }
    assert len(GridSearchCV(small(), grid, cv=2).fit(X, Y).cv_results_["params"]) == 4


@pytest.mark.parametrize("copied", ["pickle", "joblib"])
def test_copies_predict_the_same(copied, tmp_path):
    fitted = small().fit(X, NAMES)
    if copied == "pickle":
        again = pickle.loads(pickle.dumps(fitted))
    else:
        joblib.dump(fitted, tmp_path / "model")
        again = joblib.load(tmp_path / "model")
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(again.predict(X), fitted.predict(X))


def test_clone_is_not_fitted():
    again = clone(small(hidden=(3,)).fit(X, Y))
    assert again.hidden == (3,)
    assert not hasattr(again, "model_")


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VAETransformer, CompetitiveClustering])
def test_set_output(kind):
    frame = small(kind, epochs=1).set_output(transform="pandas").fit_transform(X)
    prefix = kind.__name__.lower()
    assert list(frame.columns)[:2] == [f"{prefix}0", f"{prefix}1"]
    assert len(frame) == len(X)


def test_polars_output():
    polars = pytest.importorskip("polars")
    codes = small(AutoencoderTransformer, latent=2).set_output(transform="polars").fit_transform(X)
    assert isinstance(codes, polars.DataFrame)


def test_tables():
    frame = pd.DataFrame(X, columns=list("abcd"))
    fitted = small().fit(frame, pd.Series(NAMES))
    assert list(fitted.feature_names_in_) == fitted.model_.feature_names == list("abcd")
    assert fitted.model_.class_names == list(fitted.classes_) == sorted(set(NAMES))
    assert_array_equal(fitted.predict(frame), small().fit(X, NAMES).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[list("dcba")])


def test_polars_tables():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=list("abcd"))
    fitted = small().fit(frame, polars.Series(NAMES))
    assert list(fitted.feature_names_in_) == list("abcd")
    assert_array_equal(fitted.predict(frame), small().fit(X, NAMES).predict(X))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_model_of_the_catalogue_by_default(task):
    is_classifier = task == "classification"
    kind, targets = (ModelClassifier, Y) if is_classifier else (ModelRegressor, X[:, 3])
    refused = {}
    for name in nnzoo.list_models():
        fitted = kind(name, epochs=1, random_state=0)
        try:
            fitted.fit(X[50:], targets[50:])
        except nnzoo.InputError as error:
            refused[name] = str(error)
    assert len(nnzoo.list_models()) - len(refused) >= (12 if is_classifier else 7)
    reasons = "does not learn", "sequences", "use model.loss=mse model.output_activation=identity"
    assert not [text for text in refused.values() if not any(r in text for r in reasons)]


def test_a_class_that_learns_all_points_at_once_gets_all_of_them():
    fitted = ModelRegressor(nnzoo.models.RBF, epochs=1).fit(X[:, :3], X[:, 3])
    assert fitted.score(X[:, :3], X[:, 3]) > 0.9


# Single estimators


def test_early_stopping():
    fitted = small(epochs=500, lr=0.1, early_stopping=True, n_iter_no_change=3).fit(X, Y)
    assert len(fitted.loss_curve_) == fitted.n_iter_ < 500
    assert fitted.best_loss_ > 0


def test_several_labels():
    labels = np.c_[Y > 0, Y > 1].astype(int)
    fitted = small(epochs=60).fit(X, labels)
    assert fitted.predict_proba(X).shape == labels.shape
    assert fitted.score(X, labels) > 0.8


def test_several_numbers():
    fitted = small(MLPRegressor, epochs=60).fit(X[:, :2], X[:, 2:])
    assert fitted.predict(X[:, :2]).shape == (150, 2)
    assert fitted.score(X[:, :2], X[:, 2:]) > 0.8


@pytest.mark.parametrize("kind", [CompetitiveClustering, NeuralGasClustering, SOMClustering])
def test_clusters(kind):
    size = {"rows": 1, "columns": 3} if kind is SOMClustering else {"units": 3}
    fitted = small(kind, **size, epochs=20).fit(X)
    distances = np.linalg.norm(X[:, None] - fitted.cluster_centers_, axis=-1)
    assert_allclose(fitted.transform(X), distances, rtol=1e-6)
    assert_array_equal(fitted.labels_, distances.argmin(1))
    assert_array_equal(fitted.predict(X), fitted.labels_)
    assert_allclose(fitted.inertia_, np.square(distances.min(1)).sum())
    assert fitted.score(X) == -fitted.inertia_
    assert adjusted_rand_score(Y, fitted.labels_) > 0.6


@pytest.mark.parametrize("kind", [CompetitiveClustering, SOMClustering, PerceptronClassifier])
def test_partial_fit_of_all_epochs_is_fit(kind):
    whole, parts = small(kind), small(kind)
    whole.fit(X, Y)
    for _ in range(5):
        parts.partial_fit(X, Y)
    assert_allclose(parts.loss_curve_, whole.loss_curve_)
    for name, value in whole.model_.state_dict().items():
        assert_allclose(parts.model_.state_dict()[name], value, rtol=1e-6)


def test_a_map_gets_its_size_from_the_points():
    fitted = small(SOMClustering, epochs=1).fit(X)
    assert (fitted.model_.grid.rows, fitted.model_.grid.columns) == (6, 6)
    with pytest.raises(ValueError, match=r"n_samples=150 should be >= rows \* columns=156"):
        small(SOMClustering, rows=12, columns=13).fit(X)


def test_partial_fit_of_classes_to_come():
    fitted = small(PerceptronClassifier).partial_fit(X[:100], Y[:100], classes=[0, 1, 2])
    fitted.partial_fit(X[50:], Y[50:])
    assert fitted.n_iter_ == 2
    assert list(fitted.classes_) == [0, 1, 2]
    with pytest.raises(ValueError, match=r"y has the class .*3.*, which is not in classes"):
        fitted.partial_fit(X, Y + 1)


def test_codes_and_back():
    fitted = small(AutoencoderTransformer, latent=3, epochs=100).fit(X)
    back = fitted.inverse_transform(fitted.transform(X))
    assert back.shape == X.shape
    assert np.square(back - X).mean() < 0.1 * X.var(0).mean()
    errors = np.square((back - X) / (X.max(0) - X.min(0))).mean(1)
    assert_allclose(fitted.score_samples(X), -errors, rtol=1e-6)
    assert fitted.score(X) == pytest.approx(-errors.mean())


def test_outliers():
    fitted = small(AutoencoderDetector, contamination=0.1, epochs=50).fit(X)
    assert (fitted.predict(X) == -1).sum() == 15
    assert_allclose(fitted.decision_function(X), fitted.score_samples(X) - fitted.offset_)
    assert list(fitted.predict([[50.0, -50.0, 50.0, -50.0]])) == [-1]
    assert_array_equal(small(AutoencoderDetector, epochs=50).fit_predict(X), fitted.predict(X))


def test_samples():
    fitted = small(VAETransformer, epochs=50).fit(X)
    points = fitted.sample(500, random_state=0)
    assert points.shape == (500, 4)
    assert_array_equal(points, fitted.sample(500, random_state=0))
    assert_allclose(points.mean(0), X.mean(0), atol=0.5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"hidden": (0,)}, "each of model.hidden must be a whole number of at least 1, got 0"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": "lbfgs"}, "optimizer='lbfgs' is not possible here"),
        ({"optimizer": 3}, "optimizer must be a name or a mapping"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"class_weight": "equal"}, "class_weight='equal' is not balanced or a mapping"),
        ({"early_stopping": 1}, "early_stopping must be true or false"),
    ],
)
def test_impossible_parameters(options, text):
    with pytest.raises(nnzoo.InputError, match=text):
        small(**options).fit(X, Y)


def test_diverged():
    from nnzoo.errors import RunError

    with pytest.raises(RunError, match="the training diverged; try a lower learning rate"):
        small(MLPRegressor, optimizer="sgd", lr=1e9, activation="identity").fit(X, X[:, 3])
