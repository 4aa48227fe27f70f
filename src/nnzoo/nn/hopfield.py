"""The Hopfield network: the rules that store patterns in its weights, its energy, its recall."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import InputError, check_choice
from nnzoo.nn.vmap_safe import vmap_safe

RULES = ("hebb", "pseudo_inverse", "storkey")
RECALLS = ("asynchronous", "synchronous")

TIE = 1e-4
"""A net input at most this far from 0 changes no unit: it may be a rounding error."""

MAX_UPDATES = 500
"""Maximum number of units that a program of torch's operations updates one after another."""

DEPENDENT = 1e-3
"""A pattern is a combination of stored ones if what these leave of it is this share of it."""


def store(weight: Tensor, x: Tensor, rule: str) -> Tensor:
    """Store patterns after those that the weights hold, and return the new weights.

    For n units and each pattern x:

    - ``hebb``: ``w_ij += x_i x_j``, ``w_ii = 0``.
    - ``storkey``: ``w_ij += (x_i x_j - x_i h_ji - h_ij x_j) / n``, where ``h_ij`` is the net input
      of unit i from the units other than i and j, ``w_ii = 0``.
    - ``pseudo_inverse``: W becomes the projection onto all patterns stored, ``W = X^+ X``. Recall
      ignores the weights w_ii, which later patterns need.

    Patterns stored in several calls give the same weights as in one.

    Sources: J. J. Hopfield, 1982, "Neural networks and physical systems with emergent collective
    computational abilities" (hebb); A. Storkey, 1997, "Increasing the capacity of a Hopfield
    network without sacrificing functionality"; L. Personnaz, I. Guyon & G. Dreyfus, 1985,
    "Information storage and retrieval in spin-glass like neural networks" (pseudo_inverse).

    Args:
        weight: (units, units); not modified.
        x: (patterns, units), -1 and 1.
        rule: one of ``RULES``; an InputError if it is unknown.
    """
    check_choice("model.rule", rule, RULES)
    w, patterns = weight.double(), x.double()
    if rule == "hebb":
        new = without_diagonal(w + patterns.T @ patterns)
    elif rule == "storkey":
        new = w
        for pattern in patterns:
            new = _storkey(new, pattern)
    else:
        rest = patterns - patterns @ w
        # Both tolerances are needed: nothing may be left of a batch but rounding errors.
        smallest = DEPENDENT * x.shape[-1] ** 0.5
        known = torch.where(rest.isfinite(), rest, 0)  # of which there is a pseudo-inverse
        new = w + torch.linalg.pinv(known, atol=smallest, rtol=0.0) @ rest
        new = (new + new.mT) / 2
    return new.to(weight)


def _storkey(w: Tensor, x: Tensor) -> Tensor:
    local = (w @ x)[:, None] - w * x  # h_ij
    crossed = local * x
    return without_diagonal(w + (torch.outer(x, x) - crossed - crossed.mT) / len(x))


def without_diagonal(weight: Tensor) -> Tensor:
    """Return weights (units, units) with zeros for the connections of units to themselves."""
    return weight * (1 - torch.eye(weight.shape[-1], dtype=weight.dtype, device=weight.device))


def energy(weight: Tensor, x: Tensor) -> Tensor:
    """Return the energy of states, (..., units) -> (...): ``E = -1/2 sum_ij w_ij x_i x_j``, i != j.

    No update of a single unit raises it.
    """
    x = x.double()
    return -0.5 * ((x @ without_diagonal(weight.double())) * x).sum(-1)


def bipolar(x: Tensor) -> Tensor:
    """Return 1 for values above 0, otherwise -1."""
    return torch.where(x > 0, 1.0, -1.0).to(x)


def recall(weight: Tensor, x: Tensor, steps: int, kind: str = "asynchronous") -> Tensor:
    """Return the states that the network reaches from given ones, of the shape of x.

    ``x_i = sign(sum_j w_ij x_j)`` for j != i; a unit with a net input of 0 keeps its state.

    - ``asynchronous``: a step updates all units one after another. The energy never rises, and the
      recall converges to a stable state.
    - ``synchronous``: a step updates all units at once. It may end in a cycle of two states.

    Args:
        weight: (units, units), symmetric.
        x: (..., units); values above 0 count as 1, others as -1.
        steps: maximum number of steps; a stable state does not change.
        kind: one of ``RECALLS``; an InputError if it is unknown.
    """
    check_choice("model.recall", kind, RECALLS)
    w, states = without_diagonal(weight), bipolar(x)
    if not (torch.compiler.is_compiling() or torch._C._get_tracing_state()):
        (found,) = vmap_safe(_recall, w, states, steps, kind)
        return found.to(x)
    # The same in torch's operations, for a program without Python.
    order = range(w.shape[-1])  # not a size, which is a tensor in a trace
    if kind == "asynchronous" and steps * len(order) > MAX_UPDATES:
        raise InputError(
            f"an asynchronous recall in up to {steps} steps of {len(order)} units is too long for "
            "a program: use model.recall=synchronous, or a lower model.max_steps"
        )
    w, states = w.double(), states.double()
    for _ in range(steps):
        if kind == "synchronous":
            states = _turned(states @ w.mT, states)
            continue
        for i in order:
            new = _turned(states @ w[i], states[..., i])
            states = torch.cat([states[..., :i], new[..., None], states[..., i + 1 :]], -1)
    return states.to(x)


def _turned(net: Any, state: Any) -> Any:
    """Return states of units, with the sign changed where the net input opposes it."""
    return torch.where(net * state < -TIE, -state, state)


def _recall(w: Tensor, x: Tensor, steps: int, kind: str) -> tuple[Tensor]:
    """``recall`` in NumPy, until no unit changes: a unit's update is too little work for torch."""
    weight = w.double().numpy(force=True)
    # Units are rows, so that a unit's net inputs for all states lie next to each other.
    states = x.reshape(-1, x.shape[-1]).double().numpy(force=True).T.copy()
    for _ in range(steps):
        net = weight @ states
        changed = False
        if kind == "synchronous":
            opposed = net * states < -TIE
            changed = bool(opposed.any())
            states[opposed] *= -1
        else:
            for i, own in enumerate(weight.T):
                (turned,) = (net[i] * states[i] < -TIE).nonzero()
                if turned.size:
                    states[i, turned] *= -1
                    net[:, turned] += 2 * np.outer(own, states[i, turned])
                    changed = True
        if not changed:
            break
    return (torch.from_numpy(states.T.reshape(x.shape)).to(x),)


def turns(weight: Tensor, x: Tensor, steps: int) -> Tensor:
    """Return the states of the asynchronous ``recall`` after each change of a unit.

    Args:
        weight, steps: see ``recall``.
        x: (units,).

    Returns:
        (changes + 1, units), first ``bipolar(x)``.
    """
    w, states = without_diagonal(weight), [bipolar(x)]
    for _ in range(steps):
        before = len(states)
        for i in range(len(w)):
            state = states[-1].clone()
            state[i] = _turned(w[i] @ state, state[i])
            if state[i] != states[-1][i]:
                states.append(state)
        if len(states) == before:
            break
    return torch.stack(states)
