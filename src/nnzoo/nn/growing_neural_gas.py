"""The rule of the growing neural gas: units, their edges, and where a unit is missing."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.nn.competitive import Array
from nnzoo.nn.vmap_safe import vmap_safe

NO_EDGE = -1.0
"""The age of a missing edge."""


def growing_rule(
    weight: Tensor,
    ages: Tensor,
    errors: Tensor,
    living: Tensor,
    seen: Tensor,
    x: Tensor,
    lr: Tensor,
    lr_neighbors: Tensor,
    max_age: Tensor,
    insert_every: Tensor,
    error_split: Tensor,
    error_decay: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Learn the points one at a time, in order; return new weights, ages, errors, living and seen.

    For each point: the nearest unit adds the squared distance to its error and moves by ``lr``, its
    neighbors by ``lr_neighbors``. Its edges age by 1, the edge to the second nearest unit gets
    the age 0, and edges older than ``max_age`` and then units without edges are removed. After each
    ``insert_every`` points, while there is room, a unit is inserted in the middle between the unit
    with the largest error and that of its neighbors with the largest error. The errors of these two
    are multiplied by ``error_split``, and the new unit gets that of the first. Then all errors are
    multiplied by ``error_decay``.

    Source: B. Fritzke, 1995, "A growing neural gas network learns topologies".

    Args:
        weight: (units, features); rows that are not living are copies of the first one.
        ages: (units, units) ages of the edges, ``NO_EDGE`` where there is none.
        errors: (units,).
        living: (units,), 1 for the units that exist, at least the first two, then 0.
        seen: 0-d, number of points since the last insertion.
        x: (points, features).
        lr, lr_neighbors, max_age, insert_every, error_split, error_decay: 0-d tensors.
    """
    state = weight, ages, errors, living, seen
    numbers = lr, lr_neighbors, max_age, insert_every, error_split, error_decay
    new: tuple[Tensor, Tensor, Tensor, Tensor, Tensor] = vmap_safe(_learn, *state, x, *numbers)
    return new


def _learn(*inputs: Tensor) -> tuple[Tensor, ...]:
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    state, (x, *numbers) = inputs[:5], inputs[5:]
    w, ages, errors = (t.to("cpu", torch.float64, copy=True).numpy() for t in state[:3])
    living, seen = int(state[3].count_nonzero()), int(state[4])
    lr, lr_neighbors, max_age, insert_every, split, decay = map(float, numbers)
    for point in x.double().numpy(force=True):
        difference = point - w[:living]
        squares = np.einsum("ij,ij->i", difference, difference)
        first, second = squares.argsort(kind="stable")[:2]
        errors[first] += squares[first]
        near = np.flatnonzero(ages[first] > NO_EDGE)
        w[first] += lr * difference[first]
        w[near] += lr_neighbors * difference[near]
        ages[first, near] += 1
        ages[first, second] = 0
        ages[first, ages[first] > max_age] = NO_EDGE
        ages[:, first] = ages[first]
        lonely = near[(ages[near] == NO_EDGE).all(1)]
        for k in lonely[::-1]:  # from the last one, so that the others keep their places
            living -= 1
            _move(w, ages, errors, living, k)
        seen += 1
        if seen >= insert_every and living < len(w):
            _insert(w, ages, errors, living, split)
            living, seen = living + 1, 0
        errors *= decay
    w[living:] = w[0]
    new = w, ages, errors, np.arange(len(w)) < living, np.array(seen)
    return tuple(torch.from_numpy(v).to(old) for v, old in zip(new, state, strict=True))


def _move(w: Array, ages: Array, errors: Array, last: int, k: Any) -> None:
    """Replace unit k by the last one, whose place becomes free."""
    w[k], errors[k], errors[last] = w[last], errors[last], 0
    ages[k] = ages[last]
    ages[:, k] = ages[:, last]
    ages[k, k] = NO_EDGE
    ages[last] = ages[:, last] = NO_EDGE


def _insert(w: Array, ages: Array, errors: Array, new: int, split: float) -> None:
    """Insert a unit between that of the largest error and its worst neighbor."""
    worst = errors.argmax()
    other = np.where(ages[worst] > NO_EDGE, errors, -1).argmax()
    w[new] = (w[worst] + w[other]) / 2
    ages[worst, other] = ages[other, worst] = NO_EDGE
    for k in (worst, other):
        ages[new, k] = ages[k, new] = 0
        errors[k] *= split
    errors[new] = errors[worst]
