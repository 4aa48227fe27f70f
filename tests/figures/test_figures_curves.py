"""Training curves: gaps, scales, and diverging curves."""

import numpy as np
import pytest
from reading import assert_whole, labels, legend

from nnzoo.figures import training_curve

pytestmark = pytest.mark.filterwarnings("error")


def test_a_short_curve_has_markers_and_whole_number_ticks():
    figure = training_curve({"error": [1.5, 0.5, 0.5, 0.5, 0]}, title="t")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[0, 1.5], [1, 0.5], [2, 0.5], [3, 0.5], [4, 0]]
    assert line.get_marker() == "o"
    assert axes.get_yscale() == "linear"
    assert labels(axes) == ["epoch", "error"]
    assert figure.get_suptitle() == "t"
    assert [t for t in axes.get_xticks() if 0 <= t <= 4] == [0, 1, 2, 3, 4]
    assert legend(figure) == []


def test_one_value_has_one_tick():
    figure = training_curve({"error": [1.0]}, title="t")
    figure.draw_without_rendering()
    assert [t for t in figure.axes[0].get_xticks() if abs(t) < 0.9] == [0]


def test_gaps_are_joined_and_several_curves_have_a_legend():
    figure = training_curve({"a": [3, 2, 1], "b": [2, np.nan, 1]}, title="t")
    assert figure.axes[0].lines[1].get_xydata().tolist() == [[0, 2], [2, 1]]
    assert legend(figure) == ["a", "b"]
    rare = np.where(np.arange(400) % 10, np.nan, 1.0)
    figure = training_curve({"a": np.ones(400), "b": rare}, title="t")
    assert legend(figure) == ["a", "b, every 10 epochs"]
    assert [line.get_marker() for line in figure.axes[0].lines] == ["None", "o"]


@pytest.mark.parametrize(
    ("curve", "scale", "ylabel"),
    [
        ([1, 0.009], "log", "mse (log scale)"),
        ([1, 0.02], "linear", "mse"),
        ([1, 0.001, 0], "linear", "mse"),
        ([np.nan, np.inf], "linear", "mse"),
    ],
)
def test_a_log_scale_needs_two_decades_of_positive_values(curve, scale, ylabel):
    (axes,) = training_curve({"loss": curve}, title="t", ylabel="mse").axes
    assert (axes.get_yscale(), axes.get_ylabel()) == (scale, ylabel)


@pytest.mark.parametrize(
    ("falls", "scale", "bottom", "note"),
    [
        ([2, 1, 0.5], "log", 0.25, "loss (log scale, cut off at 2e+04)"),
        ([2, 0, -1], "linear", -1001, "loss (cut off at 2e+04)"),
    ],
)
def test_a_diverging_curve_leaves_the_others_readable(falls, scale, bottom, note):
    curves = {"right": falls, "high": [1, 1e12, 1e38, np.inf]}
    figure = training_curve(curves, title="t", ylabel="loss")
    assert_whole(figure)
    (axes,) = figure.axes
    assert axes.get_yscale() == scale
    assert axes.get_ylim() == pytest.approx((bottom, 2e4))
    assert axes.get_ylabel() == note
    assert axes.lines[1].get_ydata().tolist() == [1, 1e12, 1e38]
    assert training_curve({"a": [1, 1e4]}, title="t").axes[0].get_ylim()[1] > 1e4


def test_a_long_curve_has_no_markers_and_is_a_small_file(tmp_path):
    figure = training_curve({"loss": 1 / np.arange(1, 15001)}, title="t")
    figure.savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size < 100_000
    assert figure.axes[0].lines[0].get_marker() in ("", "None")
