"""Fitted curves and predictions: points, lines and visibility."""

import numpy as np
import pytest
from reading import assert_whole, drawn, labels, legend, normal, note

from nnzoo.figures import fitted_curve, predicted_against_true

pytestmark = pytest.mark.filterwarnings("error")

X = np.array([[3.0], [1], [2]])
Y = np.array([[9.0], [1], [4]])
NAMES = {"feature_name": "x", "target_names": ["price"], "title": "t"}
LONG = {
    "feature_name": "a feature with a long name and its unit, horsepower (kW)",
    "target_names": ["price of the car in the year it was sold (thousands of dollars)"],
    "title": "regression on car_prices\nfitted curve",
}


def test_the_curve_runs_from_left_to_right_over_the_points():
    figure = fitted_curve(X, Y, np.array([[4.0], [0], [2]]), np.array([[16.0], [0], [4]]), **NAMES)
    (axes,) = figure.axes
    (points,), (line,) = drawn(axes), axes.lines
    assert points.tolist() == [[3, 9], [1, 1], [2, 4]]
    assert line.get_xydata().tolist() == [[0, 0], [2, 4], [4, 16]]
    assert line.get_zorder() > axes.collections[0].get_zorder()
    assert labels(axes) == ["x", "price"]
    assert figure.get_suptitle() == "t"
    assert legend(figure) == ["points", "fitted curve"]


def test_correct_predictions_are_on_the_diagonal():
    figure = predicted_against_true(Y, np.array([[9], [3], [4]]), target_names=["price"], title="t")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (points,), (line,) = drawn(axes), axes.lines
    assert points.tolist() == [[9, 9], [1, 3], [4, 4]]
    ends = axes.transData.inverted().transform(
        line.get_transform().transform(line.get_path().vertices)
    )
    np.testing.assert_allclose(ends[:, 0], ends[:, 1])
    assert np.ptp(ends[:, 0]) > 6
    right, up = axes.transData.transform([[1, 0], [0, 1]]) - axes.transData.transform([0, 0])
    assert right[0] == pytest.approx(up[1])  # equal scales
    assert labels(axes) == ["true price", "predicted price"]
    assert legend(figure) == ["points", "predicted = true"]


def test_the_diagonal_is_visible_for_bad_predictions():
    (axes,) = predicted_against_true(Y, Y + 1000, target_names=["price"], title="t").axes
    low, high = axes.get_ylim()
    assert low < Y.mean()
    assert high > 1009


@pytest.mark.parametrize("n", [1, 3, 9000])
def test_nothing_is_cut_or_covered(n):
    x, y = np.hsplit(normal(n, 2), 2)
    figure = fitted_curve(x, 1e5 * y, x, y, **LONG)
    assert_whole(figure)
    title = {"target_names": LONG["target_names"], "title": "regression on car_prices\nprediction"}
    other = predicted_against_true(1e5 * y, 1e5 * x, **title)
    assert_whole(other)
    for drawing in (figure, other):
        assert len(drawn(drawing.axes[0])[0]) == min(n, 5000)
        assert note(drawing) == ("5000 of 9000 points" if n == 9000 else "")


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ("x must have the shape", lambda: fitted_curve(Y[:, 0], Y, X, Y, **NAMES)),
        ("x must have the shape", lambda: fitted_curve(normal(3, 2), Y, X, Y, **NAMES)),
        ("y must have the shape", lambda: fitted_curve(X, Y[:2], X, Y, **NAMES)),
        ("curve_y must have", lambda: fitted_curve(X, Y, X, X[:2], **NAMES)),
        (
            "predicted must have",
            lambda: predicted_against_true(Y, X[:2], target_names=["price"], title="t"),
        ),
    ],
)
def test_inputs_that_do_not_match_are_errors(message, wrong):
    with pytest.raises(ValueError, match=message):
        wrong()
