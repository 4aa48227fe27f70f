"""Metrics of trained models, and baselines to compare them with."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import SLICE, Batch, over_points
from nnzoo.data import DataModule
from nnzoo.models import Autoencoder, Model, Reconstructor
from nnzoo.models.pictures.confusion import confusion


@torch.no_grad()
def measure(
    model: Model, data: DataModule, parts: Sequence[str] = ("train", "val")
) -> dict[str, float]:
    """Return metrics by name on the training part, and as ``val_...`` and ``test_...`` on others.

    Args:
        model: in eval mode.
        data: a data module with the model's scaling.
        parts: any of train, val and test; those that the data do not have are skipped.
    """
    raw = {"train": data.raw[0], "val": data.raw[1], "test": data.raw_test}
    measured: dict[str, float] = {}
    for part in parts:
        if (points := raw[part]) is None:
            continue
        if len(points.x) > SLICE and not model.measured_whole:
            slices = (piece.like(model.prototype) for piece in data.scaled_slices(points))
            means, sums = over_points((len(p.x), model.means(p), model.sums(p)) for p in slices)
            found = means | model.from_sums(sums)
        else:
            scaled: Batch = getattr(data, part)
            found = model.metrics(scaled.like(model.prototype))
        prefix = "" if part == "train" else f"{part}_"
        measured |= {f"{prefix}{metric}": float(value) for metric, value in found.items()}
    return measured


def recalls(model: Model, data: DataModule) -> list[dict[str, Any]] | None:
    """Return a row for each class that occurs: ``class``, ``points``, and ``recall``, the share of
    its points that is predicted correctly; None and arguments as for ``confusion``."""
    if (counts := confusion(model, data)) is None:
        return None
    names = [*data.class_names, *map(str, range(len(data.class_names), len(counts)))]
    rows = zip(names, counts.sum(1).tolist(), counts.diagonal().tolist(), strict=True)
    return [{"class": c, "points": n, "recall": hits / n} for c, n, hits in rows if n]


def evaluate(model: Model, data: DataModule) -> dict[str, float]:
    """Return the metrics of ``measure`` on all parts, and the model's ``diagnostics``."""
    return measure(model, data, ("train", "val", "test")) | model.diagnostics(data)


@torch.no_grad()
def compare(model: Model, untrained: Model, data: DataModule) -> dict[str, float]:
    """Return metrics of an autoencoder's codes and reconstruction errors, with baselines.

    On the training part and, as ``val_...``, on the validation part:

    - ``anomaly_auc``: errors of the points against those of as many uniform outliers around the
      training part; see ``uniform_outliers``.
    - ``anomaly_share``: the share of points above the threshold.
    - ``pca_mse``: the error of as many principal components as latent units, fitted to the training
      part; compare it with ``mse``.
    - ``denoised_mse``: for ``noise`` above 0, the error of points reconstructed from noisy copies,
      whose own error is ``noise^2``.

    On the training part alone: ``anomaly_threshold``; ``latent_zeros``, the share of zeros in the
    codes; and with classes the adjusted Rand indices of k-means: ``latent_ari`` on the codes,
    ``raw_ari`` on the scaled points, ``untrained_ari`` on the codes of the untrained encoder.

    Args:
        model: trained; models other than ``Reconstructor`` have no such metrics.
        untrained: the same model before training.
        data: a data module with the model's scaling.
    """
    if not isinstance(model, Reconstructor) or not isinstance(untrained, Reconstructor):
        return {}
    found: dict[str, float] = {}
    raw, labels = data.raw[0]
    x = model.scaled(raw)
    codes = model.encode(x)
    if model.threshold > 0:
        found["anomaly_threshold"] = float(model.threshold)
    if isinstance(model, Autoencoder):
        found["latent_zeros"] = float((codes == 0).double().mean())
    for prefix, part in zip(("", "val_"), data.raw, strict=True):
        if part is None:
            continue
        errors = model.reconstruction_error(part.x)
        outliers = model.reconstruction_error(uniform_outliers(raw, len(part.x)))
        found[f"{prefix}anomaly_auc"] = anomaly_auc(errors, outliers)
        if model.threshold > 0:
            found[f"{prefix}anomaly_share"] = float((errors > model.threshold).double().mean())
        scaled = model.scaled(part.x)
        found[f"{prefix}pca_mse"] = pca_mse(x, scaled, codes.shape[-1])
        if isinstance(model, Autoencoder) and model.is_noisy:
            noise = torch.randn(scaled.shape, generator=torch.Generator().manual_seed(0))
            denoised = model(scaled + model.noise * noise.to(scaled))
            found[f"{prefix}denoised_mse"] = float(F.mse_loss(denoised, scaled))
    if data.n_classes is not None:
        before = untrained.encode(x.to(untrained.prototype))
        for name, points in (("latent", codes), ("raw", x), ("untrained", before)):
            found[f"{name}_ari"] = cluster_ari(points, labels, data.n_classes)
    return found


