"""What an autoencoder makes of its input: the latent space and the reconstruction."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.panels import draw_images, draw_panel, draw_same_scales
from nnzoo.figures.points import as_classes, as_points, view_of, with_notes
from nnzoo.figures.style import TWO_PANELS, canvas, legend_beside


def latent_space(
    latent: NDArray[Any],
    untrained: NDArray[Any],
    y: NDArray[Any] | None = None,
    *,
    class_names: Sequence[str] | None = None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw the latent space (n, k) of an untrained encoder beside that of the trained one.

    Points are coloured by their classes y (n,) when given. One unit is drawn along an axis with a
    row per class, two as they are; of more, each panel shows its own first two principal
    components. At most MOST_POINTS points are drawn. ValueError when shapes or names do
    not fit.
    """
    latent = as_points(latent, "latent")
    n, k = latent.shape
    untrained = as_points(untrained, "untrained", n, k)
    y = None if y is None else as_classes(y, n)
    figure = canvas(figure, TWO_PANELS)
    names = [f"latent unit {i}" for i in range(k)]
    for i, (panel, x) in enumerate({"untrained": untrained, "trained": latent}.items(), start=1):
        axes = draw_panel(figure, i, panel, x, view_of(x, names, at_most=2), y, class_names)
        if k > 2:
            axes.set_aspect("equal", adjustable="datalim")
    note = f"PCA of {k} units in each panel" if k > 2 else ""
    figure.suptitle(with_notes(title, note, n=n))
    legend_beside(figure, axes)
    return figure


def reconstruction(
    x: NDArray[Any],
    x_hat: NDArray[Any],
    y: NDArray[Any] | None = None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw the originals x (n, d) beside their reconstructions x_hat (n, d), on the same scales.

    Points are coloured by their classes y (n,) when given. One to three features are drawn as
    they are, in their own units; of more, the first two principal components of x, in both
    panels. At most MOST_POINTS points are drawn. With `image_shape` (h, w), h * w = d, the first
    IMAGES rows are drawn as grey images instead, each above its reconstruction. ValueError when
    shapes or names do not fit.
    """
    x = as_points(x)
    x_hat = as_points(x_hat, "x_hat", *x.shape)
    y = None if y is None else as_classes(y, len(x))
    panels = {"original": x, "reconstruction": x_hat}
    if image_shape is not None:
        return draw_images(panels, y, class_names, image_shape, title, figure)
    view = view_of(x, feature_names)
    figure = canvas(figure, TWO_PANELS)
    axes = draw_same_scales(figure, panels, view, y, class_names)
    figure.suptitle(with_notes(title, view.note, n=len(x)))
    legend_beside(figure, axes)
    return figure
