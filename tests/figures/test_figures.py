"""Contents of the figures: points, lines, labels and scales."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from reading import assert_whole, drawn, labels, legend, normal, note

from nnzoo.figures import (
    clusters,
    decision_boundary,
    hits,
    latent_space,
    reconstruction,
    scatter,
    training_curve,
)
from nnzoo.figures.boundary import FLAT

pytestmark = pytest.mark.filterwarnings("error")

FOUR = np.array([[0.3, 0.2], [0, 1.3], [1.4, 0.6], [0.5, 1.9]])
OR = np.array([0, 1, 1, 1])
AB = {"feature_names": ["a", "b"], "title": "t"}
NAMES = {"feature_names": ["price", "skill"], "class_names": ["no", "yes"], "title": "t"}


def perceptron(x):
    return (x @ [0.005, 0.013] - 0.01 > 0).astype(int)


def test_the_boundary_of_a_perceptron_is_where_its_net_input_is_zero():
    figure = decision_boundary(FOUR, OR, perceptron, **NAMES)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (contour,) = [c for c in axes.collections if not hasattr(c, "get_sizes")]
    line = contour.get_paths()[0].vertices
    assert np.ptp(line[:, 0]) > 1.4
    np.testing.assert_allclose(line @ [0.005, 0.013], 0.01, atol=1e-4)
    assert [points.tolist() for points in drawn(axes)] == [FOUR[:1].tolist(), FOUR[1:].tolist()]
    assert [text.get_text() for text in axes.texts] == ["no", "yes", "yes", "yes"]
    assert legend(figure) == ["no", "yes", "boundary"]
    assert labels(axes) == ["price", "skill"]


def test_each_point_lies_on_the_light_color_of_its_class():
    x = np.array([[i, j] for i in range(4) for j in range(3)], dtype=float)

    def quadrant(x):
        return 2 * (x[:, 0] > 1.4) + (x[:, 1] > 0.6)

    figure = decision_boundary(x, quadrant(x), quadrant, **NAMES | {"class_names": list("abcd")})
    (axes,) = figure.axes
    (image,) = axes.images
    pixels = image.to_rgba(image.get_array())
    left, right, bottom, top = image.get_extent()
    for points in axes.collections[:4]:
        for horizontal, vertical in points.get_offsets():
            column = int((horizontal - left) / (right - left) * pixels.shape[1])
            row = int((vertical - bottom) / (top - bottom) * pixels.shape[0])
            light = FLAT * points.get_facecolor()[0, :3] + 1 - FLAT
            np.testing.assert_allclose(pixels[row, column, :3], light, atol=0.01)
    assert image.origin == "lower"
    assert legend(figure) == ["a", "b", "c", "d", "boundary"]
    assert not axes.texts


def test_one_class_everywhere_has_no_boundary():
    figure = decision_boundary(FOUR, OR, lambda x: np.ones(len(x)), **NAMES)
    figure.draw_without_rendering()
    assert legend(figure) == ["no", "yes"]
    assert len(figure.axes[0].collections) == 2


def test_scatter_shows_up_to_three_features_as_they_are():
    x = normal(20, 3)
    names = {"feature_names": ["a", "b", "c"], "class_names": None, "title": "t"}
    (axes,) = scatter(x, None, **names).axes
    assert axes.name == "3d"
    assert [*labels(axes), axes.get_zlabel()] == ["a", "b", "c"]
    np.testing.assert_allclose(drawn(axes)[0], x)
    figure = scatter(x[:, :2], np.arange(20) % 2, **NAMES)
    np.testing.assert_allclose(drawn(figure.axes[0])[1], x[1::2, :2])
    assert legend(figure) == ["no", "yes"]
    (axes,) = scatter(x[:, :1], None, **names | {"feature_names": ["a"]}).axes
    np.testing.assert_allclose(drawn(axes)[0][:, 0], x[:, 0])
    assert labels(axes) == ["a", "random height"]


def test_scatter_shows_principal_components_of_more_features():
    x = normal(5001, 4) * [1, 3, 0.1, 0.1] + 7
    figure = scatter(x, None, feature_names=list("abcd"), class_names=None, title="t")
    (axes,) = figure.axes
    assert figure.get_suptitle() == "t"
    assert note(figure) == "PCA of 4 features · 5000 of 5001 points"
    assert labels(axes) == ["PC 1 (90 % of variance)", "PC 2 (10 % of variance)"]
    (points,) = drawn(axes)
    assert points.shape == (5000, 2)
    np.testing.assert_allclose(points.std(axis=0), [3, 1], rtol=0.05)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.01)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_clusters_shows_points_and_centroids(d):
    x, learned, true = (normal(n, d) for n in (50, 5, 4))
    winners = np.arange(50) % 5
    names = {"feature_names": list("abc")[:d], "title": "t"}
    figure = clusters(x, learned, true, winners=winners, **names)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert figure.get_suptitle() == "t"
    assert axes.get_xlabel() == "a"
    points, no_points, hexagons, rings = drawn(axes)
    assert points.shape == (50, max(d, 2))
    np.testing.assert_allclose(rings[:, :d], true)
    np.testing.assert_allclose(hexagons[:, :d], learned)
    assert legend(figure) == ["points,\nby winning unit", "learned centroids", "true centroids"]
    colors = axes.collections[0].get_facecolor()[:, :3]
    assert len(np.unique(colors, axis=0)) == 5
    assert not len(no_points)  # an entry of the legend, in no unit's color
    assert tuple(axes.collections[1].get_facecolor()[0][:3]) not in set(map(tuple, colors))
    learned_marks, true_marks = axes.collections[2:]
    assert tuple(true_marks.get_edgecolor()[0]) == to_rgba("red")
    assert not len(true_marks.get_facecolor())  # a ring, which hides nothing
    assert true_marks.get_sizes()[0] > learned_marks.get_sizes()[0]
    assert true_marks.get_zorder() > learned_marks.get_zorder()
    assert legend(clusters(x, learned, **names)) == ["points", "learned centroids"]


def test_clusters_draws_a_fixed_subset_of_many_points_by_principal_components():
    x = normal(20000, 5)
    figures = [clusters(x, x[:3], feature_names=list("abcde"), title="t") for _ in range(2)]
    (axes,), (again,) = (figure.axes for figure in figures)
    assert axes.name == "3d"
    assert note(figures[0]) == "PCA of 5 features"
    assert legend(figures[0]) == ["points (5000 of 20000)", "learned centroids"]
    assert len(np.unique(drawn(axes)[0], axis=0)) == 5000
    np.testing.assert_array_equal(drawn(axes)[0], drawn(again)[0])


@pytest.mark.parametrize(
    ("k", "pca", "xlabel"),
    [
        (1, "", "latent unit 0"),
        (2, "", "latent unit 0"),
        (16, "PCA of 16 units in each panel", "PC 1 (100 % of variance)"),
    ],
)
def test_latent_space_shows_the_untrained_one_next_to_it(k, pca, xlabel):
    untrained = normal(30, 1) @ np.ones((1, k))
    figure = latent_space(2 * untrained, untrained, np.arange(30) % 3, title="t")
    figure.draw_without_rendering()
    left, right = figure.axes
    assert [left.get_title(), right.get_title()] == ["untrained", "trained"]
    assert (figure.get_suptitle(), note(figure)) == ("t", pca)
    assert left.get_xlabel() == xlabel
    assert legend(figure) == ["class 0", "class 1", "class 2"]
    for before, after in zip(drawn(left), drawn(right), strict=True):
        assert before.shape == (10, 2)
        np.testing.assert_allclose(after[:, 0], 2 * before[:, 0])


def test_a_dead_latent_space_can_be_drawn():
    latent_space(np.zeros((9, 4)), np.ones((9, 4)), title="t").draw_without_rendering()


@pytest.mark.parametrize("d", [1, 2, 3, 6])
def test_reconstruction_has_the_same_scales_as_the_original(d):
    x = normal(40, d)
    names = {"feature_names": list("abcdef")[:d], "title": "t"}
    figure = reconstruction(x, 3 * x, np.arange(40) % 2, class_names=["no", "yes"], **names)
    figure.draw_without_rendering()
    left, right = figure.axes
    assert [left.get_title(), right.get_title()] == ["original", "reconstruction"]
    for axis in "xyz" if d == 3 else "xy":
        low, high = getattr(left, f"get_{axis}lim")()
        assert (low, high) == getattr(right, f"get_{axis}lim")()
        points = np.concatenate(drawn(right))[:, "xyz".index(axis)]
        assert low <= points.min()
        assert points.max() <= high
    assert note(figure) == ("PCA of 6 features" if d == 6 else "")
    spread = [np.ptp(np.concatenate(drawn(axes))[:, 0]) for axes in (left, right)]
    np.testing.assert_allclose(spread[1], 3 * spread[0])
    assert legend(figure) == ["no", "yes"]


def test_reconstruction_of_images_has_a_row_of_each():
    x = normal(20, 12)
    names = {"feature_names": list("abcdefghijkl"), "title": "t"}
    figure = reconstruction(x, 2 * x, np.arange(20), image_shape=(3, 4), **names)
    figure.draw_without_rendering()
    assert len(figure.axes) == 16
    shown = [int(axes.get_title().removeprefix("class ")) for axes in figure.axes[:8]]
    assert shown == [0, 2, 5, 8, 10, 13, 16, 19]  # spread, since the first ones may be alike
    for i, axes in enumerate(figure.axes):
        (image,) = axes.images
        wanted = x[shown[i]] if i < 8 else 2 * x[shown[i - 8]]
        np.testing.assert_allclose(image.get_array().ravel(), wanted)
        assert image.get_clim() == (x[shown].min(), x[shown].max())
        assert axes.get_xticks().size == axes.get_yticks().size == 0
    assert [figure.axes[i].get_ylabel() for i in (0, 8)] == ["original", "reconstruction"]


def test_units_have_the_names_of_many_classes_and_the_colors_of_few():
    positions = [[0, 0], [1, 0], [2, 0]]
    winners, y = [0, 0, 0, 2, 2], [3, 3, 1, 10, 2]
    options = {"class_names": list("abcdefghijk"), "hexagonal": False, "title": "t"}
    many = hits(positions, winners, y, **options)
    written = {text.get_position(): text.get_text() for text in many.axes[0].texts}
    assert written == {(0, 0): "d", (2, 0): "c\nk"}
    assert legend(many) == []
    few = hits(positions, winners, [0, 0, 1, 9, 9], **options)
    assert not few.axes[0].texts
    assert legend(few) == list("abcdefghij")


DRAW = {
    "training_curve": lambda f: training_curve({"a": [1, 2]}, title="t", figure=f),
    "decision_boundary": lambda f: decision_boundary(FOUR, OR, perceptron, **NAMES, figure=f),
    "scatter": lambda f: scatter(FOUR, OR, **NAMES, figure=f),
    "clusters": lambda f: clusters(FOUR, FOUR, **AB, figure=f),
    "clusters in 3-D": lambda f: clusters(
        normal(4, 3), normal(4, 3), feature_names=["long name"] * 3, title="t", figure=f
    ),
    "latent_space": lambda f: latent_space(FOUR, FOUR, OR, title="t", figure=f),
    "reconstruction": lambda f: reconstruction(FOUR, FOUR, **AB, figure=f),
    "images": lambda f: reconstruction(FOUR, FOUR, **AB, image_shape=(1, 2), figure=f),
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_a_given_figure_keeps_its_size_and_nothing_is_cut_or_covered(draw):
    figure = Figure(figsize=(7, 4.5))
    assert draw(figure) is figure
    assert draw(None) is not figure
    assert_whole(figure)
    assert figure.get_size_inches().tolist() == [7, 4.5]


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ("curves is empty", lambda: training_curve({}, title="t")),
        ("y must be 4 class", lambda: decision_boundary(FOUR, OR[:3], perceptron, **NAMES)),
        ("y must be 4 class", lambda: decision_boundary(FOUR, OR - 1, perceptron, **NAMES)),
        ("y must be 4 class", lambda: decision_boundary(FOUR, OR / 2, perceptron, **NAMES)),
        (r"decide\(x\) must", lambda: decision_boundary(FOUR, OR, lambda x: x, **NAMES)),
        ("class 2 has no name", lambda: scatter(FOUR, OR + 1, **NAMES)),
        ("1 feature names", lambda: scatter(FOUR, OR, **NAMES | {"feature_names": ["a"]})),
        ("learned must have", lambda: clusters(FOUR, FOUR[:, :1], **AB)),
        ("untrained must have", lambda: latent_space(FOUR, FOUR[:3], title="t")),
        (
            "require finite",
            lambda: latent_space(np.full((4, 3), np.nan), np.ones((4, 3)), title="t"),
        ),
        ("x_hat must have", lambda: reconstruction(FOUR, FOUR[:3], **AB)),
        (
            "not form an image of shape",
            lambda: reconstruction(FOUR, FOUR, image_shape=(2, 2), **AB),
        ),
    ],
)
def test_inputs_that_do_not_match_are_errors(message, wrong):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_the_import_needs_neither_torch_nor_pyplot():
    code = "import sys, nnzoo.figures; print({'torch', 'matplotlib.pyplot'} & {*sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