def uniform_outliers(x: Any, n: int, widen: float = 4.0, seed: int = 0) -> Tensor:
    """Return points (n, features) drawn uniformly from a box around given points.

    The box is each feature's range, made ``widen`` times as wide. In a wider box more points are
    easy to detect; with ``widen`` 1 many lie among the given points.

    Args:
        x: (points, features): a tensor, array or lists.
        n: number of outliers.
        widen: width of the box relative to that of the points.
        seed: seed of the points; torch's global generator is not used.
    """
    x = torch.as_tensor(x)
    low, high = x.amin(0), x.amax(0)
    places = torch.rand(n, x.shape[1], generator=torch.Generator().manual_seed(seed)) - 0.5
    return (low + high) / 2 + widen * (high - low) * places.to(x)


def anomaly_auc(normal: Any, anomalies: Any) -> float:
    """Return the area under the ROC curve of anomaly detection by errors.

    It is the share of pairs of a normal point and an anomaly in which the anomaly has the larger
    error; ties count half. 1 is perfect, 0.5 is chance.

    Args:
        normal: (points,) errors of normal points.
        anomalies: (anomalies,) errors of anomalies.
    """
    from sklearn.metrics import roc_auc_score

    normal, anomalies = _array(normal), _array(anomalies)
    return float(roc_auc_score([0] * len(normal) + [1] * len(anomalies), [*normal, *anomalies]))


def cluster_ari(x: Any, labels: Any, clusters: int) -> float:
    """Return the adjusted Rand index of k-means clusters and the classes.

    It is 1 for the same partition and 0 for chance. k-means has 10 starts and ``random_state`` 0.
    Source: L. Hubert, P. Arabie, 1985, "Comparing partitions".

    Args:
        x: (points, features), such as latent codes.
        labels: (points,) class indices.
        clusters: number of clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_rand_score
    from threadpoolctl import threadpool_limits

    x = _array(x)
    k_means = KMeans(min(clusters, len(x)), n_init=10, random_state=0)
    with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads()):
        # Codes of an untrained encoder may all be the same point, which is one cluster.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = k_means.fit_predict(x)
    return float(adjusted_rand_score(_array(labels), found))


def pca_mse(train: Any, x: Any, components: int) -> float:
    """Return the mean squared error of points reconstructed from principal components.

    Source: K. Pearson, 1901, "On lines and planes of closest fit to systems of points in space".

    Args:
        train: (points, features), to which the components are fitted.
        x: (points, features), to reconstruct.
        components: number of components, at most the number of features and of points.
    """
    from sklearn.decomposition import PCA

    train, x = _array(train), _array(x)
    with np.errstate(invalid="ignore"):  # the variance of a single point, which is not used
        pca = PCA(min(components, *train.shape)).fit(train)
    return float(((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean())


def _array(x: Any) -> Any:
    """Return a tensor, array or lists as a NumPy array of float64."""
    return torch.as_tensor(x).detach().cpu().double().numpy()
