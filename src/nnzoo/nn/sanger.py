"""Hebbian rules of linear units that learn principal components."""

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import check_choice
from nnzoo.nn.vmap_safe import vmap_safe

RULES = ("sanger", "oja")


def sanger_rule(weight: Tensor, x: Tensor, lr: Tensor, rule: str = "sanger") -> Tensor:
    """Learn the points one at a time, in order, and return the new weights.

    With the outputs ``y = W x``, ``sanger``: ``w_i += lr y_i (x - sum_{j <= i} y_j w_j)``: each
    unit learns what the units before it leave over, so that unit i approaches principal component
    i. ``oja``: ``w_i += lr y_i (x - sum_j y_j w_j)``: the units approach an orthonormal basis of
    the subspace of the first components. A single unit has the same rule in both.

    Sources: T. D. Sanger, 1989, "Optimal unsupervised learning in a single-layer linear feedforward
    neural network"; E. Oja, 1982, "A simplified neuron model as a principal component analyzer",
    and for several units 1989, "Neural networks, principal components, and subspaces".

    Args:
        weight: (units, features); not modified.
        x: (points, features), of mean 0.
        lr: (points,) learning rates.
        rule: one of ``RULES``; an InputError if it is unknown.
    """
    check_choice("model.rule", rule, RULES)
    (new,) = vmap_safe(_learn, weight, x, lr, rule, batched=True)
    return new


def _learn(weight: Tensor, x: Tensor, lr: Tensor, rule: str) -> tuple[Tensor]:
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    # Under vmap, a leading dimension has the members.
    w = weight.to("cpu", torch.float64, copy=True).numpy()
    points, rates = (t.double().numpy(force=True) for t in (x[..., None, :], lr[..., None, None]))
    before = np.ones((w.shape[-2],) * 2)
    if rule == "sanger":
        before = np.tril(before)
    with np.errstate(all="ignore"):  # the training reports a divergence
        for i in range(points.shape[-3]):
            point = points[..., i, :, :]
            y = w @ point.swapaxes(-1, -2)
            step = rates[..., i, :, :] * y
            w += step * point - (step * y.swapaxes(-1, -2) * before) @ w
    return (torch.from_numpy(w).to(weight),)


def sanger_batch_rule(weight: Tensor, x: Tensor, lr: Tensor, rule: str = "sanger") -> Tensor:
    """Return the weights after the mean of the steps of all points, each from the old weights;
    ``lr`` is one rate. The rest is as in ``sanger_rule``."""
    check_choice("model.rule", rule, RULES)
    y = x @ weight.T
    products = y.T @ y
    if rule == "sanger":
        products = products.tril()
    return weight + lr / len(x) * (y.T @ x - products @ weight)
