"""The overview of a sweep: averages of runs, the marked best, and readable labels."""

import numpy as np
import pytest
from reading import assert_whole

from nnzoo.figures.curves import COLORS, MAX_POINTS, Group, Panel, average, sweep_overview

pytestmark = pytest.mark.filterwarnings("error")


def curve(*values, start=0):
    return np.arange(start, start + len(values), dtype=float), np.array(values, dtype=float)


def group(label, *curves, failed=()):
    return Group(label, average(curves), average(failed))


def drawn(*groups, **options):
    """The axes of a figure with one panel."""
    figure = sweep_overview([Panel(groups, "loss", **options)], title="t")
    assert_whole(figure)
    (axes,) = figure.axes
    return axes


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_averages_of_runs_that_end_at_different_epochs():
    mean = average([curve(4, 2, 0, 5), curve(8, 4)])
    assert mean.epochs.tolist() == [0, 1, 2, 3]
    assert mean.mean.tolist() == [6, 3, 0, 5]
    assert mean.deviation == pytest.approx([8**0.5, 2**0.5, np.nan, np.nan], nan_ok=True)
    assert mean.least.tolist() == [4, 2, 0, 5]
    assert mean.runs.tolist() == [2, 2, 1, 1]
    assert mean.ended.tolist() == [False, False, True, True]
    assert mean.best(maximize=False) == (2, 0)
    assert mean.best(maximize=True) == (0, 6)
    few = average([curve(4, 3), curve(4, 3), curve(4, 3, 0)])
    assert few.best(maximize=False) == (1, 3)  # one of three runs is not enough


def test_averages_of_runs_that_were_measured_at_different_epochs():
    one, other = (np.array([0.0, 10, 17]), np.array([10.0, 0, 7])), curve(0, 0, 0, start=9)
    mean = average([one, other])
    assert mean.epochs.tolist() == [0, 9, 10, 11, 17]
    assert mean.mean.tolist() == [10, 0.5, 0, 0.5, 7]
    assert mean.runs.tolist() == [1, 2, 2, 2, 1]
    assert average([curve(1), curve(3, start=9)]).epochs.tolist() == [0, 9]
    assert average([]) is None
    assert average([curve(1e308), curve(1e308)]) is None  # their sum is too large
    assert average([curve(1e308)]).mean.tolist() == [1e308]


def test_groups_have_a_line_a_band_and_a_name_and_the_first_is_the_best():
    axes = drawn(group("a", curve(4, 2, 1), curve(6, 4, 2)), group("b", curve(5, 5, 5)))
    star, first, second = axes.lines
    assert star.get_xydata().tolist() == [[2, 1.5]]
    assert star.get_marker() == "*"
    assert first.get_xydata().tolist() == [[0, 5], [1, 3], [2, 1.5]]
    assert first.get_linewidth() > second.get_linewidth()
    assert [first.get_color(), second.get_color()] == list(COLORS[:2])
    assert legend(axes) == ["a\nbest mean: 1.5 at epoch 2", "b"]
    band, empty = (collection.get_paths() for collection in axes.collections)
    assert band[0].vertices[:, 1].min() == pytest.approx(1.5 - 0.5**0.5)
    assert not empty
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")


def test_one_run_has_no_legend_beside_it():
    axes = drawn(group("", curve(0.5, 0.9, 0.7)), maximize=True)
    assert legend(axes) == ["best: 0.9 at epoch 1"]
    assert axes.figure.get_size_inches().tolist() == [6.4, 4.8]


def test_of_many_groups_ten_are_in_color():
    axes = drawn(*(group(f"x={i}", curve(i + 2, i + 1)) for i in range(30)))
    assert legend(axes)[0].startswith("x=0\n")
    assert legend(axes)[1:] == [*(f"x={i}" for i in range(1, 10)), "20 others"]
    colors = [line.get_color() for line in axes.lines]
    assert len(set(colors)) == 11
    assert colors.count("#BBBBBB") == 20


def test_a_line_is_dashed_from_where_a_run_has_ended():
    axes = drawn(group("a", curve(4, 3, 2, 1), curve(4, 3)), group("b", curve(4, 4)))
    _, solid, dashed, _ = axes.lines
    assert np.isfinite(solid.get_ydata()).tolist() == [True, True, False, False]
    assert np.isfinite(dashed.get_ydata()).tolist() == [False, True, True, True]
    assert legend(axes)[-1] == "some runs have ended"


