"""The competitive (winner-take-all) layer and its learning rules."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import check_choice, check_int
from nnzoo.nn.keep_dtype import KeepsDtype
from nnzoo.nn.search import all_distances, is_traced, nearest
from nnzoo.nn.vmap_safe import vmap_safe

Array = NDArray[Any]

RULES = ("conscience", "cwta", "wta")
"""Competitive learning rules; see ``online_rule``."""

MAX_FREQUENCY_UPDATE = 0.1  # per batch; with more, the win frequencies would oscillate
MAX_BATCH_RATE = 0.999  # keeps ``log(1 - rate)`` finite; a rate of 1 is treated separately


class CompetitiveLayer(KeepsDtype):
    """A layer in which only the unit nearest to the input fires.

    ``winner = argmin_i |x - w_i|``. The weights start at zero. The output has no gradient: train
    the weights with ``online_rule`` or ``batch_rule``.

    Source: T. Kohonen, 1982, "Self-organized formation of topologically correct feature maps",
    without a neighborhood; D. E. Rumelhart, D. Zipser, 1985, "Feature discovery by competitive
    learning".

    Attributes:
        weight: (units, in_features), one centroid per unit; always float64, since far from the
            origin late steps are smaller than the spacing of float32.

    Raises:
        InputError: if a size is not a whole number of at least 1.
    """

    def __init__(self, in_features: int, units: int) -> None:
        super().__init__()
        check_int("in_features", in_features)
        check_int("units", units)
        weight = torch.zeros(units, in_features, dtype=torch.float64)
        self.weight = nn.Parameter(weight, requires_grad=False)

    def distances(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): Euclidean distances to the weights."""
        flat = x.reshape(-1, x.shape[-1])
        distances = all_distances(*relative(flat, self.weight))
        return distances.reshape(*x.shape[:-1], self.weight.shape[0])

    def nearest(self, x: Tensor, *, approximate: bool = False) -> tuple[Tensor, Tensor]:
        """(..., in_features) -> (...), (...): see ``nnzoo.nn.search.nearest``."""
        flat = x.reshape(-1, x.shape[-1])
        distances, winners = nearest(*relative(flat, self.weight), approximate=approximate)
        return distances.reshape(x.shape[:-1]), winners.reshape(x.shape[:-1])

    def winners(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (...): indices of the nearest units."""
        return self.nearest(x)[1]

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): one for the winner, zero for the others."""
        units = torch.arange(self.weight.shape[0], device=x.device)
        return (self.winners(x).unsqueeze(-1) == units).to(x.dtype)  # one_hot would check values


def relative(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract the same values from points (points, features) and weights (units, features).

    These are the medians of the weights, so that the points' dtype is precise enough for both.
    """
    middle, fixed = weight.shape[0] // 2, weight.detach()
    # Other runtimes have no ``kthvalue``, which takes a third of the time.
    median = fixed.sort(0).values[middle] if is_traced() else fixed.kthvalue(middle + 1, 0).values
    origin = median.to(x.dtype)
    return x - origin, (weight - origin).to(x.dtype)


def online_rule(
    weight: Tensor,
    state: Tensor,
    x: Tensor,
    lr: Tensor,
    conscience: Tensor,
    *,
    rule: str = "conscience",
    memory: float = 0.01,
) -> tuple[Tensor, Tensor]:
    """Learn the points one at a time, in order, and return the new weights and state.

    With ``d_i = |x - w_i|``, the winner k and its update are:

    - ``wta``: ``k = argmin d_i``, ``w_k += lr (x - w_k)``.
    - ``conscience``: ``k = argmin d_i^2 (n p_i)^conscience`` for n units, with the same update;
      then ``p_i += memory ([i = k] - p_i)``. A unit that wins too often is penalized. If the
      conscience is 0, p does not change.
    - ``cwta`` (as in neurolab): ``k = argmin c_i d_i``, ``c_k += 1``,
      ``w_k += min(lr d_k, 1) (x - w_k)``.

    Sources: D. E. Rumelhart, D. Zipser, 1985, "Feature discovery by competitive learning" (wta);
    D. DeSieno, 1988, "Adding a conscience to competitive learning"; S. C. Ahalt et al., 1990,
    "Competitive learning algorithms for vector quantization", for the running frequencies of the
    units that learn and the multiplicative penalty. DeSieno counts the nearest units, before the
    penalty, and subtracts it.

    Args:
        weight: (units, features); not modified. Keep it in float64, as ``CompetitiveLayer`` does,
            where points lie far from the origin.
        state: (units,), p for ``conscience`` and c for ``cwta``; not modified.
        x: (points, features).
        lr: (points,) learning rates.
        conscience: (points,) strengths of the conscience; 0 turns it off.
        rule: one of ``RULES``; an InputError if it is unknown.
        memory: weight of the newest winner in the win frequencies p.
    """
    check_choice("model.rule", rule, RULES)
    return vmap_safe(_learn, weight, state, x, lr, conscience, rule, memory, batched=True)


def _learn(
    weight: Tensor, state: Tensor, x: Tensor, lr: Tensor, conscience: Tensor, *options: Any
) -> tuple[Tensor, Tensor]:
    """``online_rule`` in NumPy; each tensor may have a leading dimension of members."""
    # Each point depends on the previous one, so this is a loop of tiny operations. NumPy calls on
    # the CPU take a third of the time of torch's, and far less than kernel launches on a GPU.
    w, s = (t.to("cpu", torch.float64, copy=True).numpy() for t in (weight, state))
    points = (x if x.dtype == torch.float64 else x.float()).numpy(force=True)
    lrs, strengths = (t.double().numpy(force=True) for t in (lr, conscience))
    learn = _learn_one if w.ndim == 2 else _learn_members
    learn(w, s, points, lrs, strengths, *options)
    return torch.from_numpy(w).to(weight), torch.from_numpy(s).to(state)


def _learn_one(
    w: Array, s: Array, x: Array, lr: Array, conscience: Array, rule: str, memory: float
) -> None:
    """Learn the points in order, and modify the weights w and the state s in place."""
    difference = np.empty_like(w)
    cost = np.empty_like(s)
    units, keep = len(w), 1 - memory
    for point, rate, strength in zip(x, lr.tolist(), conscience.tolist(), strict=True):
        np.subtract(point, w, out=difference)
        np.einsum("ij,ij->i", difference, difference, out=cost)  # squared distances
        if rule == "cwta":
            np.sqrt(cost, out=cost)
            k = (s * cost).argmin()
            s[k] += 1
            rate = min(rate * cost[k], 1.0)
        elif rule == "conscience" and strength > 0:
            cost *= np.power(units * s, strength)
            k = cost.argmin()
            s *= keep
            s[k] += memory
        else:
            k = cost.argmin()
        w[k] += rate * difference[k]


def _learn_members(
    w: Array, s: Array, x: Array, lr: Array, conscience: Array, rule: str, memory: float
) -> None:
    """Learn the points of many members in lockstep, each bit for bit as in ``_learn_one``."""
    members, units = s.shape
    each = np.arange(members)
    difference = np.empty_like(w)
    cost = np.empty_like(s)
    keep = 1 - memory
    for points, rate, strength in zip(x.swapaxes(0, 1), lr.T, conscience.T, strict=True):
        np.subtract(points[:, None], w, out=difference)
        np.einsum("mij,mij->mi", difference, difference, out=cost)  # squared distances
        if rule == "cwta":
            np.sqrt(cost, out=cost)
            k = (s * cost).argmin(1)
            s[each, k] += 1
            rate = np.minimum(rate * cost[each, k], 1)
        elif rule == "conscience" and strength.any():
            cost *= np.power(units * s, strength[:, None])
            k = cost.argmin(1)
            active = strength > 0
            s *= np.where(active, keep, 1)[:, None]
            s[each, k] += memory * active
        else:
            k = cost.argmin(1)
        w[each, k] += rate[:, None] * difference[each, k]


def batch_rule(
    weight: Tensor,
    state: Tensor,
    x: Tensor,
    lr: float | Tensor,
    conscience: float | Tensor,
    *,
    rule: str = "conscience",
    memory: float = 0.01,
) -> tuple[Tensor, Tensor]:
    """Learn a batch of points at once and return the new weights and state.

    The winners are computed with the given weights and state. Each unit then moves to the weighted
    mean of the points that it won: with rates ``r_j`` (``lr``, or ``lr d_j`` for ``cwta``) it moves
    the share ``1 - prod_j (1 - r_j)`` of the way to the mean with weights ``r_j``, as far as
    successive single steps towards it.

    Args:
        weight, state, x, rule, memory: see ``online_rule``.
        lr: learning rate, a float or a 0-d tensor.
        conscience: strength of the conscience, a float or a 0-d tensor; 0 turns it off.
    """
    check_choice("model.rule", rule, RULES)
    units = weight.shape[0]
    x, own = relative(x, weight)
    cost = distances = all_distances(x, own)
    if rule == "cwta":
        cost = state * distances
    elif rule == "conscience":
        cost = distances.square() * (units * state) ** conscience
    winners = cost.argmin(1)
    won = F.one_hot(winners, units).to(x.dtype)
    point_rates = lr * torch.ones_like(x[:, 0])
    if rule == "cwta":
        point_rates = point_rates * distances.gather(1, winners[:, None]).squeeze(1)
    point_rates = point_rates.clamp(max=1)
    # Use matrix products: scattered sums are not reproducible on a GPU.
    share = -torch.expm1(won.T @ torch.log1p(-point_rates.clamp(max=MAX_BATCH_RATE)))
    share = torch.where(won.T @ (point_rates >= 1).to(x.dtype) > 0, 1, share)
    totals = won.T @ point_rates
    means = (won.T @ (point_rates[:, None] * x)) / torch.where(totals > 0, totals, 1)[:, None]
    new_weight = weight + (share[:, None] * (means - own)).to(weight)
    if rule == "cwta":
        return new_weight, state + won.sum(0).to(state)
    if rule == "conscience":
        newest = min(1 - (1 - memory) ** len(x), MAX_FREQUENCY_UPDATE)
        active = torch.as_tensor(conscience > 0, device=x.device)
        frequencies = won.sum(0) / max(1, len(x))
        new_state = (state + newest * (frequencies - state)).to(state)
        return new_weight, torch.where(active, new_state, state)
    return new_weight, state


def batch_step(weight: Tensor, x: Tensor, winners: Tensor, lr: float | Tensor) -> Tensor:
    """Return the new weights of ``batch_rule`` with rule ``wta``, for known winners (points,)."""
    (new_weight,) = vmap_safe(_batch_step, weight, x, winners, torch.as_tensor(lr))
    return new_weight


def _batch_step(weight: Tensor, x: Tensor, winners: Tensor, lr: Tensor) -> tuple[Tensor]:
    x, own = relative(x, weight)
    counts, sums = totals_of(x, winners, len(weight))
    rate = float(lr)
    share = (counts > 0).to(x.dtype)
    if rate < 1:
        share = -torch.expm1(counts * math.log1p(-min(rate, MAX_BATCH_RATE)))
    means = sums / counts.clamp(min=1)[:, None]
    return (weight + (share[:, None] * (means - own)).to(weight),)


def totals_of(x: Tensor, winners: Tensor, units: int) -> tuple[Tensor, Tensor]:
    """Return the number (units,) and the sum (units, features) of the points that each unit wins.

    Args:
        x: (points, features).
        winners: (points,) indices of units.
    """
    if x.device.type == "cpu":
        counts = torch.bincount(winners, minlength=units).to(x.dtype)
        return counts, x.new_zeros(units, x.shape[1]).index_add_(0, winners, x)
    won = F.one_hot(winners, units).to(x.dtype)  # scattered sums are not reproducible on a GPU
    return won.sum(0), won.T @ x
