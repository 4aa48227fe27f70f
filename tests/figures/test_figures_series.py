"""Figures of sequences: lines, steps that do not count, and shapes that fail."""

import numpy as np
import pytest
from reading import labels, legend, note

from nnzoo.figures import errors_by_step, paths, predicted_series

Y = np.array([[1.0, 10], [2, 20], [3, 30]])


def test_true_and_predicted_values_of_each_target():
    figure = predicted_series(Y, Y + 1, target_names=["a", "_b"], title="t", start=1)
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["a", " _b"]
    true, counted, early = (line.get_xydata().tolist() for line in second.lines)
    assert true == [[0, 10], [1, 20], [2, 30]]
    assert counted == [[1, 21], [2, 31]]
    assert early == [[0, 11], [1, 21]]
    assert legend(figure) == ["true", "predicted", "predicted, does not count"]
    assert labels(second)[0] == "step"


def test_steps_that_do_not_count_do_not_set_the_scale():
    predicted = Y + np.array([[1e6], [0], [0]])
    figure = predicted_series(Y, predicted, target_names=["a", "b"], title="t", start=1)
    assert figure.axes[1].get_ylim() == (9, 31)
    figure = errors_by_step(predicted - Y + 1, target_names=["a", "b"], title="t", start=1)
    assert 1 < figure.axes[0].get_ylim()[1] < 2


def test_the_note_states_the_targets_that_are_left_out():
    many = np.zeros((2, 6))
    figure = predicted_series(many, many, target_names=list("abcdef"), title="t")
    assert len(figure.axes) == 4
    assert note(figure) == "2 more targets are not shown"


def test_errors_at_each_step():
    figure = errors_by_step(Y[:, :1], target_names=["a"], title="t", start=2)
    (axes,) = figure.axes
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[0, 1], [1, 2], [2, 3]]
    assert axes.get_ylim()[0] == 0
    assert labels(axes) == ["step of the sequence", "root mean squared error"]
    assert "does not count" in legend(figure)


def test_paths_from_other_starts():
    starts = np.array([[0.0, 5], [4, 40]])
    figure = paths(Y, starts, np.stack([Y, Y + 1]), target_names=["a", "_b"], title="t")
    (axes,) = figure.axes
    true, first, mark, second, _ = (line.get_xydata().tolist() for line in axes.lines)
    assert true == Y.tolist()
    assert first == [[0, 5], *Y.tolist()]
    assert mark == [[0, 5]]
    assert second == [[4, 40], *(Y + 1).tolist()]
    assert labels(axes) == ["a", " _b"]
    assert legend(figure) == ["true", "start 1", "start 2"]


@pytest.mark.parametrize(
    ("draw", "inputs", "text"),
    [
        (predicted_series, (Y, Y[:2]), "y has 3 steps and predicted 2"),
        (predicted_series, (Y[:, :1], Y), r"y must be \(time, 2\), got the shape \(3, 1\)"),
        (paths, (Y, Y[:1], Y), r"found must be \(starts, 3, 2\), got the shape \(3, 2\)"),
        (errors_by_step, (Y[:, 0],), r"errors must be \(time, 2\), got the shape \(3,\)"),
    ],
)
def test_shapes_that_fail(draw, inputs, text):
    with pytest.raises(ValueError, match=text):
        draw(*inputs, target_names=["a", "b"], title="t")
