"""The self-organizing map: its start and its rules, online and batch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import check_choice
from nnzoo.nn.competitive import Array, totals_of
from nnzoo.nn.grid import Grid
from nnzoo.nn.vmap_safe import vmap_safe

NEIGHBORHOODS = ("bubble", "gaussian", "mexican_hat")
BATCH_NEIGHBORHOODS = ("bubble", "gaussian")
"""Those that the batch rule can average with: none of their weights are negative."""


def principal_grid(x: Tensor, grid: Grid) -> Tensor:
    """Return weights (units, features) that lie on a grid in the plane of the points' first two
    principal components, from -1 to 1 standard deviations along each of them.

    The longer side of the grid follows the first component. Each component points to where its
    largest entry is positive. With one feature, or no variance left, a side has equal weights.

    Args:
        x: (points, features).
    """
    x = x.double()
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean) / len(x)
    if not covariance.isfinite().all():  # the training will name them
        return mean.expand(grid.units, len(mean))
    variances, components = torch.linalg.eigh(covariance)
    n = min(2, x.shape[1])
    variances, components = variances.flip(0)[:n].clamp(min=0), components.flip(1)[:, :n]
    components = components * components.gather(0, components.abs().argmax(0)[None]).sign()
    at = grid.positions().to(x.device)
    at = at - (at.amin(0) + at.amax(0)) / 2
    half = at.abs().amax(0)
    at = at / torch.where(half > 0, half, 1)
    sides = [0, 1] if grid.columns >= grid.rows * grid.row_height else [1, 0]
    return mean + at[:, sides[:n]] * variances.sqrt() @ components.T


def neighborhood(squares: Any, radius: Any, kind: str) -> Any:
    """Return how much a unit learns at a squared distance on the grid from the winner.

    With ``u = d^2 / radius^2``: ``gaussian``: ``exp(-u / 2)``; ``bubble``: 1 up to the radius,
    beyond it 0; ``mexican_hat``: ``(1 - u) exp(-u / 2)``, which pushes away units beyond the
    radius. NumPy arrays and tensors.
    """
    u = squares / radius**2
    if kind == "bubble":
        return 1.0 * (u <= 1)
    # Below -80, results would become subnormal, which takes torch five times as long.
    bell = (-0.5 * u).clamp_(min=-80).exp_() if isinstance(u, Tensor) else np.exp(-0.5 * u)
    return bell if kind == "gaussian" else (1 - u) * bell


def som_rule(
    weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor, squares: Tensor, kind: str = "gaussian"
) -> Tensor:
    """Learn the points one at a time, in order, and return the new weights.

    ``k = argmin_i |x - w_i|``, ``w_i += lr h(i, k) (x - w_i)`` with the ``neighborhood`` h.

    Source: T. Kohonen, 1982, "Self-organized formation of topologically correct feature maps".

    Args:
        weight: (units, features); not modified.
        x: (points, features).
        lr, radius: (points,) learning rates, and radii of the neighborhood in units of the grid.
        squares: (units, units) squared distances on the grid.
        kind: one of ``NEIGHBORHOODS``; an InputError if it is unknown.
    """
    check_choice("model.neighborhood", kind, NEIGHBORHOODS)
    (new,) = vmap_safe(_learn, weight, x, lr, radius, squares, kind)
    return new


def _learn(
    weight: Tensor, x: Tensor, lr: Tensor, radius: Tensor, squares: Tensor, kind: str
) -> tuple[Tensor]:
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    w = weight.to("cpu", torch.float64, copy=True).numpy()
    points, rates, radii = (t.double().numpy(force=True) for t in (x, lr, radius))
    grid: Array = squares.numpy(force=True)
    difference = np.empty_like(w)
    for point, rate, r in zip(points, rates.tolist(), radii.tolist(), strict=True):
        np.subtract(point, w, out=difference)
        k = np.einsum("ij,ij->i", difference, difference).argmin()
        difference *= (rate * neighborhood(grid[k], r, kind))[:, None]
        w += difference
    return (torch.from_numpy(w).to(weight),)


def som_batch_rule(
    weight: Tensor,
    x: Tensor,
    own: Tensor,
    winners: Tensor,
    lr: Tensor,
    radius: Tensor,
    squares: Tensor,
    kind: str = "gaussian",
) -> Tensor:
    """Learn a batch of points at once and return the new weights.

    Each unit moves to the mean of all points, weighted by the ``neighborhood`` of their winners:
    with ``n_i = sum_j h(i, k_j)`` by the share ``1 - (1 - lr)^n_i`` of the way, as far as
    successive single steps towards it. With ``lr = 1`` and all points in the batch this is the
    batch map.

    Source: T. Kohonen, 1990, "The self-organizing map".

    Args:
        weight, squares, kind: see ``som_rule``; not mexican_hat, whose weights may cancel.
        x, own: (points, features), (units, features), points and weights from the same origin, see
            ``nnzoo.nn.competitive.relative``.
        winners: (points,) indices of the nearest units.
        lr, radius: 0-d tensors.
    """
    check_choice("model.neighborhood", kind, BATCH_NEIGHBORHOODS)
    (new,) = vmap_safe(_learn_batch, weight, x, own, winners, lr, radius, squares, kind)
    return new


def _learn_batch(
    weight: Tensor,
    x: Tensor,
    own: Tensor,
    winners: Tensor,
    lr: Tensor,
    radius: Tensor,
    squares: Tensor,
    kind: str,
) -> tuple[Tensor]:
    counts, sums = totals_of(x, winners, len(own))
    h = neighborhood(squares.to(x), radius.to(x), kind).to(x)
    totals = h @ counts
    means = (h @ sums) / totals.clamp(min=torch.finfo(x.dtype).tiny)[:, None]
    share = torch.where(totals > 0, -torch.expm1(totals * torch.log1p(-lr)), 0.0)
    return (weight + (share[:, None] * (means - own)).to(weight),)
