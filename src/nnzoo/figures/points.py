"""Points with any number of features, on flat or 3-D axes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.style import canvas, class_label, colour, legend_beside, wrapped

MOST_POINTS = 5000


@dataclass(frozen=True)
class View:
    """How points (n, d) become points (n, k) to draw, k <= 3: `(x - centre) @ directions`.

    `labels` are the k axis labels; `note` says in words what was done to the features, if anything.
    """

    centre: NDArray[np.float64]
    directions: NDArray[np.float64]
    labels: Sequence[str]
    note: str = ""

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, d) as points (n, k)."""
        return (x - self.centre) @ self.directions


def view_of(
    x: NDArray[np.float64], names: Sequence[str], components: int = 2, at_most: int = 3
) -> View:
    """How to show x (n, d): d features as they are up to `at_most`, else principal components.

    ValueError when there are not d names, or no principal components since x is not finite.
    """
    features = x.shape[1]
    if len(names) != features:
        raise ValueError(f"{len(names)} feature names for {features} features")
    if features <= at_most:
        return View(np.zeros(features), np.eye(features), names)
    if not np.isfinite(x).all():
        raise ValueError("no principal components: some values are not finite")
    centre = x.mean(axis=0)
    variances, directions = np.linalg.eigh((x - centre).T @ (x - centre))
    shares = variances.clip(0) / (variances.clip(0).sum() or 1)
    first = np.argsort(shares)[::-1][:components]
    directions = directions[:, first]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), range(components)])
    labels = [f"PC {i} ({100 * s:.0f} % of variance)" for i, s in enumerate(shares[first], start=1)]
    return View(centre, directions, labels, f"PCA of {features} features")


def as_points(
    x: NDArray[Any], name: str = "x", n: int | None = None, d: int | None = None
) -> NDArray[np.float64]:
    """x as floats (n, d), at least one; ValueError when it is not of this shape."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or not x.size or n not in (None, len(x)) or d not in (None, x.shape[1]):
        raise ValueError(f"{name} must have the shape ({n or 'n'}, {d or 'd'}), not {x.shape}")
    return x


def as_classes(y: NDArray[Any], n: int, name: str = "y") -> NDArray[np.int64]:
    """y as integers (n,), 0 or more; ValueError when it is not."""
    y = np.asarray(y)
    if y.shape != (n,) or (y < 0).any() or (y % 1 != 0).any():
        raise ValueError(f"{name} must hold {n} classes, each 0, 1, ...; its shape is {y.shape}")
    return y.astype(np.int64)


def as_values(y: NDArray[Any], n: int, name: str = "y") -> NDArray[np.float64]:
    """y as floats (n,); ValueError when it is not of this shape."""
    y = np.asarray(y, dtype=float)
    if y.shape != (n,):
        raise ValueError(f"{name} must have the shape ({n},), not {y.shape}")
    return y


def subset(n: int) -> NDArray[np.int64]:
    """The indices of at most MOST_POINTS of n points, always the same ones, in order."""
    if n <= MOST_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST_POINTS, replace=False))


def with_notes(title: str, *notes: str, n: int = 0) -> str:
    """The title, and in brackets those notes that are not '', and how many of n points are drawn.

    The number is given only where a subset is drawn.
    """
    size = f"{MOST_POINTS} of {n} points" if n > MOST_POINTS else ""
    said = ", ".join(note for note in (*notes, size) if note)
    return f"{title} ({said})" if said else title


def add_axes(figure: Figure, view: View, position: tuple[int, int, int] = (1, 1, 1)) -> Axes:
    """New axes for a view, 3-D when it has three labels; the position is (rows, columns, index)."""
    axes: Any
    if len(view.labels) == 3:
        axes = figure.add_subplot(*position, projection="3d", computed_zorder=False)
        axes.locator_params(nbins=5)
        axes.set_box_aspect(None, zoom=0.85)
        axes.set_zlabel(wrapped(view.labels[2]), labelpad=8)
    else:
        axes = figure.add_subplot(*position)
        axes.locator_params(axis="x", nbins=6)
    pad = 8 if len(view.labels) == 3 else None
    axes.set_xlabel(wrapped(view.labels[0]), labelpad=pad)
    if len(view.labels) == 1:
        axes.set_yticks([])
    else:
        axes.set_ylabel(wrapped(view.labels[1]), labelpad=pad)
    return axes


def draw(
    axes: Axes, points: NDArray[np.float64], height: NDArray[Any] | float = 0.0, **style: Any
) -> None:
    """Scatter points (n, 1 to 3); those with one coordinate are drawn at `height`, (n,) or one."""
    if points.shape[1] == 1:
        points = np.column_stack([points, np.broadcast_to(height, len(points))])
    if points.shape[1] == 3:
        style = {"depthshade": False} | style  # which would fade the colours that tell classes
    axes.scatter(*points.T, **style)


def draw_classes(
    axes: Axes,
    points: NDArray[np.float64],
    y: NDArray[np.int64] | None,
    class_names: Sequence[str] | None,
    also: Iterable[int] = (),
) -> None:
    """Scatter points (n, 1 to 3) in one colour per class, a row per class on a single axis.

    `also` are classes that the legend shall show even without points.
    """
    size = 60 if len(points) <= 10 else 18
    look = {"s": size, "alpha": 0.8, "edgecolors": "white", "linewidths": 0.3, "zorder": 3}
    jitter = np.random.default_rng(0).uniform(-0.35, 0.35, len(points))
    if y is None:
        draw(axes, points, jitter, color=colour(0), **look)
        return
    if points.shape[1] == 1:
        axes.set_ylabel("one row a class")
    for k in sorted({*y.tolist(), *also}):
        mine = y == k
        label = class_label(k, class_names)
        draw(axes, points[mine], k + jitter[mine], color=colour(k), label=label, **look)


def scatter(
    x: NDArray[Any],
    y: NDArray[Any] | None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw the points x (n, d), coloured by their classes y (n,) when there are any.

    One to three features are drawn as they are, in their own units; of more, the first two
    principal components. At most MOST_POINTS points are drawn. ValueError when shapes or names
    do not fit.
    """
    x = as_points(x)
    y = None if y is None else as_classes(y, len(x))
    view = view_of(x, feature_names)
    kept = subset(len(x))
    figure = canvas(figure)
    axes = add_axes(figure, view)
    draw_classes(axes, view(x[kept]), None if y is None else y[kept], class_names)
    if view.note:
        axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(with_notes(title, view.note, n=len(x)))
    legend_beside(figure, axes)
    return figure
