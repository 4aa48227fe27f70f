"""Distributions: normal samples and their divergence, and comparison of samples with points."""

import torch
from torch import Tensor

from nnzoo.nn.search import all_distances


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Sample from N(mean, exp(log_variance)), differentiable in mean and log_variance.

    ``z = mean + exp(log_variance / 2) noise``; all (..., latent), the noise from N(0, 1).

    Source: D. P. Kingma, M. Welling, 2014, "Auto-encoding variational Bayes", section 2.4.
    """
    return mean + (log_variance / 2).exp() * noise


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1), in nats.

    ``1/2 sum_j (mean_j^2 + exp(log_variance_j) - 1 - log_variance_j)``; (..., latent) -> (...).

    Source: Kingma & Welling, 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)


def energy_distance(x: Tensor, y: Tensor) -> Tensor:
    """The energy distance between the distributions of two samples (points, features).

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|``; each expectation is the mean over all pairs. The
    distance is at least 0, and 0 for equal samples. For two samples of n points from the same
    distribution it is about ``2 E|X - X'| / n``.

    Source: G. J. Székely, M. L. Rizzo, 2013, "Energy statistics: a class of statistics based on
    distances".
    """
    xy, xx, yy = (all_distances(*pair).mean() for pair in ((x, y), (x, x), (y, y)))
    return 2 * xy - xx - yy


def coverage(samples: Tensor, points: Tensor, centroids: Tensor) -> dict[str, float]:
    """Measure how samples are distributed over the clusters of the training points.

    All arguments are (points, features); the centroids are those of the points.

    Returns:
        ``within_3sd``: share of the samples within 3 sd of their nearest centroid. sd is the root
        mean square deviation of the points from their nearest centroids, per coordinate.
        ``smallest_share`` and ``largest_share``: smallest and largest share of the samples that
        are nearest to the same centroid.
    """
    deviation = all_distances(points, centroids).amin(1)
    sd = (deviation.square().mean() / points.shape[1]).sqrt()
    nearest = all_distances(samples, centroids).min(1)
    counts = torch.bincount(nearest.indices, minlength=len(centroids))
    totals = {
        "within_3sd": (nearest.values <= 3 * sd).sum(),
        "smallest_share": counts.min(),
        "largest_share": counts.max(),
    }
    return {name: int(count) / len(samples) for name, count in totals.items()}
