"""scikit-learn's own checks of all estimators."""

import pytest
from estimators import ANY, KINDS
from sklearn.utils.estimator_checks import parametrize_with_checks

from nnzoo.sklearn import GLVQClassifier, LVQClassifier, PerceptronClassifier

FAST = {"optimizer": {"lr": 0.05}}
SMALL = {
    "AutoencoderDetector": {"epochs": 3, "hidden": (4,)},
    "AutoencoderTransformer": {"epochs": 3, "hidden": (4,), "latent": 2},
    "CompetitiveClustering": {"epochs": 3, "units": 3},
    "FuzzyARTClustering": {},
    "FuzzyARTMAPClassifier": {},
    "GLVQClassifier": {"epochs": 60, "lr": 0.2, "batch_size": None},
    "LVQClassifier": {"epochs": 5, "lr": 0.5},
    "GRNNRegressor": {},
    "MLPClassifier": {"epochs": 60, "lr": 0.05, "batch_size": None},
    "MLPRegressor": {"epochs": 60, "lr": 0.05, "batch_size": None},
    "ModelClassifier": {"model": "mlp", "epochs": 60, "options": FAST, "batch_size": None},
    "ModelRegressor": {"model": "mlp", "epochs": 60, "options": FAST, "batch_size": None},
    "ModelTransformer": {"model": "autoencoder", "epochs": 3, "options": {"latent": 2}},
    "NeuralGasClustering": {"epochs": 3, "units": 3},
    "PNNClassifier": {},
    "PerceptronClassifier": {"epochs": 5},
    "RBFClassifier": {"centers": 5},
    "RBFRegressor": {"centers": 5},
    "SOMClustering": {"epochs": 3, "rows": 3, "columns": 1},
    "VAETransformer": {"epochs": 3, "hidden": (4,), "latent": 2},
}
"""Parameters with which an estimator learns the checks' data in little time."""


def expected_failures(estimator):
    reasons = {
        GLVQClassifier: "the initial prototypes ignore weights",
        LVQClassifier: "a weight scales a step of the rule, and a repeated point takes two",
        PerceptronClassifier: "a weight scales a step of the rule; a repeated point that is right "
        "by then takes none",
    }
    reason = reasons.get(type(estimator))
    return {"check_sample_weight_equivalence_on_dense_data": reason} if reason else {}


@parametrize_with_checks(
    [kind(**SMALL[kind.__name__]) for kind in KINDS],
    expected_failed_checks=expected_failures,
)
def test_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([kind(**SMALL[name]) for name, kind in ANY.items()])
def test_checks_of_estimators_of_any_model(estimator, check):
    check(estimator)
