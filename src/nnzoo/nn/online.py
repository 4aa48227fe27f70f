"""The loops of the online competitive rules, in NumPy; see ``nnzoo.nn.online_rule``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def learn_one_by_one(
    w: Array, s: Array, x: Array, lr: Array, conscience: Array, rule: str, memory: float
) -> None:
    """Let one layer learn points in order, in place.

    Args:
        w: (units, features), changed.
        s: (units,), changed.
        x: (points, features).
        lr, conscience: (points,).
        rule, memory: see ``online_rule``.
    """
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
            cost *= np.power(units * s, w.dtype.type(strength))
            k = cost.argmin()
            s *= keep
            s[k] += memory
        else:
            k = cost.argmin()
        w[k] += rate * difference[k]


def learn_in_step(
    w: Array, s: Array, x: Array, lr: Array, conscience: Array, rule: str, memory: float
) -> None:
    """Let many layers learn their first points, then their second ones, and so on, in place.

    Each learns what ``learn_one_by_one`` would teach it, to the bit; a call of NumPy's then serves
    all of them.

    Args:
        w: (members, units, features), changed.
        s: (members, units), changed.
        x: (members, points, features).
        lr, conscience: (members, points).
        rule, memory: see ``online_rule``.
    """
    members, units = s.shape
    each = np.arange(members)
    difference = np.empty_like(w)
    cost = np.empty_like(s)
    lr, conscience = lr.T.astype(w.dtype), conscience.T.astype(w.dtype)
    share, keep = w.dtype.type(memory), w.dtype.type(1 - memory)
    for points, rate, strength in zip(x.swapaxes(0, 1), lr, conscience, strict=True):
        np.subtract(points[:, None], w, out=difference)
        np.einsum("mij,mij->mi", difference, difference, out=cost)
        if rule == "cwta":
            np.sqrt(cost, out=cost)
            k = (s * cost).argmin(1)
            s[each, k] += 1
            rate = np.minimum(rate * cost[each, k], 1)
        elif rule == "conscience" and strength.any():
            cost *= np.power(units * s, strength[:, None])
            k = cost.argmin(1)
            led = strength > 0
            s *= np.where(led, keep, w.dtype.type(1))[:, None]
            s[each, k] += share * led
        else:
            k = cost.argmin(1)
        w[each, k] += rate[:, None] * difference[each, k]
