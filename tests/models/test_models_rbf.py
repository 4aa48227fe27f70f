"""RBF, general regression and probabilistic networks: numbers by hand, and other programs'."""

import math

import numpy as np
import pytest
import torch
from helpers import mostly_slow, train_by_engine
from scipy.interpolate import RBFInterpolator
from sklearn.neighbors import KernelDensity

import nnzoo
from nnzoo import InputError
from nnzoo.models import GRNN
from nnzoo.nn import RadialBasis
from nnzoo.nn.grnn import leave_one_out_spread
from nnzoo.nn.rbf import neighbor_spread, orthogonal_least_squares

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.uniform(-1, 1, (50, 2)), RANDOM.standard_normal((50, 2))
NEW = RANDOM.uniform(-1.5, 1.5, (20, 2))
OPTIONS = {"scale": "none", "target_scale": "none", "val_fraction": 0, "batch_size": None}
PER_SPREAD = math.sqrt(math.log(2))  # exp(-(PER_SPREAD d / spread)^2) is 0.5 at d = spread


def trained(name, data, *, double=True, **options):
    torch.manual_seed(0)
    model = nnzoo.create_model(name, data, **options)
    if double:
        model.double()
    train_by_engine(model, data, 1)
    return model


def own(x=X, y=Y):
    return nnzoo.create_data(x, y, **OPTIONS)


def gaussian(x, centers, spread):
    squares = np.square(x[:, None] - centers).sum(-1)
    return 0.5 ** (squares / spread**2)


# RBF


def test_the_exact_solution_of_xor():
    """With outputs 1, 1/2 and 1/4 at the distances 0, 1 and sqrt(2), symmetry leaves two equations:
    5/4 a + b = 0 and 5/4 b + a = 1."""
    data = nnzoo.create_data("xor", batch_size=None, shuffle=False)
    model = trained("rbf", data, selection="all", spread=1, bias=False, double=False)
    a, b = -16 / 9, 20 / 9
    assert model.weights()["w"].tolist() == [pytest.approx([a, b, b, a], abs=1e-12)]
    assert model.weights()["b"].tolist() == [0]
    assert model.predict(data.points.x).flatten().tolist() == pytest.approx([0, 1, 1, 0], abs=1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["own", "parabola", "iris", "moons"])
def test_a_center_at_each_point_interpolates(name, bias):
    data = own() if name == "own" else nnzoo.create_data(name, batch_size=None, seed=1)
    model = trained("rbf", data, selection="all", bias=bias)
    batch = data.train.like(model.prototype)
    assert float((model(batch.x) - model.targets(batch)).abs().max()) < 1e-6


def test_an_interpolation_equals_scipys():
    model = trained("rbf", own(), selection="all", spread=0.3, bias=False)
    peer = RBFInterpolator(X, Y, kernel="gaussian", epsilon=PER_SPREAD / 0.3, degree=-1)
    for x in (X, NEW):
        np.testing.assert_allclose(model.predict(x), peer(x), rtol=1e-7, atol=1e-7)


def test_points_at_one_place_are_averaged_and_a_singular_matrix_is_solved():
    model = trained("rbf", own([[0.0], [0], [1]], [[1.0], [3], [5]]), selection="all")
    assert model.predict([[0.0], [1]]).flatten().tolist() == pytest.approx([2, 5])
    wide = trained("rbf", own(), selection="all", spread=100)  # all columns are nearly equal
    assert float(wide.head.weight.abs().max()) < 1e12
    assert 0.1 < float(wide.loss(own().train.like(wide.prototype))) < np.var(Y)


@pytest.mark.parametrize("selection", ["ols", "kmeans"])
def test_weights_are_those_of_least_squares(selection):
    model = trained("rbf", own(), selection=selection, centers=8, spread=0.6)
    centers = model.centers().numpy()
    assert centers.shape == (8, 2)
    outputs = np.column_stack([gaussian(X, centers, 0.6), np.ones(50)])
    expected = np.linalg.lstsq(outputs, Y, rcond=None)[0]
    np.testing.assert_allclose(model.head.weight.T, expected[:8], rtol=1e-7)
    np.testing.assert_allclose(model.head.bias, expected[8], rtol=1e-7)


def least_error(outputs):
    columns = np.column_stack([np.ones(50), *outputs])
    return np.square(columns @ np.linalg.lstsq(columns, Y, rcond=None)[0] - Y).sum()


def test_orthogonal_least_squares_equals_a_search_by_least_squares():
    outputs = gaussian(X, X, 0.5)
    chosen = []
    for _ in range(6):
        errors = [least_error(outputs.T[[*chosen, k]]) for k in range(50)]
        chosen.append(int(np.argmin(errors)))
    ones = torch.ones(50, 1).double()
    found = orthogonal_least_squares(torch.tensor(outputs), torch.tensor(Y), 6, first=ones)
    assert found == chosen
    # It stops at a share of the error, here between those of three and of four columns.
    shares = [least_error(outputs.T[chosen[:k]]) / least_error([]) for k in (3, 4)]
    model = trained("rbf", own(), spread=0.5, tolerance=sum(shares) / 2)
    np.testing.assert_allclose(model.centers(), X[chosen[:4]])
    assert len(model.basis.weight) == 20


def test_columns_that_are_combinations_of_others_are_not_chosen():
    outputs = torch.tensor([[1.0, 1, 0], [0, 0, 1], [0, 0, 0]]).double()
    assert orthogonal_least_squares(outputs, torch.ones(3, 1).double(), 3) == [0, 2]


