"""Two sets of points or images next to each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import add_scatter, as_classes, as_floats, size_note, view_of
from nnzoo.figures.style import (
    ONE_PANEL,
    TWO_PANELS,
    Array,
    Floats,
    canvas,
    class_label,
    heading,
)
from nnzoo.figures.text import literal

MAX_IMAGES = 8
"""Maximum number of images per row."""


@literal
def latent_space(
    latent: Array,
    untrained: Array | None = None,
    y: Array | None = None,
    *,
    class_names: Sequence[str] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the latent spaces of an untrained and a trained encoder next to each other.

    A single unit is drawn along one axis with a row per class, and two units along two axes. With
    more units, each panel shows the first two principal components of its own points.

    Args:
        latent, untrained: (n, k), latent values of the trained and of the untrained encoder;
            None: one panel.
    """
    latent = as_floats(latent, "latent", "n", "k")
    n, k = latent.shape
    panels = {"": latent}
    if untrained is not None:
        panels = {"untrained": as_floats(untrained, "untrained", n, k), "trained": latent}
    names = [f"latent unit {i}" for i in range(k)]
    figure = canvas(figure, TWO_PANELS if len(panels) > 1 else ONE_PANEL)
    for i, (panel, x) in enumerate(panels.items(), start=1):
        view = view_of(x, names, at_most=2, drop=False)
        drawn = view(x)
        axes = add_scatter(figure, view, x, y, class_names, panel, (1, len(panels), i))
        if view.is_pca:
            axes.set_aspect("equal", adjustable="datalim")
    pca = f"PCA of {k} units{' in each panel' if len(panels) > 1 else ''}" if view.is_pca else ""
    heading(figure, title, note, pca, size_note(drawn))
    add_legend(figure, axes, "class")
    return figure


@literal
def reconstruction(
    x: Array,
    x_hat: Array,
    y: Array | None = None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw original points and their reconstructions next to each other, on the same scales.

    With more than three features, both panels show the first two principal components of x. With
    ``image_shape``, up to ``MAX_IMAGES`` points, evenly spread over their order, are drawn as gray
    images, each above its reconstruction.

    Args:
        x, x_hat: (n, d), originals and reconstructions.
        image_shape: (height, width) with height * width = d; None: draw points.
    """
    x = as_floats(x, "x", "n", "d")
    panels = {"original": x, "reconstruction": as_floats(x_hat, "x_hat", *x.shape)}
    return _draw_both(panels, y, feature_names, class_names, image_shape, title, note, figure)


@literal
def generated(
    x: Array,
    samples: Array,
    *,
    feature_names: Sequence[str],
    image_shape: tuple[int, int] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw real points and generated samples, in the same way as ``reconstruction``.

    Args:
        x: (n, d), real points.
        samples: (m, d), generated samples.
        image_shape: (height, width) with height * width = d; None: draw points.
    """
    x = as_floats(x, "x", "n", "d")
    panels = {"real": x, "generated": as_floats(samples, "samples", "m", x.shape[1])}
    return _draw_both(panels, None, feature_names, None, image_shape, title, note, figure)


def _draw_both(
    panels: Mapping[str, Floats],
    y: Array | None,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    image_shape: tuple[int, int] | None,
    title: str,
    note: str,
    figure: Figure | None,
) -> Figure:
    """Draw two sets of images, or of points (n, d) with the same limits on each axis."""
    if image_shape is not None:
        return _draw_images(panels, y, class_names, image_shape, title, note, figure)
    view = view_of(next(iter(panels.values())), feature_names)
    figure = canvas(figure, TWO_PANELS)
    for i, (name, x) in enumerate(panels.items(), start=1):
        add_scatter(figure, view, x, y, class_names, name, (1, 2, i))
    for axis in "xyz"[: len(view.labels)]:
        limits = [getattr(axes, f"get_{axis}lim")() for axes in figure.axes]
        for axes in figure.axes:
            getattr(axes, f"set_{axis}lim")(np.min(limits), np.max(limits))
    heading(figure, title, note, view.note, size_note(view(max(panels.values(), key=len))))
    add_legend(figure, figure.axes[-1], "class")
    if view.is_pca:
        _equal_scales(figure)
    return figure


def _equal_scales(figure: Any) -> None:
    """Give both axes of two panels with the same limits the same units per inch.

    A fixed aspect would let the layout draw titles over each other.
    """
    if isinstance(figure, Figure):  # the layout of a SubFigure is not known yet
        figure.draw_without_rendering()
    left, right = figure.axes
    box = left.get_window_extent()
    limits = np.array([left.get_xlim(), left.get_ylim()])
    spans = np.ptp(limits, axis=1)
    half = np.maximum(spans, spans[::-1] * (box.width / box.height, box.height / box.width)) / 2
    for axes in (left, right):
        axes.set_xlim(limits[0].mean() - half[0], limits[0].mean() + half[0])
        axes.set_ylim(limits[1].mean() - half[1], limits[1].mean() + half[1])


def _spread(n: int, at_most: int) -> Any:
    """Return the indices of points spread over the order of n, of which the first may be alike."""
    return np.linspace(0, n - 1, min(n, at_most)).astype(int)


def _draw_images(
    panels: Mapping[str, Floats],
    y: Array | None,
    class_names: Sequence[str] | None,
    image_shape: tuple[int, int],
    title: str,
    note: str,
    figure: Figure | None,
) -> Figure:
    """Draw a row of images per set, all on the gray scale of the first row."""
    first = next(iter(panels.values()))
    height, width = image_shape
    if height * width != first.shape[1]:
        raise ValueError(f"{first.shape[1]} features do not form an image of shape {image_shape}")
    columns = min(MAX_IMAGES, max(map(len, panels.values())))
    figure_height = 2.4 * height / width + (0.8 if y is None else 1.1)
    figure = canvas(figure, (max(4, 1.25 * columns), figure_height))
    rows = figure.subplots(len(panels), columns, squeeze=False)
    shown = {name: images[_spread(len(images), columns)] for name, images in panels.items()}
    low, high = next(iter(shown.values())).min(), next(iter(shown.values())).max()
    for row, (name, images) in zip(rows, shown.items(), strict=True):
        row[0].set_ylabel(name)
        for axes, image in zip(row, images, strict=False):
            axes.imshow(image.reshape(image_shape), vmin=low, vmax=high, cmap="gray")
            axes.set(xticks=[], yticks=[])
        for axes in row[len(images) :]:
            axes.set_axis_off()
    if y is not None:
        classes = as_classes(y, len(first))[_spread(len(first), columns)]
        for axes, k in zip(rows[0], classes, strict=False):
            axes.set_title(class_label(k, class_names), fontsize="medium")
    heading(figure, title, note)
    return figure
