"""Two sets of points or of images in one figure, drawn in the same way."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.points import View, add_axes, draw_classes, subset
from nnzoo.figures.style import canvas, class_label

IMAGES = 8


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


def draw_same_scales(
    figure: Figure,
    panels: Mapping[str, NDArray[np.float64]],
    view: View,
    y: NDArray[np.int64] | None,
    class_names: Sequence[str] | None,
) -> Axes:
    """Draw two named sets of points (n, d) beside each other, with the same limits on each axis.

    Returns the axes at the right.
    """
    both = [
        draw_panel(figure, i, name, x, view, y, class_names)
        for i, (name, x) in enumerate(panels.items(), start=1)
    ]
    for axis in "xyz"[: len(view.labels)]:
        limits = [getattr(axes, f"get_{axis}lim")() for axes in both]
        for axes in both:
            getattr(axes, f"set_{axis}lim")(np.min(limits), np.max(limits))
    return both[-1]


def draw_images(
    panels: Mapping[str, NDArray[np.float64]],
    y: NDArray[np.int64] | None,
    class_names: Sequence[str] | None,
    image_shape: tuple[int, int],
    title: str,
    figure: Figure | None,
) -> Figure:
    """Draw the first IMAGES of each named set of images (n, h * w) as a row, in the same greys.

    The greys reach from the least to the largest value of the first row's images, above which
    stand their classes y (n,) when given. ValueError when the shape does not fit.
    """
    height, width = image_shape
    first = next(iter(panels.values()))
    if height * width != first.shape[1]:
        raise ValueError(f"{first.shape[1]} features are no image of shape {image_shape}")
    columns = min(IMAGES, max(map(len, panels.values())))
    tall = 2.4 * height / width + (0.4 if y is None else 0.7)
    figure = canvas(figure, (max(4, 1.25 * columns), tall))
    rows = figure.subplots(len(panels), columns, squeeze=False)
    for row, (name, images) in zip(rows, panels.items(), strict=True):
        row[0].set_ylabel(name)
        for axes, image in zip(row, images, strict=False):
            greys = {"vmin": first[:columns].min(), "vmax": first[:columns].max(), "cmap": "gray"}
            axes.imshow(image.reshape(image_shape), **greys)
        for axes in row:
            axes.set(xticks=[], yticks=[])
        for axes in row[len(images) :]:
            axes.set_axis_off()
    if y is not None:
        for axes, k in zip(rows[0], y, strict=False):
            axes.set_title(class_label(int(k), class_names), fontsize="medium")
    figure.suptitle(title)
    return figure
