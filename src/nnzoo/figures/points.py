"""Scatter plots of points with any number of features, in 2-D or 3-D."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnzoo.figures.style import (
    Array,
    Floats,
    canvas,
    class_label,
    color,
    legend_beside,
    legend_label,
    wrapped,
)
from nnzoo.figures.text import literal

MAX_POINTS = 5000
"""Maximum number of points per scatter plot."""

MAX_LARGE_POINTS = 10
"""Up to this many points are drawn large, and ``decision_boundary`` annotates them."""


class View(NamedTuple):
    """Projection of points (n, d) to points (n, k) to draw, ``(x - center) @ directions``."""

    center: Floats  # (d,)
    directions: Floats  # (d, k)
    labels: Sequence[str]  # of the k axes
    note: str = ""  # for the title, about principal components

    def __call__(self, x: Floats) -> Floats:
        return (x - self.center) @ self.directions


def view_of(x: Floats, names: Sequence[str], components: int = 2, at_most: int = 3) -> View:
    """Return a view of all features, or of principal components if there are too many."""
    features = x.shape[1]
    if len(names) != features:
        raise ValueError(f"{len(names)} feature names for {features} features")
    if features <= at_most:
        return View(np.zeros(features), np.eye(features), names)
    if not np.isfinite(x).all():
        raise ValueError("principal components require finite values")
    center = x.mean(axis=0)
    variances, directions = np.linalg.eigh((x - center).T @ (x - center))
    shares = variances.clip(0) / (variances.clip(0).sum() or 1)
    first = np.argsort(shares)[::-1][:components]
    directions = directions[:, first]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), range(components)])
    labels = [f"PC {i} ({100 * s:.0f} % of variance)" for i, s in enumerate(shares[first], start=1)]
    return View(center, directions, labels, f"PCA of {features} features")


def as_floats(x: Array, name: str, *shape: int | str) -> Floats:
    """Convert x to a non-empty float array; ValueError if an integer in shape is not its size."""
    x = np.asarray(x, dtype=float)
    sizes = zip(shape, x.shape, strict=False)
    if x.ndim != len(shape) or not x.size or any(n != m for n, m in sizes if isinstance(n, int)):
        raise ValueError(
            f"{name} must have the shape ({', '.join(map(str, shape))}), got {x.shape}"
        )
    return x


def as_classes(y: Array, n: int, name: str = "y") -> NDArray[np.int64]:
    """Convert y to class indices (n,); ValueError if it contains anything else."""
    y = np.asarray(y)
    if y.shape != (n,) or (y < 0).any() or (y % 1 != 0).any():
        raise ValueError(f"{name} must be {n} class indices 0, 1, ...; its shape is {y.shape}")
    return y.astype(np.int64)


def subset(n: int) -> NDArray[np.int64]:
    """Return the sorted indices of a fixed random subset of at most ``MAX_POINTS`` of n points."""
    if n <= MAX_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MAX_POINTS, replace=False))


def add_notes(title: str, note: str = "", n: int = 0) -> str:
    """Append to a title, in parentheses, a note and how many of n points are drawn, if not all."""
    size = f"{MAX_POINTS} of {n} points" if n > MAX_POINTS else ""
    text = ", ".join(filter(None, (note, size)))
    return f"{title} ({text})" if text else title


def add_axes(
    figure: Figure, view: View, title: str, position: tuple[int, int, int] = (1, 1, 1)
) -> Axes:
    """Add axes for a view, in 3-D for three labels, at (rows, columns, index)."""
    axes: Any
    pad = None
    if len(view.labels) == 3:
        axes = figure.add_subplot(*position, projection="3d", computed_zorder=False)
        axes.locator_params(nbins=5)
        axes.set_box_aspect(None, zoom=0.85)
        pad = 8
    else:
        axes = figure.add_subplot(*position)
        axes.locator_params(axis="x", nbins=6)
    for name, label in zip("xyz", view.labels, strict=False):
        getattr(axes, f"set_{name}label")(wrapped(label), labelpad=pad)
    if len(view.labels) == 1:
        axes.set_yticks([])
    axes.set_title(title)
    return axes


def draw(axes: Axes, points: Floats, height: Array | float = 0.0, **style: Any) -> None:
    """Scatter points (n, 1 to 3); points with one coordinate are drawn at ``height``."""
    if points.shape[1] == 1:
        points = np.column_stack([points, np.broadcast_to(height, len(points))])
    if points.shape[1] == 3:
        style["depthshade"] = False  # shading would change the colors
    axes.scatter(*points.T, **style)


def add_scatter(
    figure: Figure,
    view: View,
    x: Floats,
    y: Array | None,
    class_names: Sequence[str] | None,
    title: str,
    position: tuple[int, int, int] = (1, 1, 1),
    also: Iterable[int] = (),
) -> Axes:
    """Add axes with points (n, d), one color per class; a single feature has one row per class.

    The legend also lists the classes ``also``, even if they have no points.
    """
    axes = add_axes(figure, view, title, position)
    kept = subset(len(x))
    points = view(x[kept])
    size = 60 if len(points) <= MAX_LARGE_POINTS else 18
    style = {"s": size, "alpha": 0.8, "edgecolors": "white", "linewidths": 0.3, "zorder": 3}
    jitter = np.random.default_rng(0).uniform(-0.35, 0.35, len(points))
    if y is None:
        draw(axes, points, jitter, color=color(0), **style)
        return axes
    y = as_classes(y, len(x))[kept]
    if points.shape[1] == 1:
        axes.set_ylabel("one row per class")
    for k in sorted({*y.tolist(), *also}):
        members = y == k
        label = legend_label(class_label(k, class_names))
        draw(axes, points[members], k + jitter[members], color=color(k), label=label, **style)
    return axes


@literal
def scatter(
    x: Array,
    y: Array | None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points x (n, d), colored by class.

    With more than three features, the figure shows the first two principal components.
    """
    x = as_floats(x, "x", "n", "d")
    view = view_of(x, feature_names)
    figure = canvas(figure)
    axes = add_scatter(figure, view, x, y, class_names, add_notes(title, view.note, len(x)))
    if view.note:
        axes.set_aspect("equal", adjustable="datalim")
    legend_beside(figure, axes)
    return figure


