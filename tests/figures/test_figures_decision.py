"""Influence of weights and threshold on decisions, compared with counting by hand."""

import numpy as np
import pytest
from reading import assert_whole, legend, normal

from nnzoo.figures import decision_shares

pytestmark = pytest.mark.filterwarnings("error")

# w·x is -1, -1, 1, 2: with b = 0 the unit fires for two of four points.
X = np.array([[1.0, 1, 3], [1, 0, 1], [0, 1, 1], [0, 1, 0]])
W = np.array([0.0, 2, -1])
NAMES = {"feature_names": ["a", "b", "c"], "class_name": "yes", "title": "t"}


def share_at(line, at):
    x, y = line.get_data()
    return y[np.abs(np.asarray(x) - at).argmin()]


def test_each_weight_in_turn_is_multiplied():
    left = decision_shares(X, W, 0.5, **NAMES).axes[0]
    lines = left.lines[:3]
    for line in lines:
        assert (line.get_xdata().min(), line.get_xdata().max()) == (0, 3)
    for k, line in enumerate(lines):
        for factor in (0, 0.25, 0.5, 1, 1.7, 2.2, 3):
            changed = W * np.where(np.arange(3) == k, factor, 1)
            assert share_at(line, factor) == (X @ changed + 0.5 > 0).mean(), (k, factor)
    assert {share_at(line, 1) for line in lines} == {0.5}
    assert len({tuple(line.get_ydata()) for line in lines}) == 3
    assert left.lines[3].get_xdata() == [1, 1]


def test_the_threshold_changes():
    right = decision_shares(X, W, -1.5, **NAMES).axes[1]
    shares, learned = right.lines
    assert learned.get_xdata() == [1.5, 1.5]
    assert share_at(shares, 1.5) == 0.25
    assert [share_at(shares, t) for t in (-1.1, 0, 1.4, 2.1)] == [1, 0.5, 0.25, 0]
    assert (shares.get_ydata()[0], shares.get_ydata()[-1]) == (1, 0)


def test_a_threshold_beyond_all_points_is_visible():
    right = decision_shares(X, W, -100, **NAMES).axes[1]
    low, high = right.get_xlim()
    assert low < -1
    assert high > 100


def test_the_legend_shows_names_and_weights():
    figure = decision_shares(X, W, 0, **NAMES)
    assert legend(figure) == ["a (w=0)", "b (w=2)", "c (w=-1)", "as learned"]
    assert figure.axes[0].get_ylabel() == "share of points classified as yes"
    assert figure.get_suptitle() == "t"
    assert legend(decision_shares(X, -W, 0, **NAMES))[0] == "a (w=0)"  # no -0


def test_the_largest_weights_of_many_features_are_drawn():
    weight = np.arange(-7.0, 8.0)  # the ten largest: -7 to -3 and 3 to 7
    names = {"feature_names": [f"f{i}" for i in range(15)], "class_name": "yes", "title": "t"}
    figure = decision_shares(normal(200, 15), weight, 0, **names)
    drawn = [*range(5), *range(10, 15)]
    assert legend(figure)[:-1] == [f"f{i} (w={weight[i]:.0f})" for i in drawn]
    assert "10 of 15" in figure.axes[0].get_title()


def test_nothing_is_cut_or_covered_with_many_points_and_long_names():
    names = {
        "feature_names": [f"mean fractal dimension no. {i}" for i in range(30)],
        "class_name": "malignant, and not one of the harmless kinds",
        "title": "perceptron on breast_cancer\ndecision, standard-scaled",
    }
    assert_whole(decision_shares(normal(9000, 30), normal(30, 1)[:, 0], 1, **names))
    assert_whole(decision_shares(X, W, 0, **NAMES))


def test_an_untrained_unit_can_be_drawn():
    figure = decision_shares(X, 0 * W, 0, **NAMES)
    assert_whole(figure)
    assert not any(share_at(line, 2) for line in figure.axes[0].lines[:3])


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("weight must have the shape", {"weight": W[:2]}),
        ("2 feature names for 3", {"feature_names": ["a", "b"]}),
        ("x must have the shape", {"x": W}),
    ],
)
def test_inputs_that_do_not_match_are_errors(message, change):
    with pytest.raises(ValueError, match=message):
        decision_shares(**{"x": X, "weight": W, "bias": 0, **NAMES} | change)
