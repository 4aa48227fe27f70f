"""What a generator makes, beside what it has learned from."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.panels import draw_images, draw_same_scales
from nnzoo.figures.points import as_points, view_of, with_notes
from nnzoo.figures.style import TWO_PANELS, canvas


def generated(
    x: NDArray[Any],
    samples: NDArray[Any],
    *,
    feature_names: Sequence[str],
    image_shape: tuple[int, int] | None = None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw real points x (n, d) beside generated samples (m, d), on the same scales.

    One to three features are drawn as they are, in their own units; of more, the first two
    principal components of x, in both panels. At most MOST_POINTS points are drawn in each. With
    `image_shape` (h, w), h * w = d, the first IMAGES rows of each are drawn as grey images instead,
    the real ones above. ValueError when shapes or names do not fit.
    """
    x = as_points(x)
    samples = as_points(samples, "samples", d=x.shape[1])
    panels = {"real": x, "generated": samples}
    if image_shape is not None:
        return draw_images(panels, None, None, image_shape, title, figure)
    view = view_of(x, feature_names)
    figure = canvas(figure, TWO_PANELS)
    draw_same_scales(figure, panels, view, None, None)
    figure.suptitle(with_notes(title, view.note, n=max(len(x), len(samples))))
    return figure