@pytest.mark.parametrize(
    ("first", "last", "scale"), [(1, 0.03, "linear"), (1, 0.01, "log"), (1, 0, "linear")]
)
def test_a_log_scale_needs_positive_values_of_a_wide_range(first, last, scale):
    axes = drawn(group("a", curve(first, last)), group("b", curve(first, first)))
    assert axes.get_yscale() == scale
    assert axes.get_ylabel() == ("loss\n(log scale)" if scale == "log" else "loss")


def test_a_band_on_a_log_scale_ends_at_the_least_value():
    axes = drawn(group("a", curve(1, 1), *4 * [curve(1, 0.001)]))
    assert axes.get_yscale() == "log"
    (path,) = axes.collections[0].get_paths()
    assert path.vertices[:, 1].min() == pytest.approx(0.001)


@pytest.mark.parametrize("failed", [curve(1, 1e12, 1e38), curve(-5, -9, -1e9)])
def test_failed_runs_set_no_limits(failed):
    done = group("a", curve(2, 0.5))
    axes = drawn(done, group("b", failed=[failed]))
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim() == drawn(done).get_ylim()
    assert axes.get_ylabel() == "loss\n(failed runs cut off)"
    assert legend(axes) == ["a\nbest: 0.5 at epoch 1", "b", "failed runs"]
    assert [line.get_linestyle() for line in axes.get_legend().get_lines()] == ["-", ":", ":"]
    cross = axes.lines[-1]
    assert cross.get_marker() == "x"
    assert cross.get_xdata() == [len(failed[0]) - 1]
    assert cross.get_ydata()[0] in [pytest.approx(limit) for limit in axes.get_ylim()]


def test_equal_lines_are_all_seen():
    """The best line is thick and at the back; of the others the shorter is in front."""
    whole = curve(*np.linspace(4, 1, 60))
    part = tuple(values[:20] for values in whole)
    axes = drawn(group("a", whole), group("b", part), group("c", whole), group("d", part))
    star, *lines = axes.lines
    below = [line.get_color() for line in sorted(lines, key=lambda line: line.get_zorder())]
    assert below == [COLORS[k] for k in (0, 2, 3, 1)]
    assert star.get_zorder() > max(line.get_zorder() for line in lines)


def test_the_best_may_be_given():
    curves = average([curve(4, 2, 3), curve(4, 3, 2)])
    axes = drawn(Group("a", curves, best=(1.5, 1)), group("b", curve(4, 4, 4)))
    assert axes.lines[0].get_xydata().tolist() == [[1.5, 1]]
    assert legend(axes)[0] == "a\nmean of best epochs: 1"
    assert axes.get_ylim()[0] < 1


def test_the_legend_leaves_the_best_point_free():
    axes = drawn(group("", curve(*np.linspace(0, 1, 9))))
    axes.figure.draw_without_rendering()
    box = axes.get_legend().get_window_extent()
    assert not box.contains(*axes.transData.transform((8, 1)))


def test_failed_runs_alone():
    axes = drawn(group("a", failed=[curve(1, 0.5, 1e300)]), group("b", failed=[curve(2)]))
    assert 2 < axes.get_ylim()[1] < 200
    assert "*" not in [line.get_marker() for line in axes.lines]


def test_panels_stand_below_each_other():
    names = [f"x={i}\n" + 3 * "y=1\n" for i in range(10)]
    many = Panel([group(name, curve(i + 1, i + 1)) for i, name in enumerate(names)], "loss")
    few = Panel([group("", curve(0.5, 1))], "accuracy", maximize=True, title="mlp on xor")
    figure = sweep_overview([many, few], title="t")
    assert_whole(figure)
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "epoch"]
    upper, lower = (axes.get_window_extent() for axes in figure.axes)
    assert upper.y0 > lower.y1
    box = figure.axes[0].get_legend().get_window_extent()
    assert box.y0 > 0
    assert figure._suptitle.get_text() == "t"
    with pytest.raises(ValueError, match="nothing to draw"):
        sweep_overview([], title="t")


def test_long_curves_are_subsampled():
    (star, line) = drawn(group("a", curve(*np.linspace(2, 1, 15000)))).lines
    assert star.get_xdata() == [14999]
    assert len(line.get_xdata()) == MAX_POINTS
    assert line.get_xdata()[[0, -1]].tolist() == [0, 14999]
