"""Figures of a trained model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nnzoo import figures
from nnzoo.figures.rotation import axes_3d
from nnzoo.figures.style import TWO_PANELS
from nnzoo.runs.subsample import subsample

if TYPE_CHECKING:
    from matplotlib.figure import Figure


CURVE_POINTS = 500
"""Points of a fitted curve."""


@dataclass
class Drawing:
    """The inputs of a figure.

    Attributes:
        model: after training, on the CPU.
        untrained: the same model before training.
        data: its data module.
        rows: of ``metrics.csv``; empty: no curve is drawn.
        title: the names of model and data.
        figure: an empty figure to draw on; None: a new one.
    """

    model: Any
    untrained: Any
    data: Any
    rows: list[dict[str, float]]
    title: str
    figure: "Figure | None" = None


def _shown(d: Drawing, raw: Tensor) -> Any:
    """Return points as they are drawn: in raw units, or scaled for principal components, which a
    feature of large numbers would otherwise dominate."""
    return (d.data.scaling(raw) if d.data.n_features > 3 else raw).numpy()


def _scaled(d: Drawing) -> str:
    """Return a suffix of the title with the scaling of ``_shown``; empty: raw units."""
    return _scaling(d) if d.data.n_features > 3 else ""


def _scaling(d: Drawing) -> str:
    """Return a suffix of the title with the scaling trained on; empty: none."""
    return f", {d.data.scale}-scaled" if d.data.scale != "none" else ""


def _classes(d: Drawing, y: Tensor | None) -> Any:
    """Return class indices for targets or predictions; several labels count as one combination."""
    if y is None or (d.data.n_classes is None and not _has_labels(d)):
        return None
    if y.ndim == 2:
        y = (y.long() * 2 ** torch.arange(y.shape[1]).flip(0)).sum(-1)
    return y.numpy()


def _class_names(d: Drawing) -> list[str] | None:
    if not _has_labels(d):
        names = d.data.class_names
        more = range(len(names), max(2, getattr(d.model, "units", 0)))  # units without points
        return [*names, *map(str, more)] if names else None
    names = d.data.target_names
    combinations = product((0, 1), repeat=len(names))
    return [", ".join(f"{n}={k}" for n, k in zip(names, c, strict=True)) for c in combinations]


def _has_labels(d: Drawing) -> bool:
    """Return whether the labels are so few that each combination can have a color."""
    return getattr(d.model, "task", None) == "multilabel" and d.data.n_targets <= 3


def curve(d: Drawing) -> "Figure | None":
    """The monitored metric over the epochs, in training and validation."""
    if not d.rows:
        return None
    nan = float("nan")
    names = [
        n for n in (d.model.monitor, f"val_{d.model.monitor}") if any(n in row for row in d.rows)
    ]
    return figures.training_curve(
        {name: [row.get(name, nan) for row in d.rows] for name in names},
        start=int(d.rows[0]["epoch"]),
        title=f"{d.title}\n{d.model.monitor.replace('_', ' ')}",
        ylabel=d.model.monitor_label,
        figure=d.figure,
    )


def points(d: Drawing) -> "Figure | None":
    """The training points by class, where there are classes."""
    x, y = d.data.raw[0]
    if (classes := _classes(d, y)) is None:
        return None
    return figures.scatter(
        _shown(d, x),
        classes,
        feature_names=d.data.feature_names,
        class_names=_class_names(d),
        title=f"{d.title}\ntraining points{_scaled(d)}",
        figure=d.figure,
    )


def boundary(d: Drawing) -> "Figure | None":
    """The regions of the classes among the labelled points, where there are two features."""
    x, y = d.data.raw[0]
    if d.data.n_features != 2 or (classes := _classes(d, y)) is None:
        return None

    def decide(points: Any) -> Any:
        raw = torch.as_tensor(points, dtype=d.model.dtype)
        return _classes(d, d.model.decide(d.model.scaling(raw)))

    return figures.decision_boundary(
        x.numpy(),
        classes,
        decide,
        feature_names=d.data.feature_names,
        class_names=_class_names(d),
        title=f"{d.title}\ndecision boundary",
        figure=d.figure,
    )


def clusters(d: Drawing) -> "Figure":
    """The points with the learned centroids and, where known, the true ones."""
    true = d.data.points.centroids
    return figures.clusters(
        _shown(d, d.data.raw[0].x),
        _shown(d, d.model.centroids()),
        None if true is None else _shown(d, true),
        winners=d.model.winners(d.data.train.x.to(d.model.dtype)).numpy(),
        feature_names=d.data.feature_names,
        title=f"{d.title}\ncentroids{_scaled(d)}",
        figure=d.figure,
    )


def latent(d: Drawing) -> "Figure":
    """The latent space, beside that of the untrained encoder."""
    x = d.data.train.x.to(d.model.dtype)
    return figures.latent_space(
        d.model.encode(x).numpy(),
        d.untrained.encode(x).numpy(),
        _classes(d, d.data.train.y),
        class_names=_class_names(d),
        title=f"{d.title}\nlatent space",
        figure=d.figure,
    )


def reconstruction(d: Drawing) -> "Figure":
    """The points beside their reconstructions."""
    x, y = d.data.raw[0]
    shape = d.data.points.image_shape

    def image(raw: Tensor) -> Any:
        return raw.numpy() if shape else _shown(d, raw)

    return figures.reconstruction(
        image(x),
        image(d.model.predict(x)),
        _classes(d, y),
        feature_names=d.data.feature_names,
        class_names=_class_names(d),
        image_shape=shape,
        title=f"{d.title}\noriginal and reconstruction{'' if shape else _scaled(d)}",
        figure=d.figure,
    )


def fit(d: Drawing) -> "Figure | None":
    """The first target: for one feature the points and the fitted curve, otherwise predicted and
    true values."""
    x, y = d.data.raw[0]
    if d.model.task != "regression":
        return None
    target, name = y[:, 0].numpy(), d.data.target_names[0]
    if d.data.n_features > 1:
        return figures.predicted_against_true(
            target,
            d.model.predict(x)[:, 0].numpy(),
            target_name=name,
            title=f"{d.title}\npredicted and true values",
            figure=d.figure,
        )
    line = torch.linspace(float(x.min()), float(x.max()), CURVE_POINTS)[:, None]
    return figures.fitted_curve(
        x.numpy(),
        target,
        line.numpy(),
        d.model.predict(line)[:, 0].numpy(),
        feature_name=d.data.feature_names[0],
        target_name=name,
        title=f"{d.title}\nfitted curve",
        figure=d.figure,
    )


def decision(d: Drawing) -> "Figure | None":
    """How a single unit's decision depends on its weights and threshold, for more features than
    ``boundary`` can show."""
    if d.model.units > 1 or d.data.n_features <= 2 or d.data.n_classes != 2:
        return None
    return figures.decision_shares(
        d.data.train.x.numpy(),
        d.model.layer.weight[0].numpy(),
        float(d.model.layer.bias),
        feature_names=d.data.feature_names,
        class_name=d.data.class_names[1],
        title=f"{d.title}\ndecision{_scaling(d)}",
        figure=d.figure,
    )


def generated(d: Drawing) -> "Figure":
    """The points beside as many samples of the model."""
    x = d.data.raw[0].x
    samples = d.model.sample(len(x), seed=0)
    shape = d.data.points.image_shape
    return figures.generated(
        x.numpy() if shape else _shown(d, x),
        samples.numpy() if shape else _shown(d, samples),
        feature_names=d.data.feature_names,
        image_shape=shape,
        title=f"{d.title}\nreal and generated{'' if shape else _scaled(d)}",
        figure=d.figure,
    )


PICTURES: dict[str, Callable[[Drawing], "Figure | None"]] = {
    "boundary": boundary,
    "clusters": clusters,
    "curve": curve,
    "decision": decision,
    "fit": fit,
    "generated": generated,
    "latent": latent,
    "points": points,
    "reconstruction": reconstruction,
}

WIDE = ("decision", "generated", "latent", "reconstruction")
"""Figures with two panels."""


@torch.no_grad()
def draw(drawing: Drawing, folder: Path, show: bool = False, rotate: bool = False) -> None:
    """Draw the model's figures into a folder of PNG files.

    Args:
        drawing: inputs of the figures.
        folder: created if it does not exist.
        show: also open windows.
        rotate: also write each 3-D figure as a rotating GIF.
    """
    if show:
        from matplotlib import pyplot
    folder.mkdir(exist_ok=True)
    data, note = subsample(drawing.data)
    drawing = replace(drawing, data=data, title=drawing.title + note)
    rotated = False
    for name in drawing.model.figures:
        drawing.figure = (
            pyplot.figure(figsize=TWO_PANELS if name in WIDE else None) if show else None
        )
        figure = PICTURES[name](drawing)
        if figure is None:
            if show:
                pyplot.close()
            continue
        figure.savefig(folder / f"{name}.png", dpi=120)
        if rotate and axes_3d(figure):
            figures.rotate(figure, folder / f"{name}.gif")
            rotated = True
    if rotate and not rotated:
        print("no figure is in 3-D: there is nothing to rotate")
    if show:
        if pyplot.get_backend().lower() == "agg":
            print("there is no screen to show the figures on; they are saved as files")
        else:
            pyplot.show()
        pyplot.close("all")
