"""Figures of a trained model."""

import copy
import inspect
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nnzoo import figures
from nnzoo.data import DataModule
from nnzoo.figures.rotation import axes_3d
from nnzoo.figures.style import TWO_PANELS
from nnzoo.figures.text import missing_characters, no_font_warnings
from nnzoo.runs import evaluation
from nnzoo.runs.files import write_figure, write_files, writing
from nnzoo.runs.text import listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


CURVE_POINTS = 500
"""Number of points of a fitted curve."""

MAX_POINTS = 2**17
"""Maximum number of training points in a figure; figures copy them several times."""


@dataclass
class Drawing:
    """The inputs of a figure.

    Attributes:
        model: after training, on the CPU.
        untrained: the same model before training.
        data: its data module.
        rows: rows of ``metrics.csv``; empty: no curve is drawn.
        title: the names of model and data.
        figure: an empty figure to draw on; None: a new one.
    """

    model: Any
    untrained: Any
    data: Any
    rows: list[dict[str, float]]
    title: str
    figure: "Figure | None" = None

    @property
    def scaling(self) -> str:
        """A suffix of titles with the scaling trained on; empty: none."""
        return f", {self.data.scale}-scaled" if self.data.scale != "none" else ""

    @property
    def shown_scaling(self) -> str:
        """A suffix of titles with the scaling of ``shown``; empty: raw units."""
        return self.scaling if self.data.n_features > 3 else ""

    @property
    def has_labels(self) -> bool:
        """Whether the labels are so few that each combination can have a color."""
        return getattr(self.model, "task", None) == "multilabel" and self.data.n_targets <= 3

    @property
    def class_names(self) -> list[str] | None:
        """Names of the classes or of the combinations of labels."""
        names = self.data.target_names
        if self.has_labels:
            values = product((0, 1), repeat=len(names))
            return [", ".join(f"{n}={k}" for n, k in zip(names, v, strict=True)) for v in values]
        names = self.data.class_names
        more = range(len(names), max(2, getattr(self.model, "units", 0)))  # classes without points
        return [*names, *map(str, more)] if names else None

    def classes(self, y: Tensor | None) -> Any:
        """Return class indices of targets or predictions; a combination of labels is a class."""
        if y is None or (self.data.n_classes is None and not self.has_labels):
            return None
        if y.ndim == 2:
            y = (y.long() * 2 ** torch.arange(y.shape[1]).flip(0)).sum(-1)
        return y.numpy()

    def shown(self, raw: Tensor) -> Any:
        """Return points as they are drawn: in raw units, or scaled for principal components, which
        a feature of large numbers would otherwise dominate."""
        return (self.data.scaling(raw) if self.data.n_features > 3 else raw).numpy()

    def by(self, draw: Callable[..., "Figure"], title: str, *inputs: Any, **names: Any) -> "Figure":
        """Draw with a function of ``nnzoo.figures``; ``title`` is the second line of the title."""
        parameters = inspect.signature(draw).parameters
        if "feature_names" in parameters:
            names["feature_names"] = self.data.feature_names
        if "class_names" in parameters:
            names["class_names"] = self.class_names
        return draw(*inputs, title=f"{self.title}\n{title}", figure=self.figure, **names)


def curve(d: Drawing) -> "Figure | None":
    """The monitored metric over the epochs, in training and validation."""
    if not d.rows:
        return None
    monitor = d.model.monitor
    measured = [n for n in (monitor, f"val_{monitor}") if any(n in row for row in d.rows)]
    curves = {name: [row.get(name, float("nan")) for row in d.rows] for name in measured}
    options = {"start": int(d.rows[0]["epoch"]), "ylabel": d.model.monitor_label}
    return d.by(figures.training_curve, monitor.replace("_", " "), curves, **options)


def points(d: Drawing) -> "Figure | None":
    """The training points by class, where there are classes."""
    x, y = d.data.raw[0]
    if (classes := d.classes(y)) is None:
        return None
    return d.by(figures.scatter, f"training points{d.shown_scaling}", d.shown(x), classes)


def boundary(d: Drawing) -> "Figure | None":
    """The regions of the classes among the labelled points, where there are two features."""
    x, y = d.data.raw[0]
    if d.data.n_features != 2 or (classes := d.classes(y)) is None:
        return None

    def decide(points: Any) -> Any:
        raw = torch.as_tensor(points, dtype=d.model.dtype)
        return d.classes(d.model.decide(d.model.scaling(raw)))

    return d.by(figures.decision_boundary, "decision boundary", x.numpy(), classes, decide)


def confusion(d: Drawing) -> "Figure | None":
    """The confusion matrix of the validation points, otherwise of the training points."""
    if (counts := evaluation.confusion(d.model, d.data)) is None:
        return None
    part = "training" if d.data.raw[1] is None else "validation"
    return d.by(figures.confusion_matrix, f"confusion, {part} points", counts.numpy())


def clusters(d: Drawing) -> "Figure":
    """The points with the learned centroids and, where known, the true ones."""
    true = d.data.points.centroids
    return d.by(
        figures.clusters,
        f"centroids{d.shown_scaling}",
        d.shown(d.data.raw[0].x),
        d.shown(d.model.centroids()),
        None if true is None else d.shown(true),
        winners=d.model.winners(d.data.train.x.to(d.model.dtype)).numpy(),
    )


