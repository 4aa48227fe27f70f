"""What estimators make of unusual and impossible inputs."""

import re

import numpy as np
import pytest
from estimators import KINDS
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

import nnzoo
from nnzoo.sklearn import (
    AutoencoderTransformer,
    MLPClassifier,
    MLPRegressor,
    PerceptronClassifier,
    VAETransformer,
)

X, Y = load_iris(return_X_y=True)
X, Y = X[:100], Y[:100]  # two classes
CLASSIFIERS = [MLPClassifier, PerceptronClassifier]
ONE_CLASS = "a classifier needs points of at least 2 classes, got 1 class"


def small(kind=MLPClassifier, **options):
    return kind(**({"epochs": 2, "random_state": 0} | options))


# Classes


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_impossible_class_weights(kind, weight):
    text = re.escape(f"class_weight={ {0: weight, 1: 1}!r} must have finite weights of at least 0")
    with pytest.raises(nnzoo.InputError, match=text):
        small(kind, class_weight={0: weight, 1: 1}).fit(X, Y)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_class_weight_that_leaves_one_class(kind):
    with pytest.raises(ValueError, match=ONE_CLASS):
        small(kind, class_weight={0: 0, 1: 1}).fit(X, Y)


def test_class_weight_that_leaves_two_classes():
    x, y = load_iris(return_X_y=True)
    left_out = small(class_weight={0: 0, 1: 1, 2: 1}).fit(x, y)
    plain = small().fit(x, y, sample_weight=y > 0)
    assert left_out.loss_curve_ == plain.loss_curve_


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("is_fitted", [False, True])
def test_one_class(kind, is_fitted):
    estimator = small(kind).fit(X, Y) if is_fitted else small(kind)
    with pytest.raises(ValueError, match=ONE_CLASS):
        estimator.fit(X, Y * 0)
    with pytest.raises(ValueError, match=ONE_CLASS):
        estimator.fit(X, Y, sample_weight=Y)


def test_other_classes_in_a_later_part():
    fitted = small(PerceptronClassifier).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2\] differs .* first call, \[0, 1\]"):
        fitted.partial_fit(X, Y, classes=[0, 1, 2])
    assert fitted.partial_fit(X, Y, classes=[1, 0]).n_iter_ == 2


def test_first_part_of_one_class():
    estimator = small(PerceptronClassifier, lr=1.0)
    with pytest.raises(ValueError, match=ONE_CLASS):
        estimator.partial_fit(X[50:], Y[50:])
    with pytest.raises(ValueError, match=ONE_CLASS):
        estimator.partial_fit(X[50:], Y[50:], classes=[1])
    for part in [slice(50, 100), slice(50)] * 5:
        estimator.partial_fit(X[part], Y[part], classes=[0, 1])
    assert list(estimator.classes_) == [0, 1]
    assert estimator.score(X, Y) == 1


def test_part_without_weight():
    fitted = small(PerceptronClassifier, class_weight={0: 0, 1: 1})
    with pytest.raises(ValueError, match="the weights of all points are 0"):
        fitted.partial_fit(X[:50], Y[:50], classes=[0, 1])


# Numbers


@pytest.mark.parametrize("columns", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_negative_strides(kind, columns):
    x, y = X[::-1, :columns][:, ::-1], Y[::-1]
    fitted, plain = small(kind).fit(x, y), small(kind).fit(x.copy(), y.copy())
    method = "predict" if hasattr(fitted, "predict") else "transform"
    assert_array_equal(getattr(fitted, method)(x), getattr(plain, method)(x.copy()))
    if hasattr(fitted, "inverse_transform"):
        codes = fitted.transform(x)[::-1]
        assert_array_equal(fitted.inverse_transform(codes), fitted.inverse_transform(codes.copy()))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_negative_strides_of_several_targets_and_weights(kind):
    y, weights = np.c_[Y, 1 - Y, Y][:, ::-1], np.arange(100.0)[::-1]
    fitted = small(kind).fit(X, y, sample_weight=weights)
    plain = small(kind).fit(X, y.copy(), sample_weight=weights.copy())
    assert fitted.loss_curve_ == plain.loss_curve_
    assert small(kind).fit(X, y).loss_curve_ == small(kind).fit(X, y.copy()).loss_curve_


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, np.nan])
def test_impossible_validation_fraction(fraction):
    estimator = small(early_stopping=True, validation_fraction=fraction)
    with pytest.raises(nnzoo.InputError, match="validation_fraction must be"):
        estimator.fit(X, Y)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VAETransformer])
def test_codes_of_another_width(kind):
    fitted = small(kind, latent=3).fit(X)
    with pytest.raises(ValueError, match="codes have 3 columns, got X with 4"):
        fitted.inverse_transform(X)


@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced"}, {"class_weight": {0: 1e9}}])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_weights_with_an_infinite_sum(kind, options):
    with pytest.raises(ValueError, match="the sum of all weights must be finite"):
        small(kind, **options).fit(X, Y, sample_weight=np.full(100, 1e308))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [-1, 2**64])
def test_impossible_seed(kind, seed):
    text = f"random_state must be a whole number from 0 to {2**64 - 1}, got {seed}"
    with pytest.raises(nnzoo.InputError, match=text):
        small(kind, random_state=seed).fit(X, Y)


def test_impossible_seed_of_samples():
    fitted = small(VAETransformer).fit(X)
    with pytest.raises(nnzoo.InputError, match="random_state must be a whole number from 0"):
        fitted.sample(3, random_state=2**64)


@pytest.mark.parametrize("weight", ["balanced", {0: 1, 1: 2}])
def test_class_weight_of_several_labels(weight):
    labels = np.c_[Y > 0, Y > 1].astype(int)
    with pytest.raises(ValueError, match="class_weight is for classes, and y has several labels"):
        small(class_weight=weight).fit(X, labels)
