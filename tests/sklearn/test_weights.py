"""Weights of points and classes in estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_use import X, Y, small

from nnzoo.sklearn import MLPClassifier, MLPRegressor, PerceptronClassifier

WEIGHTS = np.random.default_rng(0).integers(0, 4, len(X))


@pytest.mark.parametrize("scale", ["none", "minmax", "standard"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_weights_count_as_repeated_points(kind, scale):
    options = {"batch_size": None, "scale": scale, "epochs": 20}
    y = Y if kind is MLPClassifier else X[:, 3]
    weighted = small(kind, **options).fit(X, y, sample_weight=WEIGHTS)
    repeated = small(kind, **options).fit(np.repeat(X, WEIGHTS, 0), np.repeat(y, WEIGHTS))
    plain = small(kind, **options).fit(X, y)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)
    assert abs(np.subtract(plain.loss_curve_, repeated.loss_curve_)).max() > 1e-3


@pytest.mark.parametrize("loss", ["sse", "mse", "mae", "cross_entropy"])
def test_weights_with_every_loss(loss):
    options = {"batch_size": None, "loss": loss, "lr": 1e-3}
    weighted = small(**options).fit(X, Y, sample_weight=WEIGHTS)
    repeated = small(**options).fit(np.repeat(X, WEIGHTS, 0), np.repeat(Y, WEIGHTS))
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)


@pytest.mark.parametrize("kind", [MLPClassifier, PerceptronClassifier])
def test_class_weight(kind):
    rare = np.r_[0:50, 50:55]
    weights = np.where(Y[rare] == 1, 10.0, 1.0)
    by_class = small(kind, class_weight={0: 1, 1: 10}).fit(X[rare], Y[rare])
    by_point = small(kind).fit(X[rare], Y[rare], sample_weight=weights)
    assert_allclose(by_class.loss_curve_, by_point.loss_curve_)
    balanced = small(kind, class_weight="balanced").fit(X[rare], Y[rare])
    given = small(kind, class_weight={0: 0.55, 1: 5.5}).fit(X[rare], Y[rare])
    assert_allclose(balanced.loss_curve_, given.loss_curve_)
    assert balanced.loss_curve_ != small(kind).fit(X[rare], Y[rare]).loss_curve_


def test_perceptron_step_times_weight():
    x, y = np.array([[1.0, 2.0], [-1.0, 1.0]]), [1, 0]
    fitted = small(PerceptronClassifier, scale="none", lr=1.0, epochs=1)
    fitted.fit(x, y, sample_weight=[3.0, 1.0])
    # Only the first point is wrong at zero weights; the second may be after it.
    weight, bias = fitted.model_.layer.weight[0].numpy(), float(fitted.model_.layer.bias)
    first_then_second = [3.0 + 1, 6.0 - 1], 3.0 - 1
    second_then_first = [3.0, 6.0], 3.0
    assert any(
        np.allclose(weight, w) and bias == b for w, b in (first_then_second, second_then_first)
    )


@pytest.mark.parametrize("weights", [-np.ones(len(X)), np.zeros(len(X))])
def test_impossible_weights(weights):
    with pytest.raises(ValueError, match=r"negative|non-zero"):
        small().fit(X, Y, sample_weight=weights)
