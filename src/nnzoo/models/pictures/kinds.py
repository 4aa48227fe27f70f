"""Figures of a trained model, each from a ``Drawing``; None: it does not suit model or data."""

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nnzoo import figures
from nnzoo.figures.words import metric_words
from nnzoo.models.pictures.confusion import confusion as count_confusions
from nnzoo.models.pictures.drawing import Drawing
from nnzoo.models.pictures.maps import MAPS
from nnzoo.models.pictures.memories import MEMORIES
from nnzoo.models.pictures.prototypes import PROTOTYPES
from nnzoo.models.pictures.series import SERIES
from nnzoo.models.pictures.structure import activation_curves, layers_of, prototypes_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


CURVE_POINTS = 500
"""Number of points of a fitted curve."""


def activations(d: Drawing) -> "Figure | None":
    """The activation functions of the network, with their slopes."""
    curves = activation_curves(d.model)
    return d.by(figures.activations, "activation functions", curves) if curves else None


def boundary(d: Drawing) -> "Figure | None":
    """The regions of the classes among the labelled points, where there are two features."""
    x, y = d.data.raw[0]
    if d.data.n_features != 2 or (classes := d.classes(y)) is None:
        return None

    def decide(points: Any) -> Any:
        raw = torch.as_tensor(points, dtype=d.model.dtype)
        return d.classes(d.model.decide(d.model.scaling(raw)))

    def probability(points: Any) -> Any:
        x = d.model.scaling(torch.as_tensor(points, dtype=d.model.dtype))
        p = d.model(x)
        p = torch.cat([1 - p, p], dim=-1) if d.model.units == 1 else p / p.sum(-1, keepdim=True)
        return p.gather(-1, d.model.decide(x).long().reshape(-1, 1))[:, 0].numpy()

    has_probability = d.model.task == "classification" and d.model.gives_probabilities
    options = (x.numpy(), classes, decide, probability if has_probability else None)
    return d.by(figures.decision_boundary, "decision boundary", *options, centers=_centers(d))


def clusters(d: Drawing) -> "Figure":
    """The points with the learned centroids and, where known, the true ones; centroids of images
    as images."""
    winners = d.model.nearest_units(d.data.train.x.to(d.model.dtype))
    if shape := d.data.points.image_shape:
        counts = winners.bincount(minlength=d.model.units).tolist()
        labels = [f"unit {k}: {n}" for k, n in enumerate(counts)]
        note = f"above each image: the unit and its number of {d.part}"
        images = d.model.centroids().numpy()
        return d.by(figures.image_grid, "centroids", images, labels, image_shape=shape, note=note)
    true = d.data.points.centroids
    return d.by(
        figures.clusters,
        "centroids",
        d.shown(d.data.raw[0].x),
        d.shown(d.model.centroids()),
        None if true is None else d.shown(true),
        winners=winners.numpy(),
        note=d.shown_scaling,
    )


def components(d: Drawing) -> "Figure | None":
    """The weights of linear units as images, with the variance of each unit's output."""
    if not (shape := d.data.points.image_shape):
        return None
    variances = d.model.encode(d.data.train.x.to(d.model.dtype)).var(0, correction=0).tolist()
    labels = [f"unit {k}: {variance:.3g}" for k, variance in enumerate(variances)]
    note = "above each image: unit, variance of its output"
    images = d.model.encoder.weight.numpy()
    return d.by(figures.image_grid, "components", images, labels, image_shape=shape, note=note)


def confusion(d: Drawing) -> "Figure | None":
    """The confusion matrix of the validation points, otherwise of the training points."""
    if (counts := count_confusions(d.model, d.data)) is None:
        return None
    part = d.part if d.data.raw[1] is None else "validation points"
    return d.by(figures.confusion_matrix, f"confusion matrix, {part}", counts.numpy())


def curve(d: Drawing) -> "Figure | None":
    """The monitored metric over the epochs, in training and validation."""
    if not d.rows:
        return None
    monitor = d.model.monitor
    names = {"training": monitor, "validation": f"val_{monitor}"}
    measured = {name: key for name, key in names.items() if any(key in row for row in d.rows)}
    return _curves(d, metric_words(monitor, with_part=False), measured)


def decision(d: Drawing) -> "Figure | None":
    """How a single unit's decision depends on its weights and threshold, for more features than
    ``boundary`` can show."""
    if d.model.units > 1 or d.data.n_features <= 2 or d.data.n_classes != 2:
        return None
    return d.by(
        figures.decision_shares,
        "decision",
        d.data.train.x.numpy(),
        d.model.layer.weight[0].numpy(),
        float(d.model.layer.bias),
        class_name=d.data.class_names[1],
        note=d.scaling,
    )


def filters(d: Drawing) -> "Figure | None":
    """The weights of each hidden unit as an image, where the features are pixels."""
    if (shape := d.data.points.image_shape) is None:
        return None
    weight = d.model.rbm.layer.weight.detach().numpy()
    labels = [f"unit {j}" for j in range(len(weight))]
    return d.by(figures.image_grid, "filters", weight, labels, image_shape=shape)


def fit(d: Drawing) -> "Figure | None":
    """For one feature the points and the fitted curve of each target, otherwise predicted and true
    values."""
    if d.model.task != "regression":
        return None
    x, y = d.data.raw[0]
    names = {"target_names": d.data.target_names}
    if d.data.n_features > 1:
        draw, what = figures.predicted_against_true, "predicted and true values"
        return d.by(draw, what, y.numpy(), d.model.predict(x).numpy(), **names)
    line = torch.linspace(float(x.min()), float(x.max()), CURVE_POINTS)[:, None]
    inputs = (x.numpy(), y.numpy(), line.numpy(), d.model.predict(line).numpy())
    names["feature_name"] = d.data.feature_names[0]
    return d.by(figures.fitted_curve, "fitted curve", *inputs, centers=_centers(d), **names)


