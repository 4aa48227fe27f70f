"""Figures are readable: colors, legends, coinciding points, constant features, nothing cut off."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from reading import assert_whole, drawn, labels, legends, normal, note

from nnzoo import figures
from nnzoo.figures.maps import unit_images
from nnzoo.figures.points import coincident
from nnzoo.figures.style import COLORS, Picture, color, marker

pytestmark = pytest.mark.filterwarnings("error")

Y = np.arange(40) % 2
NAMES = {"feature_names": ["a", "b"], "class_names": ["no", "yes"], "title": "t"}


def lab(name):
    """CIELAB coordinates of a color; a distance of 2.3 is just noticeable."""
    rgb = np.array(to_rgb(name))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    rows = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.array(rows) @ linear / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_twenty_classes_have_twenty_clearly_different_colors():
    assert len(COLORS) == 20
    for one, other in combinations(COLORS, 2):
        assert np.linalg.norm(lab(one) - lab(other)) > 25, (one, other)


def test_eighty_classes_differ_in_color_or_marker():
    assert len({(color(k), marker(k)) for k in range(80)}) == 80


def test_a_scatter_of_twenty_classes_has_a_legend_with_all_of_them():
    y = np.arange(100) % 20
    figure = figures.scatter(normal(100, 2), y, **NAMES | {"class_names": None})
    assert_whole(figure)
    (box,) = legends(figure)
    assert len(box.get_texts()) == 20
    found = {tuple(c.get_facecolor()[0][:3]) for c in figure.axes[0].collections}
    assert len(found) == 20


@pytest.mark.parametrize(
    ("draw", "title"),
    [
        (lambda x: figures.scatter(x, Y, **NAMES), "class"),
        (lambda x: figures.latent_space(x, x, Y, title="t"), "class"),
        (lambda x: figures.reconstruction(x, x, Y, **NAMES), "class"),
        (lambda x: figures.decision_boundary(x, Y, lambda x: x[:, 0] > 0, **NAMES), "class"),
        (
            lambda x: figures.decision_shares(
                x, [1, 2], 0, feature_names=["a", "b"], class_name="c", title="t"
            ),
            "weight",
        ),
    ],
)
def test_legends_have_a_heading(draw, title):
    figure = draw(normal(40, 2))
    assert [box.get_title().get_text() for box in legends(figure)] == [title]
    assert_whole(figure)


@pytest.mark.parametrize("n", [5, 40, 400])
def test_a_legend_within_the_axes_hides_no_point(n):
    figure = figures.scatter(normal(n, 2), np.arange(n) % 2, **NAMES)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (box,) = legends(figure)
    points = axes.transData.transform(np.concatenate(drawn(axes)))
    extent = box.get_window_extent()
    assert not any(extent.contains(*point) for point in points)


def test_a_legend_hides_no_line():
    for curve in ([3, 2, 1, 0.9], [1, 3, 3, 1]):
        figure = figures.training_curve({"a": curve, "b": curve[::-1]}, title="t")
        figure.draw_without_rendering()
        (axes,) = figure.axes
        (box,) = legends(figure)
        for line in axes.lines:
            at = np.linspace(0, 3, 200)
            values = np.interp(at, *line.get_data())
            pixels = axes.transData.transform(np.column_stack([at, values]))
            assert not any(box.get_window_extent().contains(*point) for point in pixels)


def test_points_that_coincide_are_a_larger_marker():
    x = np.array([[0.0, 0]] * 9 + [[1, 0], [0, 1]])
    figure = figures.scatter(x, None, **NAMES)
    (points,) = figure.axes[0].collections
    sizes = dict(zip(map(tuple, points.get_offsets().tolist()), points.get_sizes(), strict=True))
    assert sizes[0, 0] == pytest.approx(9 * sizes[1, 0])
    assert "how many coincide" in note(figure)


def test_classes_at_one_place_are_rings_in_proportion():
    x = np.zeros((6, 2))
    chosen, factors = coincident(x, np.array([0, 1, 0, 1, 1, 2]))
    assert (chosen.tolist(), factors.tolist()) == ([0, 1, 5], [6, 4, 1])  # 2, 3 and 1 points


def test_a_constant_feature_is_not_drawn():
    x = np.column_stack([normal(30, 2), np.full(30, 7.0)])
    names = {"feature_names": ["a", "b", "c"], "title": "t"}
    figure = figures.scatter(x, None, class_names=None, **names)
    assert labels(figure.axes[0]) == ["a", "b"]
    assert note(figure) == "c is constant and not drawn"
    figure = figures.generated(
        np.column_stack([x, x[:, 2:]]), normal(9, 4), feature_names=[*"abcd"], title="t"
    )
    assert labels(figure.axes[1]) == ["a", "b"]
    assert note(figure) == "2 constant features are not drawn"


def test_the_strength_of_a_region_is_its_probability():
    x = np.array([[0.0, 0], [1, 1]])
    figure = figures.decision_boundary(
        x, [0, 1], lambda x: x[:, 0] > 0.5, lambda x: (0.5 + abs(x[:, 0] - 0.5)).clip(0, 1), **NAMES
    )
    (image,) = figure.axes[0].images
    whiteness = np.asarray(image.get_array()).min(-1)[250]
    middle = np.abs(np.linspace(-0.125, 1.125, 500) - 0.5).argmin()
    assert whiteness[middle] > 0.9 > whiteness[middle - 150] > whiteness[0]
    assert "more probable" in note(figure)


def test_all_targets_have_a_panel():
    y, names = normal(30, 3), {"target_names": ["a", "b", "c"], "title": "t"}
    figure = figures.predicted_against_true(y, y + 1, **names)
    assert_whole(figure)
    assert [axes.get_xlabel() for axes in figure.axes] == ["true a", "true b", "true c"]
    figure = figures.residuals(y, y + np.array([1, 2, 3]), **names)
    assert_whole(figure)
    for k, axes in enumerate(figure.axes):
        np.testing.assert_allclose(drawn(axes)[0][:, 1], -(k + 1))


def test_the_stages_of_a_training_are_marked():
    stages = {"first": 0, "second": 4, "third": 8}
    figure = figures.training_curve({"a": range(10)}, stages=stages, title="t")
    assert_whole(figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == list(stages)
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [4, 8]


def test_a_network_has_its_units_and_connections():
    weight = normal(2, 3)
    layers = [figures.Layer("in", 3, names=[*"abc"]), figures.Layer("out", 2, "tanh", weight)]
    figure = figures.network([*layers, figures.Layer("wide", 100, "", normal(100, 2))], title="t")
    assert_whole(figure)
    (axes,) = figure.axes
    (first, second) = [c for c in axes.collections if not hasattr(c, "get_sizes")]
    assert (len(first.get_segments()), len(second.get_segments())) == (6, 24)  # of 100, 12 units
    widths = first.get_linewidths()
    assert np.argmax(widths) == np.abs(weight).argmax()
    shown = {text.get_text() for text in axes.texts}
    assert {"a", "b", "c", "tanh", "in\n3 units", "wide\n100 units"} <= shown
    with pytest.raises(ValueError, match="weight must have the shape"):
        figures.network([layers[0], figures.Layer("out", 3, "", weight)], title="t")


def test_images_have_labels_and_one_scale(monkeypatch):
    monkeypatch.setattr("nnzoo.figures.centroids.MAX_IMAGES", 6)
    texts = [str(k) for k in range(8)]
    figure = figures.image_grid(normal(8, 6), texts, image_shape=(2, 3), title="t")
    assert_whole(figure)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == texts[:6]
    assert len({axes.images[0].get_clim() for axes in shown}) == 1
    assert note(figure) == "6 of 8"


def test_a_figure_takes_the_place_of_axes():
    whole = Figure(figsize=(9, 4))
    left, right = whole.subplots(1, 2)
    part = figures.scatter(normal(9, 2), Y[:9], **NAMES, ax=right)
    assert whole.axes == [left, *part.axes]
    assert part.get_suptitle() == "t"
    again = figures.scatter(
        normal(9, 2), Y[:9], **NAMES, ax=whole.add_subfigure(left.get_subplotspec())
    )
    assert again.axes
    with pytest.raises(ValueError, match="ax must be in a grid"):
        figures.scatter(normal(9, 2), Y[:9], **NAMES, ax=Figure().add_axes((0, 0, 1, 1)))


def test_a_notebook_shows_a_figure_by_itself():
    figure = figures.training_curve({"a": [1, 2]}, title="t")
    assert isinstance(figure, Picture)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_units_are_numbered_and_adjacent_as_on_the_map():
    places = np.array([(x, y) for y in range(9) for x in range(3)], float)
    figure = unit_images(places, np.zeros((27, 6)), image_shape=(2, 3), title="t")
    (axes,) = figure.axes
    assert len(axes.images) == 27
    assert np.allclose(axes.images[4].get_extent(), (0.5, 1.5, 1.0, 1 / 3))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "5"]


def test_no_lines_of_blended_colors_lie_between_the_squares_of_a_map():
    positions = np.stack(np.meshgrid(range(3), range(3)), -1).reshape(-1, 2)
    figure = figures.unit_distances(positions, np.arange(9) % 2, hexagonal=False, title="t")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    corners = figure.axes[0].transData.transform([(-0.4, 2.4), (2.4, -0.4)])
    (left, bottom), (right, top) = corners.astype(int)
    pixels = np.asarray(canvas.buffer_rgba())[::-1][bottom:top, left:right].reshape(-1, 4)
    assert len(np.unique(pixels, axis=0)) == 2


@pytest.mark.parametrize(("cells", "shape"), [(20, (1, 20)), (97, (10, 10))])
def test_patterns_that_are_no_images_are_a_row_of_cells_or_several(cells, shape):
    states = np.sign(normal(2 * cells, 2)).reshape(4, 1, cells)
    image = figures.recall(states[0], states, title="t").axes[0].images[0].get_array()
    assert image.shape == shape
    np.testing.assert_array_equal(image.compressed(), states[0, 0])
