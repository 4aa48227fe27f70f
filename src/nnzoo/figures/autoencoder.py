"""What an autoencoder makes of its input: the latent space and the reconstruction."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.points import (
    View,
    add_axes,
    as_classes,
    as_points,
    draw_classes,
    subset,
    view_of,
    with_notes,
)
from nnzoo.figures.style import TWO_PANELS, canvas, class_label, legend_beside

IMAGES = 8


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
    if image_shape is not None:
        return draw_images(x, x_hat, y, class_names, image_shape, title, figure)
    view = view_of(x, feature_names)
    figure = canvas(figure, TWO_PANELS)
    left = draw_panel(figure, 1, "original", x, view, y, class_names)
    right = draw_panel(figure, 2, "reconstruction", x_hat, view, y, class_names)
    for axis in "xyz"[: len(view.labels)]:
        limits = [getattr(axes, f"get_{axis}lim")() for axes in (left, right)]
        for axes in (left, right):
            getattr(axes, f"set_{axis}lim")(np.min(limits), np.max(limits))
    figure.suptitle(with_notes(title, view.note, n=len(x)))
    legend_beside(figure, right)
    return figure


def draw_panel(
    figure: Figure,
    index: int,
    name: str,
    x: NDArray[np.float64],
    view: View,
    y: NDArray[np.int64] | None,
    class_names: Sequence[str] | None,
) -> Axes:
    """Draw points x (n, d) of classes y (n,) as panel 1 or 2 of two, and return its axes."""
    kept = subset(len(x))
    axes = add_axes(figure, view, (1, 2, index))
    draw_classes(axes, view(x[kept]), None if y is None else y[kept], class_names)
    axes.set_title(name)
    return axes


def draw_images(
    x: NDArray[np.float64],
    x_hat: NDArray[np.float64],
    y: NDArray[np.int64] | None,
    class_names: Sequence[str] | None,
    image_shape: tuple[int, int],
    title: str,
    figure: Figure | None,
) -> Figure:
    """Draw the first images of x (n, h * w), and beneath them those of x_hat, in the same greys."""
    height, width = image_shape
    if height * width != x.shape[1]:
        raise ValueError(f"{x.shape[1]} features are no image of shape {image_shape}")
    columns = min(IMAGES, len(x))
    tall = 2.4 * height / width + (0.4 if y is None else 0.7)
    figure = canvas(figure, (max(4, 1.25 * columns), tall))
    panels = figure.subplots(2, columns, squeeze=False)
    for row, name, pixels in zip(panels, ("original", "reconstruction"), (x, x_hat), strict=True):
        row[0].set_ylabel(name)
        for axes, image in zip(row, pixels, strict=False):
            greys = {"vmin": x[:columns].min(), "vmax": x[:columns].max(), "cmap": "gray"}
            axes.imshow(image.reshape(image_shape), **greys)
            axes.set(xticks=[], yticks=[])
    if y is not None:
        for axes, k in zip(panels[0], y, strict=False):
            axes.set_title(class_label(int(k), class_names), fontsize="medium")
    figure.suptitle(title)
    return figure
