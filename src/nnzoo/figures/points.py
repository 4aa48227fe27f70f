"""Scatter plots of points with any number of features, in 2-D or 3-D."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator
from numpy.typing import NDArray

from nnzoo.figures.legends import add_legend
from nnzoo.figures.style import (
    Array,
    Floats,
    canvas,
    class_label,
    color,
    heading,
    legend_label,
    marker,
    wrapped,
)
from nnzoo.figures.text import literal

MAX_POINTS = 5000
"""Maximum number of points per scatter plot."""

MAX_LARGE_POINTS = 10
"""Up to this many points are drawn large, and ``decision_boundary`` annotates them."""

MAX_SIZE = 900.0
"""Maximum area of the marker of points that coincide, in square points."""


class View(NamedTuple):
    """Projection of points (n, d) to points (n, k) to draw, ``(x - center) @ directions``."""

    center: Floats  # (d,)
    directions: Floats  # (d, k)
    labels: Sequence[str]  # of the k axes
    note: str = ""  # about principal components and features that are not drawn
    is_pca: bool = False

    def __call__(self, x: Floats) -> Floats:
        return (x - self.center) @ self.directions


def view_of(
    x: Floats, names: Sequence[str], components: int = 2, at_most: int = 3, drop: bool = True
) -> View:
    """Return a view of all features, or of principal components if there are too many.

    Constant features are dropped, unless all are constant or ``drop`` is False.
    """
    features = x.shape[1]
    if len(names) != features:
        raise ValueError(f"{len(names)} feature names for {features} features")
    varies = (np.ptp(x, axis=0) > 0) | np.isnan(x).any(axis=0)
    kept = varies if drop and varies.any() else np.ones(features, dtype=bool)
    constant = [name for name, drawn in zip(names, kept, strict=True) if not drawn]
    note = f"{len(constant)} constant features are not drawn" if constant else ""
    if len(constant) == 1:
        note = f"{constant[0]} is constant and not drawn"
    if kept.sum() <= at_most:
        labels = [name for name, drawn in zip(names, kept, strict=True) if drawn]
        return View(np.zeros(features), np.eye(features)[:, kept], labels, note)
    if not np.isfinite(x).all():
        raise ValueError("principal components require finite values")
    center = x.mean(axis=0)
    variances, directions = np.linalg.eigh((x - center).T @ (x - center))
    shares = variances.clip(0) / (variances.clip(0).sum() or 1)
    first = np.argsort(shares)[::-1][:components]
    directions = directions[:, first]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), range(components)])
    labels = [f"PC {i} ({100 * s:.0f} % of variance)" for i, s in enumerate(shares[first], start=1)]
    note = f"{note}, PCA of {kept.sum()} features".removeprefix(", ")
    return View(center, directions, labels, note, is_pca=True)


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


def size_note(points: Floats) -> str:
    """Return a note on how many of the projected points (n, k) are drawn, if not all, and on the
    size of points that coincide."""
    n = len(points)
    note = f"{MAX_POINTS} of {n} points" if n > MAX_POINTS else ""
    points = points[subset(n)]
    if points.shape[1] > 1 and np.isfinite(points).all():
        places = len(coincident(points, np.zeros(len(points), dtype=np.int64))[0])
        if places < 0.9 * len(points):
            note = f"{note}, area of a point: how many coincide".removeprefix(", ")
    return note


def coincident(points: Floats, y: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of one point per place and class, and factors of their areas.

    The factor is the number of points at the place whose class is not less. Drawn in the order of
    the classes, they are rings, each with an area proportional to its number of points.
    """
    scale = np.abs(points).max(axis=0)
    rounded = np.round(points / np.where(scale > 0, scale, 1), 9)
    keys = np.column_stack([rounded, y])
    _, first, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
    # Keys are sorted by place, then by class: sum the counts from the last class of each place.
    place = np.unique(rounded[first], axis=0, return_inverse=True)[1].reshape(-1)
    factors = np.array([counts[i:][place[i:] == place[i]].sum() for i in range(len(first))])
    order = np.argsort(first)
    return first[order], factors[order]


def add_axes(
    figure: Figure, view: View, title: str = "", position: tuple[int, int, int] = (1, 1, 1)
) -> Axes:
    """Add axes for a view, in 3-D for three labels, at (rows, columns, index)."""
    axes: Any
    style: dict[str, Any] = {}
    width = 45
    if len(view.labels) == 3:
        axes = figure.add_subplot(*position, projection="3d", computed_zorder=False)
        axes.locator_params(nbins=5)
        # Layouts do not know the texts around a 3-D box: small ones fit beside a large box.
        axes.set_box_aspect(None, zoom=1)
        axes.tick_params(labelsize="small", pad=0)
        style, width = {"labelpad": 2, "fontsize": "small", "linespacing": 1}, 24
    else:
        axes = figure.add_subplot(*position)
        axes.locator_params(axis="x", nbins=6)
    for name, label in zip("xyz", view.labels, strict=False):
        getattr(axes, f"set_{name}label")(wrapped(label, width), **style)
    if len(view.labels) == 1:
        axes.set_yticks([])
        axes.set_ylabel("random height")
    if title:
        axes.set_title(title)
    return axes


