"""The Hamming network: matching scores of stored patterns, and the competition between them."""

import torch
from torch import Tensor


def matching_scores(stored: Tensor, x: Tensor) -> Tensor:
    """Return the number of components in which states equal each pattern.

    ``s_k = (n + x · x_k) / 2``: n minus the Hamming distance.

    Source: R. P. Lippmann, 1987, "An introduction to computing with neural nets".

    Args:
        stored: (patterns, units), -1 and 1.
        x: (..., units), -1 and 1.

    Returns:
        (..., patterns).
    """
    return (stored.shape[-1] + x @ stored.mT) / 2


def maxnet(scores: Tensor) -> Tensor:
    """Return the activations of a MAXNET by iteration, (iterations + 1, ..., units), from scores
    until one unit of each competition is active.

    ``a_k = max(0, a_k - sum_j a_j / units)``, j != k: all units inhibit each other, and the one
    with the largest score stays active. Units with equal largest scores would inhibit each other
    forever; the last iteration is then the first in which all active units are equal.

    Source: R. P. Lippmann, 1987, "An introduction to computing with neural nets".

    Args:
        scores: (..., units), at least 0.
    """
    found = [scores.double()]
    while True:
        a = found[-1]
        if not bool(((a > 0) & (a < a.amax(-1, keepdim=True))).any()):
            return torch.stack(found)
        others = a.sum(-1, keepdim=True) - a
        found.append((a - others / a.shape[-1]).clamp(min=0))
