"""Animated GIF of a 3-D figure: frames, colors and size."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from reading import normal

from nnzoo.figures import clusters, generated, rotate, scatter

pytestmark = pytest.mark.filterwarnings("error")

NAMES = {"feature_names": ["x1", "x2", "x3"], "title": "t"}
LONG = {"feature_names": ["a long feature name (units)"] * 3, "title": "t"}


def frames(path):
    with Image.open(path) as gif:
        for i in range(gif.n_frames):
            gif.seek(i)
            yield np.asarray(gif.convert("RGB"), dtype=int)


def test_the_gif_loops_and_the_figure_does_not_change(tmp_path):
    figure = clusters(normal(50, 3), normal(5, 3), **NAMES)
    (axes,) = figure.axes
    view = (axes.elev, axes.azim, axes.roll)
    layout = figure.get_layout_engine()
    rotate(figure, tmp_path / "a.gif", frames=8)
    assert (axes.elev, axes.azim, axes.roll) == view
    assert figure.get_layout_engine() is layout
    images = list(frames(tmp_path / "a.gif"))
    assert len(images) == 8
    for i, image in enumerate(images):
        assert all((image != other).any() for other in images[:i])
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        assert gif.info["duration"] * 8 == pytest.approx(3600, rel=0.1)


def test_all_axes_rotate(tmp_path):
    figure = generated(normal(9, 3), normal(8, 3), **NAMES)
    rotate(figure, tmp_path / "a.gif", frames=3)
    first, second, _ = frames(tmp_path / "a.gif")
    middle = first.shape[1] // 2
    assert (first != second)[:, :middle].any()
    assert (first != second)[:, middle:].any()


def test_rare_colors_are_kept(tmp_path):
    figure = scatter(normal(400, 3), np.arange(400) % 2, class_names=None, **NAMES)
    rotate(figure, tmp_path / "a.gif", frames=2)
    for image in frames(tmp_path / "a.gif"):
        for color in ("#0072B2", "#E69F00", "white"):
            distance = np.abs(image - 255 * np.array(to_rgb(color))).max(axis=-1)
            assert distance.min() < 20


@pytest.mark.xfail(
    matplotlib.__version_info__ < (3, 11, 2),
    reason="older versions of matplotlib cut the labels in 2 of the 12 frames",
)
def test_long_labels_are_in_every_frame(tmp_path):
    figure = clusters(normal(50, 3), normal(5, 3), **LONG)
    rotate(figure, tmp_path / "a.gif", frames=12)
    for image in frames(tmp_path / "a.gif"):
        assert (image[:, 0] > 200).all()  # nothing dark at the edges
        assert (image[:, -1] > 200).all()


@pytest.mark.slow
def test_many_points_do_not_make_a_large_file(tmp_path):
    x = normal(5000, 3)
    rotate(clusters(x, x[:5], winners=np.arange(5000) % 5, **NAMES), tmp_path / "a.gif")
    assert (tmp_path / "a.gif").stat().st_size < 1_500_000
    assert len(list(frames(tmp_path / "a.gif"))) == 36


def test_a_flat_figure_is_an_error(tmp_path):
    figure = scatter(normal(5, 2), None, feature_names=["a", "b"], class_names=None, title="t")
    with pytest.raises(ValueError, match="no 3-D axes"):
        rotate(figure, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())
