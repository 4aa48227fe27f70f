"""The confusion matrix shows counts and recalls by class."""

from itertools import pairwise

import numpy as np
import pytest
from reading import assert_whole, labels

from nnzoo.figures import confusion_matrix

COUNTS = [[8, 2, 0], [0, 3, 1], [0, 0, 0]]
NAMES = ["$a", "_b", "a class with a very long name"]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_counts_and_recalls():
    figure = confusion_matrix(COUNTS, class_names=NAMES, title="t")
    assert_whole(figure)
    (axes,) = figure.axes
    found = {text.get_position(): text.get_text() for text in axes.texts}
    assert found == {(0, 0): "8", (1, 0): "2", (1, 1): "3", (2, 1): "1"}  # predicted, true
    np.testing.assert_allclose(
        axes.images[0].get_array(), [[0.8, 0.2, 0], [0, 0.75, 0.25], 3 * [0]]
    )
    assert ticks(axes.xaxis) == ["$a", "_b", "a class with a ve..."]
    assert ticks(axes.yaxis) == ["$a (10)", "_b (4)", "a class with a ve... (0)"]
    assert not any(label.get_parse_math() for label in axes.get_xticklabels())
    (right,) = axes.child_axes
    assert ticks(right.yaxis) == ["80.0%", "75.0%", "none"]
    assert labels(axes) == ["predicted class", "true class (points)"]


def test_twenty_classes_with_long_names():
    names = [f"a long name of class {k}" for k in range(20)]
    figure = confusion_matrix(np.diag(range(1000, 1020)), class_names=names, title="t")
    assert_whole(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_a_matrix_must_be_square():
    with pytest.raises(ValueError, match="counts must have the shape"):
        confusion_matrix([[1, 2, 3], [1, 2, 3]], class_names=None, title="t")
