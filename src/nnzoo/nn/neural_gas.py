"""The rules of the neural gas, online and batch: units learn by their rank of distance."""

import numpy as np
import torch
from torch import Tensor

from nnzoo.nn.competitive import relative
from nnzoo.nn.search import all_distances
from nnzoo.nn.vmap_safe import vmap_safe

BLOCK = 2**20
"""Number of distances that the batch rule ranks at once."""


def neural_gas_rule(weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor) -> Tensor:
    """Learn the points one at a time, in order, and return the new weights.

    ``w_i += lr exp(-k_i / radius) (x - w_i)``, where ``k_i`` is the number of units that are nearer
    to x than unit i; of equally near units, those of lower index come first.

    Source: T. Martinetz & K. Schulten, 1991, "A 'neural-gas' network learns topologies".

    Args:
        weight: (units, features); not modified.
        x: (points, features).
        lr, radius: (points,) learning rates, and radii of the neighborhood in ranks.
    """
    (new,) = vmap_safe(_learn, weight, x, lr, radius)
    return new


def _learn(weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor) -> tuple[Tensor]:
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    w = weight.to("cpu", torch.float64, copy=True).numpy()
    points, rates, radii = (t.double().numpy(force=True) for t in (x, lr, radius))
    difference, share = np.empty_like(w), np.empty(len(w))
    ranks = np.arange(len(w))
    for point, rate, r in zip(points, rates.tolist(), radii.tolist(), strict=True):
        np.subtract(point, w, out=difference)
        order = np.einsum("ij,ij->i", difference, difference).argsort(kind="stable")
        share[order] = rate * np.exp(ranks / -r)
        difference *= share[:, None]
        w += difference
    return (torch.from_numpy(w).to(weight),)


def neural_gas_batch_rule(weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor) -> Tensor:
    """Learn a batch of points at once and return the new weights.

    Each unit moves towards the mean of all points, weighted by ``h = exp(-rank / radius)``. With
    the sum ``n_i`` of these weights, unit i moves by the share ``1 - (1 - lr)^n_i`` of the way, as
    successive single steps towards the mean would. With ``lr = 1`` and all points in the batch this
    is the batch neural gas.

    Source: M. Cottrell, B. Hammer, A. Hasenfuss & T. Villmann, 2006, "Batch and median neural gas".

    Args:
        weight, x: see ``neural_gas_rule``.
        lr, radius: 0-d tensors.
    """
    (new,) = vmap_safe(_learn_batch, weight, x, lr, radius)
    return new


def _learn_batch(weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor) -> tuple[Tensor]:
    x, own = relative(x, weight)
    by_rank = torch.exp(torch.arange(len(own), device=x.device) / -radius).to(weight)
    totals, sums = torch.zeros_like(weight[:, 0]), torch.zeros_like(weight)
    for part in x.split(max(1, BLOCK // len(own))):
        order = all_distances(part, own).argsort(dim=1, stable=True)
        h = weight.new_empty(order.shape).scatter_(1, order, by_rank.expand(order.shape))
        totals += h.sum(0)
        sums += h.T @ part.to(weight)
    means = sums / totals.clamp(min=torch.finfo(weight.dtype).tiny)[:, None]
    share = torch.where(totals > 0, -torch.expm1(totals * torch.log1p(-lr)), 0.0)
    return (weight + share[:, None] * (means - own),)