def latent(d: Drawing) -> "Figure":
    """The latent space, beside that of the untrained encoder."""
    x = d.data.train.x.to(d.model.dtype)
    codes, untrained = d.model.encode(x).numpy(), d.untrained.encode(x).numpy()
    return d.by(figures.latent_space, "latent space", codes, untrained, d.classes(d.data.train.y))


def reconstruction(d: Drawing) -> "Figure":
    """The points beside their reconstructions."""
    x, y = d.data.raw[0]
    title = "original and reconstruction"
    return _beside(d, figures.reconstruction, title, x, d.model.predict(x), d.classes(y))


def generated(d: Drawing) -> "Figure":
    """The points beside as many samples of the model."""
    x = d.data.raw[0].x
    return _beside(d, figures.generated, "real and generated", x, d.model.sample(len(x), seed=0))


def _beside(d: Drawing, draw: Any, title: str, x: Tensor, other: Tensor, *more: Any) -> "Figure":
    """Draw two sets of raw points beside each other, as images if they are."""
    shape = d.data.points.image_shape
    if shape:
        return d.by(draw, title, x.numpy(), other.numpy(), *more, image_shape=shape)
    return d.by(draw, title + d.shown_scaling, d.shown(x), d.shown(other), *more)


def fit(d: Drawing) -> "Figure | None":
    """The first target: for one feature the points and the fitted curve, otherwise predicted and
    true values."""
    x, y = d.data.raw[0]
    if d.model.task != "regression":
        return None
    target, names = y[:, 0].numpy(), {"target_name": d.data.target_names[0]}
    if d.data.n_features > 1:
        predicted = d.model.predict(x)[:, 0].numpy()
        draw = figures.predicted_against_true
        return d.by(draw, "predicted and true values", target, predicted, **names)
    names["feature_name"] = d.data.feature_names[0]
    line = torch.linspace(float(x.min()), float(x.max()), CURVE_POINTS)[:, None]
    fitted = line.numpy(), d.model.predict(line)[:, 0].numpy()
    return d.by(figures.fitted_curve, "fitted curve", x.numpy(), target, *fitted, **names)


def decision(d: Drawing) -> "Figure | None":
    """How a single unit's decision depends on its weights and threshold, for more features than
    ``boundary`` can show."""
    if d.model.units > 1 or d.data.n_features <= 2 or d.data.n_classes != 2:
        return None
    return d.by(
        figures.decision_shares,
        f"decision{d.scaling}",
        d.data.train.x.numpy(),
        d.model.layer.weight[0].numpy(),
        float(d.model.layer.bias),
        class_name=d.data.class_names[1],
    )


DRAWN = (
    boundary,
    clusters,
    confusion,
    curve,
    decision,
    fit,
    generated,
    latent,
    points,
    reconstruction,
)
PICTURES: dict[str, Callable[[Drawing], "Figure | None"]] = {f.__name__: f for f in DRAWN}
"""Figures by the names that models give them."""

WIDE = ("decision", "generated", "latent", "reconstruction")
"""Figures with two panels."""


@torch.no_grad()
@no_font_warnings()
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
    with writing(folder):
        folder.mkdir(exist_ok=True)
    drawing = subsampled(drawing)
    rotated, missing = False, set[str]()
    for name in drawing.model.figures:
        if show:
            drawing.figure = pyplot.figure(figsize=TWO_PANELS if name in WIDE else None)
        figure = PICTURES[name](drawing)
        if figure is None:
            if show:
                pyplot.close()
            continue
        write_figure(folder / f"{name}.png", figure)
        missing |= missing_characters(figure)
        if rotate and axes_3d(figure):
            movie = io.BytesIO()
            figures.rotate(figure, movie)
            write_files({folder / f"{name}.gif": movie.getbuffer()})
            rotated = True
    if rotate and not rotated:
        print("no figure is in 3-D: there is nothing to rotate")
    if missing:
        print(
            f"note: matplotlib finds no font with the characters {listed(sorted(missing))}, and "
            "figures show boxes for them: install one, such as Noto Sans CJK"
        )
    if show:
        if pyplot.get_backend().lower() == "agg":
            print("there is no screen to show the figures on; they are saved as files")
        else:
            pyplot.show()
        pyplot.close("all")


def subsampled(drawing: Drawing) -> Drawing:
    """Return a drawing with at most ``MAX_POINTS`` random training points; its title states it."""
    train, val = drawing.data.raw
    n = len(train.x)
    if n <= MAX_POINTS:
        return replace(drawing)
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(0))[:MAX_POINTS]
    fewer: DataModule = copy.copy(drawing.data)
    # Scaling and names are computed from all points, before they are replaced.
    _ = fewer.scaling, fewer.target_scaling, fewer.class_names
    fewer.raw = train.map(lambda values: values[chosen]), val
    vars(fewer).pop("train", None)  # computed again from the new points
    return replace(drawing, data=fewer, title=f"{drawing.title} ({MAX_POINTS} of {n} points)")
