"""The competitive (winner-take-all) layer and its learning rules."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import one_of, whole
from nnzoo.nn.mapping import mapped
from nnzoo.nn.online import learn_in_step, learn_one_by_one
from nnzoo.nn.search import all_distances, nearest

RULES = ("conscience", "cwta", "wta")
MOST_NEW = 0.1
"""The most that one batch counts in the running frequencies of ``batch_rule``."""


class CompetitiveLayer(nn.Module):
    """Units of which one fires: the one whose weights are nearest to the input.

    ``winner = argmin_i |x - w_i|``. The output has no gradient: train the weights with
    ``online_rule`` or ``batch_rule``. They start at zero.

    Source: T. Kohonen, 1982, "Self-organized formation of topologically correct feature maps", with
    no neighbourhood; D. E. Rumelhart, D. Zipser, 1985, "Feature discovery by competitive learning".

    Args:
        in_features: number of inputs.
        units: number of units.

    Attributes:
        weight: (units, in_features), each row the centre of what its unit stands for.

    Raises:
        InputError: if a size is not a whole number of at least 1.
    """

    def __init__(self, in_features: int, units: int) -> None:
        super().__init__()
        whole("in_features", in_features)
        whole("units", units)
        self.weight = nn.Parameter(torch.zeros(units, in_features), requires_grad=False)

    def distances(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): Euclidean distances to the weights."""
        flat = x.reshape(-1, x.shape[-1])
        return all_distances(flat, self.weight).reshape(*x.shape[:-1], len(self.weight))

    def nearest(self, x: Tensor, *, loose: bool = False) -> tuple[Tensor, Tensor]:
        """(..., in_features) -> (...), (...): distances to the nearest units, and their indices;
        ``loose``: see ``nnzoo.nn.search.nearest``."""
        flat = x.reshape(-1, x.shape[-1])
        distances, winners = nearest(flat, self.weight, loose=loose)
        return distances.reshape(x.shape[:-1]), winners.reshape(x.shape[:-1])

    def winners(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (...): indices of the nearest units."""
        return self.nearest(x)[1]

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): one for the winner, zero for the others."""
        return F.one_hot(self.winners(x), self.weight.shape[0]).to(x.dtype)


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
    """Weights and state after learning the points one by one, in order.

    With ``d_i = |x - w_i|``, the winner k and its step are, by rule:

    - ``wta``: ``k = argmin d_i``, ``w_k += lr (x - w_k)``.
    - ``conscience``: ``k = argmin d_i^2 (n p_i)^conscience`` over n units; the same step; then
      ``p_i += memory ([i = k] - p_i)``: a unit that wins more than its share pays for it. Where
      it is 0, p stays as it is.
    - ``cwta`` (neurolab's): ``k = argmin c_i d_i``, ``c_k += 1``, ``w_k += lr d_k (x - w_k)``,
      where ``lr d_k`` counts as 1 at most: a unit does not go beyond the point.

    Sources: Rumelhart & Zipser, 1985 (wta); D. DeSieno, 1988, "Adding a conscience to competitive
    learning", and S. C. Ahalt et al., 1990, "Competitive learning algorithms for vector
    quantization", for the running frequencies and the factor in place of a term.

    Args:
        weight: (units, features); not changed.
        state: (units,): p for ``conscience``, c for ``cwta``; not changed.
        x: (points, features).
        lr: (points,) learning rate for each point.
        conscience: (points,) strength of the conscience for each point; 0 is none.
        rule: one of ``RULES``.
        memory: share of the newest winner in the running frequencies.

    Returns:
        The new weight and state, in the same shapes, on the same device.
    """
    one_of("model.rule", rule, RULES)
    one, many = (partial(_looped, loop) for loop in (learn_one_by_one, learn_in_step))
    inputs = weight, state, x, lr, conscience, rule, memory
    learnt: tuple[Tensor, Tensor] = mapped(one, *inputs, many=many)
    return learnt


def _looped(loop: Callable[..., None], *inputs: Any) -> tuple[Tensor, Tensor]:
    """What a NumPy loop, which changes its first two arguments, makes of tensors."""
    weight, state, x, lr, conscience, rule, memory = inputs
    # A point depends on the one before it, so this is a loop of tiny steps; as NumPy calls on the
    # CPU they cost a third of torch's, and a small part of a launch each on a GPU.
    w, s, points = (t.detach().cpu().numpy() for t in (weight.clone(), state.clone(), x))
    rates = (t.detach().cpu().double().numpy() for t in (lr, conscience))
    loop(w, s, points, *rates, rule, memory)
    return torch.from_numpy(w).to(weight), torch.from_numpy(s).to(state)


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
    """Weights and state after learning the points at once.

    All winners are found with the weights and state given. A unit then goes as far towards the mean
    of the points that it won as their steps, one after another, would take it: with rates ``r_j``
    (``lr``, or ``lr d_j`` for ``cwta``), the share ``1 - prod (1 - r_j)`` of the way to their mean
    weighted by ``r_j``.

    Args, returns and sources: see ``online_rule``; ``lr`` and ``conscience`` are one
    number each.
    """
    one_of("model.rule", rule, RULES)
    units = weight.shape[0]
    distances = all_distances(x, weight)
    if rule == "cwta":
        cost = state * distances
    elif rule == "conscience":
        cost = distances.square() * (units * state) ** conscience
    else:
        cost = distances
    k = cost.argmin(1)
    won = F.one_hot(k, units).to(x.dtype)
    rates = lr * torch.ones_like(x[:, 0])
    if rule == "cwta":
        rates = rates * distances.gather(1, k[:, None]).squeeze(1)
    rates = rates.clamp(max=0.999)
    # Matrix products, since scattered sums are not reproducible on a GPU.
    share = -torch.expm1(won.T @ torch.log1p(-rates))
    totals = won.T @ rates
    means = (won.T @ (rates[:, None] * x)) / totals.clamp(min=1e-30)[:, None]
    moved = torch.where(totals[:, None] > 0, weight + share[:, None] * (means - weight), weight)
    if rule == "cwta":
        state = state + won.sum(0)
    elif rule == "conscience":
        # A large batch would otherwise replace the frequencies at once, and the units take turns.
        newest = min(1 - (1 - memory) ** len(x), MOST_NEW)
        led = torch.as_tensor(conscience > 0, device=x.device)
        state = torch.where(led, state + newest * (won.mean(0) - state), state)
    return moved, state


def batch_step(weight: Tensor, x: Tensor, winners: Tensor, lr: float | Tensor) -> Tensor:
    """The weights after ``batch_rule`` with the rule ``wta``, where the winners are known.

    Args:
        weight: (units, features); not changed.
        x: (points, features).
        winners: (points,) from ``nearest``.
        lr: learning rate.
    """
    new: Tensor = mapped(_batch_step, weight, x, winners, torch.as_tensor(lr))
    return new


def _batch_step(weight: Tensor, x: Tensor, winners: Tensor, lr: Tensor) -> Tensor:
    units = len(weight)
    if x.device.type == "cpu":
        won = torch.bincount(winners, minlength=units).to(x.dtype)
        totals = torch.zeros_like(weight).index_add_(0, winners, x)
    else:  # where scattered sums are not reproducible
        chosen = F.one_hot(winners, units).to(x.dtype)
        won, totals = chosen.sum(0), chosen.T @ x
    share = -torch.expm1(won * math.log1p(-min(float(lr), 0.999)))
    means = totals / won.clamp(min=1)[:, None]
    return weight + share[:, None] * (means - weight)  # a unit that won no point has no share
