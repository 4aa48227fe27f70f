"""Cascade correlation: a network of hidden units in a cascade, and the rule that adds them."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from nnzoo.errors import check_int
from nnzoo.nn.quickprop import quickprop_change

LARGEST = 6e4  # finite in half precision too
"""The loss before the first epoch: any other one is a change."""


class Cascade(nn.Module):
    """Hidden units, each of which reads the inputs and all units before it, and linear outputs
    that read the inputs and all units.

    ``h_k = sigmoid(a_k + B_k x + sum_{j<k} C_kj h_j) - 1/2``. Columns of weights belong to the
    bias, the inputs and the units, in this order. All units exist from the start; one that has not
    been added has weights of 0.

    Source: S. E. Fahlman & C. Lebiere, 1990, "The cascade-correlation learning architecture".

    Attributes:
        hidden: (max_units, 1 + in_features + max_units); unit k reads units before it only.
        output: (units, 1 + in_features + max_units); at first random in the bias and the inputs.

    Raises:
        InputError: if a size is too small.
    """

    def __init__(self, in_features: int, units: int, max_units: int) -> None:
        super().__init__()
        self.max_units = check_int("model.max_units", max_units)
        self.first = 1 + in_features  # the column of the first unit
        columns = self.first + max_units
        self.hidden = nn.Parameter(torch.zeros(max_units, columns), requires_grad=False)
        self.output = nn.Parameter(torch.zeros(units, columns), requires_grad=False)
        self.output[:, : self.first].uniform_(-1, 1)

    @property
    def weight(self) -> Tensor:
        """The weights of the outputs, the last layer."""
        return self.output

    def columns(self, x: Tensor) -> Tensor:
        """Return 1, the inputs and the values of the units, (..., in_features) -> (...,
        columns)."""
        inputs = torch.cat([torch.ones_like(x[..., :1]), x], -1)
        net = inputs @ self.hidden[:, : self.first].T
        between = self.hidden[:, self.first :].T
        values = torch.zeros_like(net)
        for _ in range(self.max_units):  # each round makes one more unit right
            values = torch.sigmoid(net + values @ between) - 0.5
        return torch.cat([inputs, values], -1)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units)."""
        return self.columns(x) @ self.output.T


class CascadeState(NamedTuple):
    """What the rule changes; 0-d unless a shape is given."""

    hidden: Tensor  # see ``Cascade``
    output: Tensor
    output_slope: Tensor  # of the step of quickprop before, as the output weights
    output_change: Tensor
    pool: Tensor  # weights of the candidates, (candidates, columns)
    pool_slope: Tensor
    pool_change: Tensor
    hidden_units: Tensor  # number of units added
    adding: Tensor  # 1 while the candidates learn, 0 while the outputs learn
    reference: Tensor  # the loss or correlation that the next ones are compared with
    waited: Tensor  # epochs since the reference
    spent: Tensor  # epochs of the phase: of the outputs, or of the candidates
    finished: Tensor  # 1 after the end, from which on nothing changes


class CascadeRates(NamedTuple):
    """Numbers of the rule, 0-d each."""

    lr: Tensor  # rate of the outputs
    lr_candidates: Tensor
    mu: Tensor  # see ``quickprop_change``
    weight_decay: Tensor  # of the outputs
    patience: Tensor  # epochs without a change that end a phase
    phase_epochs: Tensor  # maximum number of epochs of a phase
    min_change: Tensor  # relative change of the loss that counts
    min_change_candidates: Tensor  # of the highest correlation


