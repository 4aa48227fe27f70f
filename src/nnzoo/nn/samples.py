"""How well samples of a model resemble the points that it learnt."""

import torch
from torch import Tensor


def energy_distance(x: Tensor, y: Tensor) -> Tensor:
    """How far the distributions of two samples are apart.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|``, each the mean over all pairs: at least 0, and 0 for
    equal samples; of two samples of n points of one distribution about ``2 E|X - X'| / n``.

    Source: G. J. Székely, M. L. Rizzo, 2013, "Energy statistics: a class of statistics based on
    distances".

    Args:
        x, y: (points, features) each, as many points as either has.

    Returns:
        () in the unit of the features.
    """
    return 2 * _distances(x, y).mean() - _distances(x, x).mean() - _distances(y, y).mean()


def coverage(samples: Tensor, points: Tensor, centroids: Tensor) -> dict[str, float]:
    """How samples are spread over the clusters of the points.

    Args:
        samples: (samples, features).
        points: (points, features) that the samples are to resemble.
        centroids: (clusters, features) of the points.

    Returns:
        ``within_3sd``, the share of the samples at most 3 sd from their nearest centroid, where sd
        is the root mean square deviation, in a coordinate, of the points from theirs; and
        ``smallest_share`` and ``largest_share`` of the samples that are nearest to one centroid.
    """
    deviation = _distances(points, centroids).amin(1)
    sd = (deviation.square().mean() / points.shape[1]).sqrt()
    nearest = _distances(samples, centroids).min(1)
    counts = torch.bincount(nearest.indices, minlength=len(centroids))
    found = {
        "within_3sd": (nearest.values <= 3 * sd).sum(),
        "smallest_share": counts.min(),
        "largest_share": counts.max(),
    }
    return {name: int(count) / len(samples) for name, count in found.items()}


def _distances(x: Tensor, y: Tensor) -> Tensor:
    # The faster way by a product of matrices leaves a point at some distance from itself.
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