def draw(axes: Axes, points: Floats, height: Array | float = 0.0, **style: Any) -> Any:
    """Scatter points (n, 1 to 3) and return them as matplotlib drew them; points with one
    coordinate are drawn at ``height``."""
    if points.shape[1] == 1:
        points = np.column_stack([points, np.broadcast_to(height, len(points))])
    if points.shape[1] == 3:
        style["depthshade"] = False  # shading would change the colors
    return axes.scatter(*points.T, **style)


def add_scatter(
    figure: Figure,
    view: View,
    x: Floats,
    y: Array | None,
    class_names: Sequence[str] | None,
    title: str = "",
    position: tuple[int, int, int] = (1, 1, 1),
    also: Iterable[int] = (),
) -> Axes:
    """Add axes with points (n, d), one color per class; a single feature has one row per class.

    Points that coincide are one marker with an area in proportion to their number. The legend also
    lists the classes ``also``, even if they have no points.
    """
    axes = add_axes(figure, view, title, position)
    kept = subset(len(x))
    points = view(x[kept])
    size = 60.0 if len(points) <= MAX_LARGE_POINTS else 18.0
    style: dict[str, Any] = {"alpha": 0.8, "edgecolors": "white", "linewidths": 0.3, "zorder": 3}
    classes = np.zeros(len(kept), dtype=np.int64) if y is None else as_classes(y, len(x))[kept]
    sizes = np.full(len(points), size)
    if points.shape[1] > 1 and np.isfinite(points).all():
        chosen, factors = coincident(points, classes)
        points, classes, sizes = points[chosen], classes[chosen], size * factors
        if factors.mean() > 1.5:  # mostly rings, which show their own colors
            style["alpha"] = 1.0
            sizes = 2 * sizes
        sizes = sizes * min(1.0, MAX_SIZE / sizes.max())
        if sizes.max() > 200 and points.shape[1] == 2:
            axes.margins(0.1)  # otherwise the edge cuts large markers
    jitter = np.random.default_rng(0).uniform(-0.35, 0.35, len(points))
    if y is None:
        draw(axes, points, jitter, color=color(0), s=sizes, **style)
        return axes
    if points.shape[1] == 1:
        axes.set_ylabel("one row per class, random heights")
    for k in sorted({*classes.tolist(), *also}):
        members = classes == k
        own = {"color": color(k), "marker": marker(k), "s": sizes[members]} | style
        label = legend_label(class_label(k, class_names))
        draw(axes, points[members], k + jitter[members], label=label, **own)
    return axes


def add_centers(axes: Axes, centers: Floats) -> None:
    """Mark centers (n, 2) of a model."""
    style: dict[str, Any] = {"marker": "X", "s": 60, "linewidths": 0.8, "zorder": 5}
    axes.scatter(*centers.T, color="black", edgecolors="white", label="centers", **style)


@literal
def scatter(
    x: Array,
    y: Array | None,
    *,
    feature_names: Sequence[str],
    class_names: Sequence[str] | None,
    title: str,
    values: Array | None = None,
    value_name: str = "",
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw points x (n, d), colored by class, or without classes by values (n,); the values of a
    single feature are heights.

    With more than three features, the figure shows the first two principal components.
    """
    x = as_floats(x, "x", "n", "d")
    view = view_of(x, feature_names)
    figure = canvas(figure)
    if values is None:
        heading(figure, title, note, view.note, size_note(view(x)))
        axes = add_scatter(figure, view, x, y, class_names)
        add_legend(figure, axes, "class")
    else:
        kept = subset(len(x))
        fewer = f"{MAX_POINTS} of {len(x)} points" if len(kept) < len(x) else ""
        heading(figure, title, note, view.note, fewer)
        axes = add_axes(figure, view)
        drawn = np.asarray(values, dtype=float)[kept]
        colored = draw(axes, view(x[kept]), drawn, c=drawn, s=18.0, cmap="viridis", zorder=3)
        if len(view.labels) == 1:  # the height shows the values
            axes.yaxis.set_major_locator(AutoLocator())
            axes.set_ylabel(wrapped(value_name, 40))
        else:
            bar: dict[str, Any] = {"pad": 0.12, "shrink": 0.8} if len(view.labels) == 3 else {}
            figure.colorbar(colored, ax=axes, label=wrapped(value_name, 40), **bar)
    if view.is_pca:
        axes.set_aspect("equal", adjustable="datalim")
    return figure