def test_the_spread_follows_from_the_distances_to_neighbors():
    x = torch.tensor([[0.0], [3], [1], [2], [1]])
    spreads = [neighbor_spread(x, centers).item() for centers in (4, 2, 1)]
    assert spreads == pytest.approx([2 * 1, 2 * 1.5, 2 * 2.5])
    assert neighbor_spread(x[:1], 3) == 1


def test_balanced_classes_weigh_the_same():
    x, y = RANDOM.standard_normal((60, 2)), np.repeat([0, 1], [50, 10])
    model = trained("rbf", own(x, y), class_weight="balanced", centers=5, spread=1.5)
    repeated = trained("rbf", own(*repeat(x, y)), centers=5, spread=1.5)
    np.testing.assert_allclose(model.predict(NEW), repeated.predict(NEW), rtol=1e-6)


def repeat(x, y):
    """Points of class 1 five times, as many as of class 0."""
    often = np.where(y == 1, 5, 1)
    return np.repeat(x, often, 0), np.repeat(y, often)


# General regression and probabilistic networks


@pytest.mark.parametrize("spread", [0.1, 0.5])
def test_averages_equal_nadaraya_watson(spread):
    model = trained("grnn", own(), spread=spread)
    weights = gaussian(NEW, X, spread)
    expected = (weights @ Y) / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict(NEW), expected, rtol=1e-10)
    # Beyond the range of the exponential it is the nearest point.
    far = X[[np.argmax(X[:, 0])]] + [[1e6, 0]]
    np.testing.assert_allclose(model.predict(far)[0], Y[np.argmax(X[:, 0])])


def left_out_error(spread, y):
    weights = gaussian(X, X, spread) * (np.square(X[:, None] - X).sum(-1) > 0)
    return np.square((weights @ y) / weights.sum(1, keepdims=True) - y).sum()


def test_the_spread_is_the_best_for_points_that_are_left_out():
    y = np.sin(3 * X[:, :1]) + 0.1 * Y[:, :1]
    x, target = torch.tensor(X), torch.tensor(y)
    ones = torch.ones(50).double()
    spread = float(leave_one_out_spread(x, target, ones, torch.tensor(1.0)))
    limit = left_out_error(spread, y) - 1.1e-4 * np.square(y - y.mean()).sum()
    assert limit <= min(left_out_error(spread * factor, y) for factor in (0.5, 0.8, 1.25, 2))
    twice = [torch.cat([t, t]) for t in (x, target, ones)]  # copies are left out as well
    assert float(leave_one_out_spread(*twice, torch.tensor(1.0))) == pytest.approx(spread)
    same = leave_one_out_spread(x[:1].expand(3, 2), target[:3], ones[:3], torch.tensor(0.7))
    assert float(same) == pytest.approx(0.7)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_probabilities_are_those_of_bayes_rule_with_parzen_densities(class_weight):
    spread, y = 0.4, np.repeat([0, 1, 2], [30, 15, 5])
    model = trained("pnn", own(X, y), spread=spread, class_weight=class_weight)
    width = spread / PER_SPREAD / math.sqrt(2)
    joint = np.empty((20, 3))
    for k in range(3):
        density = KernelDensity(bandwidth=width, rtol=1e-12).fit(X[y == k]).score_samples(NEW)
        joint[:, k] = np.exp(density) * (1 / 3 if class_weight else (y == k).mean())
    expected = joint / joint.sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict(NEW), expected, rtol=1e-6)
    assert model.predict_labels(NEW) == [str(k) for k in expected.argmax(1)]


def test_fewer_points_than_places_leave_the_rest_empty():
    some, exact = GRNN(2, 80, 2, "regression", 0.3).double(), GRNN(2, 50, 2, "regression", 0.3)
    for model in (some, exact.double()):
        train_by_engine(model, own(), 1)
    torch.testing.assert_close(some.predict(NEW), exact.predict(NEW))


# All three


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("rbf", {"selection": "all", "centers": 5}, "leave model.centers null, or use"),
        ("rbf", {"selection": "random"}, r"unknown model\.selection 'random'"),
        ("rbf", {"centers": 51}, r"model\.centers is 51 but there are only 50 training points"),
        ("rbf", {"centers": 6000, "points": 9000}, "6000 centers are more than the 5000"),
        ("rbf", {"tolerance": 1}, r"model\.tolerance must be a number >= 0 and < 1, got 1"),
        ("rbf", {"spread": 0}, r"model\.spread must be a number > 0, got 0"),
        ("grnn", {"spread": -1}, r"model\.spread must be a number > 0, got -1"),
        ("pnn", {}, "this model learns labels 0 and 1, or classes; model=grnn learns numbers"),
        ("grnn", {"points": 40}, r"model\.points is 40 but there are 50 training points; it must"),
        ("rbf", {"batch_size": 20}, r"all 50 points in one step: set data\.batch_size=null"),
    ],
)
def test_input_that_fails(name, options, text):
    data = nnzoo.create_data(X, Y, **OPTIONS | {"batch_size": options.pop("batch_size", None)})
    with pytest.raises(InputError, match=text):
        trained(name, data, **options)


@pytest.mark.parametrize("data", mostly_slow(["moons", "parabola"], keep=1))
def test_figures_mark_the_centers(data, tmp_path):
    run = nnzoo.train("rbf", data, centers=7, folder=tmp_path / "run")
    figure = run.plot("boundary" if data == "moons" else "fit")
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert "centers" in labels


def test_basis_functions_of_integers_are_floats():
    found = RadialBasis(2, 1)(torch.tensor([[0, 0], [1, 0]]))
    torch.testing.assert_close(found, torch.tensor([[1.0], [0.5]]))