def generated(d: Drawing) -> "Figure":
    """The points beside as many samples of the model."""
    x = d.data.raw[0].x
    return _beside(d, figures.generated, "real and generated", x, d.model.sample(len(x), seed=0))


def latent(d: Drawing) -> "Figure":
    """The latent space, beside that of the untrained encoder."""
    x = d.data.train.x.to(d.model.dtype)
    untrained = None if d.untrained is None else d.untrained.encode(x).numpy()
    codes, classes = d.model.encode(x).numpy(), d.classes(d.data.train.y)
    return d.by(figures.latent_space, "latent space", codes, untrained, classes)


def losses(d: Drawing) -> "Figure | None":
    """The losses of a model's parts over the epochs."""
    return _curves(d, "losses", d.model.losses, ylabel="loss") if d.rows else None


def network(d: Drawing) -> "Figure | None":
    """The layers of the network, its units and their connections."""
    layers = layers_of(d.model)
    return d.by(figures.network, "network", layers) if layers else None


def points(d: Drawing) -> "Figure | None":
    """The points, by class, by their target if it is one number, or without either."""
    x, y = d.data.raw[0]
    classes = d.classes(y)
    colors = {}
    if classes is None and y is not None:
        if y.shape[1] > 1:
            return None
        colors = {"values": y[:, 0].numpy(), "value_name": d.data.target_names[0]}
    return d.by(figures.scatter, d.part, d.shown(x), classes, note=d.shown_scaling, **colors)


def prototypes(d: Drawing) -> "Figure":
    """The points that the decoder makes of the competitive units' codes; images as images."""
    found, labels = prototypes_of(d.model)
    if shape := d.data.points.image_shape:
        note = "above each image: what its unit predicts"
        inputs = found.numpy(), labels
        return d.by(figures.image_grid, "prototypes", *inputs, image_shape=shape, note=note)
    winners = d.model.nearest_units(d.data.train.x.to(d.model.dtype)).numpy()
    inputs = d.shown(d.data.raw[0].x), d.shown(found.double())
    options = {"winners": winners, "kind": "prototypes", "note": d.shown_scaling}
    return d.by(figures.clusters, "prototypes", *inputs, **options)


def reconstruction(d: Drawing) -> "Figure":
    """The points beside their reconstructions; of more than three features, which principal
    components would hide the errors of, each feature before and after."""
    x, y = d.data.raw[0]
    title, x_hat = "original and reconstruction", d.model.predict(x)
    if d.data.n_features <= 3 or d.data.points.image_shape:
        return _beside(d, figures.reconstruction, title, x, x_hat, d.classes(y))
    names = {"target_names": d.data.feature_names, "axes_names": ("original", "reconstructed")}
    return d.by(figures.predicted_against_true, title, x.numpy(), x_hat.numpy(), **names)


def residuals(d: Drawing) -> "Figure | None":
    """The residuals of each target over the predicted values."""
    if d.model.task != "regression":
        return None
    x, y = d.data.raw[0]
    inputs = y.numpy(), d.model.predict(x).numpy()
    return d.by(figures.residuals, "residuals", *inputs, target_names=d.data.target_names)


def _beside(d: Drawing, draw: Any, what: str, x: Tensor, other: Tensor, *more: Any) -> "Figure":
    """Draw two sets of raw points beside each other, as images if they are."""
    shape = d.data.points.image_shape
    if shape:
        return d.by(draw, what, x.numpy(), other.numpy(), *more, image_shape=shape)
    return d.by(draw, what, d.shown(x), d.shown(other), *more, note=d.shown_scaling)


def _centers(d: Drawing) -> Any:
    """Return the centers of a model's units; None: it has none, or they are the points."""
    if not hasattr(d.model, "centers"):
        return None
    centers = d.model.centers().numpy()
    return centers if 0 < len(centers) < len(d.data.raw[0].x) else None


def _curves(d: Drawing, what: str, metrics: dict[str, str], ylabel: str | None = None) -> "Figure":
    """Draw metrics, by their names in the legend, with the stages of the training."""
    curves = {name: [row.get(key, float("nan")) for row in d.rows] for name, key in metrics.items()}
    options: dict[str, Any] = {"start": int(d.rows[0]["epoch"])}
    options["ylabel"] = ylabel or d.model.monitor_label
    if shares := d.model.stage_shares:
        epochs = d.epochs or int(d.rows[-1]["epoch"]) + 1
        starts = [epochs * share for share in accumulate([0.0, *shares.values()])]
        kept = {name: at for (name, n), at in zip(shares.items(), starts, strict=False) if n}
        options["stages"] = kept
        if "loss" in metrics.values():
            options["note"] = "in training, the loss of each stage"
    return d.by(figures.training_curve, what, curves, **options)


DRAWN = (
    activations,
    boundary,
    clusters,
    components,
    confusion,
    curve,
    decision,
    filters,
    fit,
    generated,
    latent,
    losses,
    network,
    points,
    prototypes,
    reconstruction,
    residuals,
    *MAPS,
    *PROTOTYPES,
    *MEMORIES,
    *SERIES,
)
PICTURES: dict[str, Callable[[Drawing], "Figure | None"]] = {f.__name__: f for f in DRAWN}
"""Figures by the names that models give them."""

WIDE = ("decision", "generated", "latent", "reconstruction")
"""Figures with two panels."""

WITHOUT_DATA = ("network", "activations")
"""Figures of the network alone."""

FOR_ALL = ("points", *WITHOUT_DATA)
"""Figures that each model has, besides its own ``figures``."""
