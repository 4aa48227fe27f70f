"""The modern Hopfield network: continuous states, attracted by stored patterns."""

import torch
from torch import Tensor


def modern_recall(stored: Tensor, held: Tensor, x: Tensor, beta: Tensor, steps: int) -> Tensor:
    """Return the states after some updates ``x = softmax(beta x X^T) X``, of the shape of x.

    No update raises the ``modern_energy``.

    Source: H. Ramsauer et al., 2020, "Hopfield networks is all you need".

    Args:
        stored: (patterns, units), X.
        held: (patterns,) whether each pattern is stored; others are ignored.
        x: (..., units).
        beta: 0-d tensor, above 0; the larger it is, the fewer patterns mix.
        steps: number of updates.
    """
    for _ in range(steps):
        scores = (x @ stored.mT * beta.to(x)).masked_fill(~held, -torch.inf)
        # Without any pattern all scores are -inf, and the state stays.
        x = torch.where(held.any(), scores.softmax(-1).nan_to_num() @ stored, x)
    return x


def modern_energy(stored: Tensor, held: Tensor, x: Tensor, beta: Tensor) -> Tensor:
    """Return the energy of states, (..., units) -> (...): ``E = |x|^2 / 2 - lse(beta X x) / beta``.

    It is the energy of the paper without its constants; lse is the logarithm of the sum of the
    exponentials. Arguments as for ``modern_recall``.
    """
    scores = (x @ stored.mT * beta.to(x)).masked_fill(~held, -torch.inf)
    return 0.5 * x.square().sum(-1) - scores.logsumexp(-1) / beta.to(x)