@literal
def clusters(
    x: Array,
    learned: Array,
    true: Array | None = None,
    *,
    winners: Array | None = None,
    feature_names: Sequence[str],
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw points with learned and true centroids.

    With more than three features, the figure shows the first three principal components of x.

    Args:
        x: (n, d).
        learned: (k, d), learned centroids.
        true: (c, d), true centroids; None: unknown.
        winners: (n,), index of the unit that wins each point, which sets its color; None: one
            color.
    """
    x = as_floats(x, "x", "n", "d")
    learned = as_floats(learned, "learned", "k", x.shape[1])
    view = view_of(x, feature_names, components=3)
    kept = subset(len(x))
    figure = canvas(figure)
    axes = add_axes(figure, view, add_notes(title, view.note))

    label = "points" if len(kept) == len(x) else f"points ({len(kept)} of {len(x)})"
    style: dict[str, Any] = {"color": color(4), "label": label}
    if winners is not None:
        units = as_classes(winners, len(x), "winners")[kept]
        style = {"color": [color(k) for k in units], "label": f"{label},\nby winning unit"}
    jitter = np.random.default_rng(0).uniform(-1, 1, len(kept))
    draw(axes, view(x[kept]), jitter, s=14, alpha=0.7, linewidths=0, **style)

    style = {"zorder": 4, "linewidths": 0.8, "edgecolors": "white"}
    if true is not None:
        centers = view(as_floats(true, "true", "c", x.shape[1]))
        draw(axes, centers, marker="*", s=260, color="red", label="true centroids", **style)
    draw(axes, view(learned), marker="h", s=70, color="black", label="learned centroids", **style)
    legend_beside(figure, axes)
    return figure