def correlation(columns: Tensor, errors: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
    """Return the covariances of candidates and errors, and the slopes of the sums of their
    magnitudes.

    ``S = sum_o |sum_p (v_p - mean v) (e_po - mean e_o)| / sum e^2`` with the candidate's values
    ``v = sigmoid(columns w) - 1/2``. The slope of S by w is ``sum_p,o s_o (e_po - mean e_o) / sum
    e^2 v'_p columns_p``, with the sign s of the covariance. The source has no divisor; it makes
    rates independent of the size of the errors.

    Args:
        columns: inputs of the candidates, (points, columns).
        errors: (points, outputs).
        pool: weights, (candidates, columns).

    Returns:
        (candidates, outputs) and (candidates, columns).
    """
    squares = errors.square().sum()
    shares = (errors - errors.mean(0)) / torch.where(squares > 0, squares, 1)
    values = torch.sigmoid(columns @ pool.T) - 0.5
    covariances = values.T @ shares
    through = (shares @ covariances.sign().T) * (0.25 - values.square())
    return covariances, through.T @ columns


def cascade_rule(
    state: CascadeState,
    columns: Tensor,
    errors: Tensor,
    loss: Tensor,
    solved: Tensor,
    fresh: Tensor,
    rates: CascadeRates,
) -> CascadeState:
    """Return the state after one epoch.

    The outputs learn until ``patience`` epochs have hardly changed the loss. Then the candidates
    learn, from ``fresh`` weights, until the largest of their correlations S hardly changes; the
    best one is added, and its output weights start at minus its covariances. The weights of a unit
    never change after that. The end is where the errors are small enough, or where the outputs
    have learned with all units added.

    Args:
        state: the state before.
        columns: ``Cascade.columns`` of all points.
        errors: derivatives of the points' losses by net inputs of the outputs, (points, outputs).
        loss: the loss, 0-d.
        solved: whether the errors are small enough, 0-d.
        fresh: random weights between -1 and 1, of the shape of ``pool``.
        rates: see ``CascadeRates``.
    """
    places = torch.arange(columns.shape[1], device=columns.device)
    first = columns.shape[1] - len(state.hidden)
    used = places < first + state.hidden_units
    after = _learn_outputs(state, columns, errors, loss, solved, fresh * used, used, rates)
    added = _learn_candidates(state, columns, errors, places - first, used, rates)
    chosen = [torch.where(state.adding > 0, b, a) for a, b in zip(after, added, strict=True)]
    ended = state.finished > 0
    return CascadeState(
        *(torch.where(ended, a, b).to(a) for a, b in zip(state, chosen, strict=True))
    )


def _time(
    state: CascadeState, value: Tensor, least: Tensor, other: float, rates: CascadeRates
) -> tuple[dict[str, Tensor], Tensor]:
    """Return what the state says of a phase after an epoch with this loss or correlation, and
    whether it ends; ``other`` is the first reference of the other phase."""
    changed = (value - state.reference).abs() > least * state.reference
    waited = torch.where(changed, 0, state.waited + 1)
    spent = state.spent + 1
    stops = (waited >= rates.patience) | (spent >= rates.phase_epochs)
    found = {
        "reference": torch.where(changed, value, state.reference),
        "waited": waited,
        "spent": spent,
    }
    first = {"reference": other, "waited": 0, "spent": 0}
    return {name: torch.where(stops, first[name], found[name]) for name in found}, stops


def _learn_outputs(
    state: CascadeState,
    columns: Tensor,
    errors: Tensor,
    loss: Tensor,
    solved: Tensor,
    fresh: Tensor,
    used: Tensor,
    rates: CascadeRates,
) -> CascadeState:
    phase, stops = _time(state, loss, rates.min_change, 0, rates)
    full = state.hidden_units >= len(state.hidden)
    slope = (errors.T @ columns / len(columns) + rates.weight_decay * state.output) * used
    before = state.output_slope, state.output_change
    change = quickprop_change(slope, *before, rates.lr, rates.mu)
    zeros = torch.zeros_like(fresh)
    return state._replace(
        output=torch.where(solved | stops, state.output, state.output + change),
        output_slope=slope,
        output_change=change,
        pool=torch.where(stops, fresh, state.pool),
        pool_slope=zeros,
        pool_change=zeros,
        adding=torch.where(stops & ~full, 1, state.adding),
        finished=torch.where(solved | (stops & full), 1, state.finished),
        **phase,
    )


def _learn_candidates(
    state: CascadeState,
    columns: Tensor,
    errors: Tensor,
    unit: Tensor,
    used: Tensor,
    rates: CascadeRates,
) -> CascadeState:
    covariances, slope = correlation(columns, errors, state.pool)
    score = covariances.abs().sum(1)
    highest, winner = score.max(0)
    phase, stops = _time(state, highest, rates.min_change_candidates, LARGEST, rates)
    uphill = -slope * used / len(columns)
    before = state.pool_slope, state.pool_change
    change = quickprop_change(uphill, *before, rates.lr_candidates, rates.mu)
    is_best = (torch.arange(len(score), device=score.device) == winner).to(columns)
    new = stops & (unit == state.hidden_units)  # its column, of the output weights
    rows = new[len(unit) - len(state.hidden) :]
    zeros = torch.zeros_like(state.output)
    return state._replace(
        hidden=torch.where(rows[:, None], is_best @ state.pool, state.hidden),
        output=torch.where(new, -(is_best @ covariances)[:, None], state.output),
        output_slope=zeros,
        output_change=zeros,
        pool=torch.where(stops, state.pool, state.pool + change),
        pool_slope=uphill,
        pool_change=change,
        hidden_units=state.hidden_units + stops,
        adding=torch.where(stops, 0, state.adding),
        **phase,
    )
