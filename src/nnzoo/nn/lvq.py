"""The online rules of learning vector quantization."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import check_choice
from nnzoo.nn.competitive import Array
from nnzoo.nn.vmap_safe import vmap_safe

RULES = ("lvq1", "lvq2.1", "lvq3", "olvq1")
"""Rules of learning vector quantization; see ``lvq_rule``."""


def lvq_rule(
    weight: Tensor,
    rates: Tensor,
    classes: Tensor,
    x: Tensor,
    y: Tensor,
    lr: Tensor,
    factors: Tensor,
    window: Tensor,
    epsilon: Tensor,
    *,
    rule: str = "lvq1",
) -> tuple[Tensor, Tensor]:
    """Learn the points one at a time, in order, and return the new weights and rates.

    ``w_i`` and ``w_j`` are the two prototypes nearest to x, at the distances ``d_i <= d_j``.
    A step moves a prototype towards x if it has the class of x, and otherwise away from it:
    ``w_k += s a (x - w_k)`` with ``s = 1`` or ``s = -1``.

    - ``lvq1``: i moves, with ``a = lr``.
    - ``olvq1``: i moves, with its own rate, at most lr: ``a_i <- a_i / (1 + s a_i)``, with which
      all points learned so far count equally; then ``a = a_i``.
    - ``lvq2.1``: i and j move, with ``a = lr``, if one of them has the class of x and the other
      does not, and x is near the middle: ``d_i / d_j > (1 - window) / (1 + window)``.
    - ``lvq3``: as lvq2.1; also, if both have the class of x, both move, with ``a = epsilon lr``.

    Sources: T. Kohonen, 1986, "Learning vector quantization for pattern recognition" (lvq1);
    T. Kohonen et al., 1996, "LVQ_PAK: the learning vector quantization program package" (the other
    rules, and the bound of the rates of olvq1).

    Args:
        weight: (units, features), at least 2 units; not modified.
        rates: (units,), the rates of olvq1, which the other rules ignore; not modified.
        classes: (units,) classes of the units.
        x: (points, features).
        y: (points,) classes.
        lr: (points,) learning rates.
        factors: (points,) factors of the steps, such as class weights; the product with the rate is
            limited to 1.
        window: 0-d, relative width of the window.
        epsilon: 0-d, see lvq3.
        rule: one of ``RULES``; an InputError if it is unknown.
    """
    check_choice("model.rule", rule, RULES)
    inputs = weight, rates, classes, x, y, lr, factors, window, epsilon
    return vmap_safe(_learn, *inputs, rule, batched=True)


def _learn(*inputs: Any) -> tuple[Tensor, Tensor]:
    """``lvq_rule`` in NumPy; each tensor may have a leading dimension of members."""
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    *tensors, rule = inputs
    weight, rates = tensors[:2]
    w, a = (t.to("cpu", torch.float64, copy=True).numpy() for t in (weight, rates))
    floats = (t.double() if t.is_floating_point() else t for t in tensors[2:])
    arrays = [w, a, *(t.numpy(force=True) for t in floats)]
    if w.ndim == 2:
        arrays = [array[None] for array in arrays]  # views, so that w and a change
    _learn_members(*arrays, rule=rule)
    return torch.from_numpy(w).to(weight), torch.from_numpy(a).to(rates)


def _learn_members(
    w: Array,
    a: Array,
    classes: Array,
    x: Array,
    y: Array,
    lr: Array,
    factors: Array,
    window: Array,
    epsilon: Array,
    *,
    rule: str,
) -> None:
    """Learn the points of members in lockstep; modify the weights w and the rates a in place."""
    each = np.arange(len(w))
    difference = np.empty_like(w)
    squares = np.empty(w.shape[:2])
    nearest_share = ((1 - window) / (1 + window)) ** 2
    for k in range(x.shape[1]):
        np.subtract(x[:, k, None], w, out=difference)
        np.einsum("mij,mij->mi", difference, difference, out=squares)
        rate, label = lr[:, k], y[:, k]
        i = squares.argmin(1)
        first = classes[each, i] == label
        if rule in ("lvq1", "olvq1"):
            sign = np.where(first, 1.0, -1.0)
            if rule == "olvq1":
                own = a[each, i]
                a[each, i] = rate = np.minimum(own / np.maximum(1 + sign * own, 1e-9), rate)
            step = sign * np.minimum(rate * factors[:, k], 1)
            w[each, i] += step[:, None] * difference[each, i]
            continue
        near = squares[each, i]
        squares[each, i] = np.inf
        j = squares.argmin(1)
        second = classes[each, j] == label
        moves = (first != second) & (near > nearest_share * squares[each, j])
        full = np.minimum(rate * factors[:, k], 1)
        step = full * moves
        step_i, step_j = np.where(first, step, -step), np.where(second, step, -step)
        if rule == "lvq3":
            both = np.where(first & second, epsilon * full, 0.0)
            step_i, step_j = step_i + both, step_j + both
        w[each, i] += step_i[:, None] * difference[each, i]
        w[each, j] += step_j[:, None] * difference[each, j]
