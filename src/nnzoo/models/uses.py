"""What codes and reconstruction errors are worth: anomalies, clusters, and PCA beside them."""

import warnings
from typing import Any

import torch
from torch import Tensor


def uniform_outliers(x: Any, n: int, widen: float = 4.0, seed: int = 0) -> Tensor:
    """Points drawn uniformly from a box around given points.

    The box is each feature's range, ``widen`` times as wide about its middle. The wider it is, the
    more of its points lie where no detector could miss them; with 1 many lie among the given ones.

    Args:
        x: (points, features): a tensor, array or lists.
        n: number of outliers.
        widen: width of the box over that of the points.
        seed: of the draw, which leaves torch's global stream alone.

    Returns:
        (n, features), in the units of ``x``; a feature that never changes keeps its value.
    """
    x = torch.as_tensor(x)
    low, high = x.amin(0), x.amax(0)
    places = torch.rand(n, x.shape[1], generator=torch.Generator().manual_seed(seed)) - 0.5
    return (low + high) / 2 + widen * (high - low) * places.to(x)


def anomaly_auc(normal: Any, anomalies: Any) -> float:
    """The area under the ROC curve of errors that shall tell anomalies.

    The share of pairs of a normal point and an anomaly in which the anomaly has the larger error,
    equal ones counted half: 1 is perfect, .5 is chance.

    Args:
        normal: (points,) errors of normal points.
        anomalies: (anomalies,) errors of anomalies.
    """
    from sklearn.metrics import roc_auc_score

    normal, anomalies = _array(normal), _array(anomalies)
    return float(roc_auc_score([0] * len(normal) + [1] * len(anomalies), [*normal, *anomalies]))


def cluster_ari(x: Any, labels: Any, clusters: int) -> float:
    """How well k-means, which is shown no labels, finds the classes.

    The adjusted Rand index of its clusters (10 starts, ``random_state`` 0) and the labels: 1 for
    the same partition, 0 for what chance would give. Source: L. Hubert, P. Arabie, 1985,
    "Comparing partitions".

    Args:
        x: (points, features), such as latent codes.
        labels: (points,) class indices.
        clusters: number of clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_rand_score

    x = _array(x)
    k_means = KMeans(min(clusters, len(x)), n_init=10, random_state=0)
    with warnings.catch_warnings():
        # Codes of an untrained encoder may all be one point, of which one cluster is right.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = k_means.fit_predict(x)
    return float(adjusted_rand_score(_array(labels), found))


def pca_mse(train: Any, x: Any, components: int) -> float:
    """The mean squared error with which principal components rebuild points.

    Source: K. Pearson, 1901, "On lines and planes of closest fit to systems of points in space".

    Args:
        train: (points, features), to which the components are fitted.
        x: (points, features), rebuilt; the mean is taken over both.
        components: number of components; at most as many as there are features or points are used.
    """
    from sklearn.decomposition import PCA

    train, x = _array(train), _array(x)
    pca = PCA(min(components, *train.shape)).fit(train)
    return float(((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean())


def _array(x: Any) -> Any:
    """A tensor on any device, an array or lists as a NumPy array of doubles."""
    return torch.as_tensor(x).detach().cpu().double().numpy()
