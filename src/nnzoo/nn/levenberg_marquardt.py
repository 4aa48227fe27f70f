"""The Levenberg-Marquardt step, for many models at once and as an optimizer of torch.

For residuals r(w), whose sum of squares is the error, with their Jacobian J, the step is

    w <- w - (J^T J + mu I)^-1 J^T r.

It is taken only if the error falls. A small damping mu gives the Gauss-Newton step, a large one a
short step along the gradient: a step that lowers the error divides mu, one that does not multiplies
it and is tried again.

Sources: K. Levenberg, 1944, "A method for the solution of certain non-linear problems in least
squares"; D. W. Marquardt, 1963, "An algorithm for least-squares estimation of nonlinear
parameters"; M. T. Hagan, M. B. Menhaj, 1994, "Training feedforward networks with the Marquardt
algorithm".

All of it is computed in float64: J^T J squares the condition number of J, and near the minimum the
error falls by less than float32 resolves.
"""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from nnzoo.nn.flat import in_double, read, write

ROWS_AT_ONCE = 64
"""Residuals whose gradients are computed together; more take memory and are not faster."""

State = dict[str, Tensor]
"""What members keep between steps, by name, (members, 1) each; at first their damping ``mu``."""

ErrorAt = Callable[[Tensor, Tensor], Tensor]
"""Returns the errors (some,) at weights (some, parameters) of the members at some positions."""


class Damping(NamedTuple):
    """How the damping changes: numbers, or one for each member (members,).

    Attributes:
        mu_inc: factor after a step that does not lower the error, above 1.
        mu_dec: factor after a step that does, between 0 and 1.
        mu_max: damping at which a step ends without a change.
    """

    mu_inc: float | Tensor
    mu_dec: float | Tensor
    mu_max: float | Tensor


class Equations:
    """The damped equations of members.

    With fewer residuals than parameters the equal step ``-J^T (J J^T + mu I)^-1 r`` is cheaper.

    Args:
        jacobian: (members, residuals, parameters).
        residuals: (members, residuals).

    Attributes:
        matrix: ``J^T J`` or ``J J^T``, whichever is smaller, (members, k, k).
        right: ``J^T r`` or ``r``, (members, k, 1).
        least: the smallest damping that counts, (members,).
    """

    def __init__(self, jacobian: Tensor, residuals: Tensor) -> None:
        count, parameters = jacobian.shape[1:]
        self._jacobian = jacobian if count < parameters else None
        transposed = jacobian.mT
        if self._jacobian is None:
            self.matrix, self.right = transposed @ jacobian, transposed @ residuals[..., None]
        else:
            self.matrix, self.right = jacobian @ transposed, residuals[..., None]
        # Less damping than this is lost in the rounding of the matrix.
        diagonal = self.matrix.diagonal(dim1=1, dim2=2)
        self.least = torch.finfo(jacobian.dtype).eps * diagonal.amax(1)

    def change(self, mu: Tensor, members: Tensor) -> Tensor:
        """Return the changes of the parameters of some members, (some, parameters).

        They are NaN where the equations have no solution.

        Args:
            mu: the damping, (some,).
            members: the members' positions, (some,).
        """
        return self.solve(mu, self.right[members], members)

    def solve(self, mu: Tensor, right: Tensor, members: Tensor) -> Tensor:
        """Return ``change`` for other right sides (some, numbers, 1) than ``right``."""
        damped = self.matrix[members]
        damped.diagonal(dim1=1, dim2=2).add_(mu[:, None])
        factor, failed = torch.linalg.cholesky_ex(damped)
        solved = torch.cholesky_solve(right, factor)
        if self._jacobian is not None:
            solved = self._jacobian[members].mT @ solved
        return torch.where(failed[:, None] == 0, -solved[..., 0], torch.nan)


def step(
    weights: Tensor,
    mu: Tensor,
    errors: Tensor,
    equations: Equations,
    error_at: ErrorAt,
    damping: Damping,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Return the members' parameters and damping after a step.

    Args:
        weights: (members, parameters), float64.
        mu: the damping, (members,).
        errors: the errors at these weights, (members,).
        equations: at these weights.
        error_at: see ``ErrorAt``.
        damping: see ``Damping``.
        dtype: to which the weights are rounded before their error counts.
    """
    weights = weights.clone()
    inc, dec, most = (mu.new_ones(len(mu)) * value for value in damping)
    mu = mu.maximum(equations.least).minimum(most)
    trying = torch.arange(len(mu), device=mu.device)
    while len(trying):
        tried = weights[trying] + equations.change(mu[trying], trying)
        tried = tried.to(dtype).to(weights)
        better = error_at(tried, trying) < errors[trying]
        weights[trying[better]] = tried[better]
        mu[trying] *= torch.where(better, dec[trying], inc[trying])
        trying = trying[~better & (mu[trying] <= most[trying])]
    return weights, mu.minimum(most)


def levenberg_marquardt_step(
    weights: Tensor,
    residuals: Tensor,
    jacobian: Tensor,
    error_at: ErrorAt,
    state: State,
    damping: Damping,
    dtype: torch.dtype,
) -> Tensor:
    """Return the members' weights after a step; update their state.

    Args:
        weights: (members, parameters), float64.
        residuals: at these weights, (members, residuals).
        jacobian: their derivatives, (members, residuals, parameters).
        error_at: returns sums of squares of residuals, see ``ErrorAt``.
        state: see ``State``.
        damping, dtype: see ``step``.
    """
    errors, equations = residuals.square().sum(1), Equations(jacobian, residuals)
    new, mu = step(weights, state["mu"][:, 0], errors, equations, error_at, damping, dtype)
    state["mu"] = mu[:, None]
    return new


class LevenbergMarquardt(Optimizer):
    """Levenberg-Marquardt as an optimizer of torch.

    Args:
        params: parameters, in a single group.
        mu: first damping.
        mu_inc, mu_dec, mu_max: see ``Damping``.

    Raises:
        ValueError: if there are several groups, or a number is out of its range.
    """

    advance = staticmethod(levenberg_marquardt_step)

    def __init__(
        self,
        params: Iterable[Tensor],
        mu: float = 1e-3,
        mu_inc: float = 10.0,
        mu_dec: float = 0.1,
        mu_max: float = 1e10,
    ) -> None:
        if not 0 < mu <= mu_max:
            raise ValueError(f"mu must be above 0 and at most mu_max, got {mu}")
        if not isfinite(mu_max):
            raise ValueError(f"mu_max must be finite, got {mu_max}")
        if not mu_inc > 1:
            raise ValueError(f"mu_inc must be above 1, got {mu_inc}")
        if not 0 < mu_dec < 1:
            raise ValueError(f"mu_dec must be between 0 and 1, got {mu_dec}")
        defaults = {"mu": mu, "mu_inc": mu_inc, "mu_dec": mu_dec, "mu_max": mu_max}
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("there is one damping for all parameters")

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Take one step; return the error before it.

        Args:
            closure: returns the residuals, whose sum of squares is the error, of any shape. The
                parameters are float64 while it is called, so its inputs must be so too.
        """
        group: dict[str, Any] = self.param_groups[0]
        parameters = [own for own in group["params"] if own.requires_grad]
        dtype = parameters[0].dtype
        with in_double(parameters):
            return self._step(closure, group, parameters, dtype)

    def _step(
        self,
        closure: Callable[[], Tensor],
        group: dict[str, Any],
        parameters: list[Tensor],
        dtype: torch.dtype,
    ) -> Tensor:
        with torch.enable_grad():
            residuals = closure().reshape(-1)
            jacobian = _jacobian(residuals, parameters)
        residuals = residuals.detach()
        error = residuals.square().sum()

        @torch.no_grad()
        def error_at(weights: Tensor, members: Tensor) -> Tensor:
            write(weights[0], parameters)
            return closure().square().sum()[None]

        weights = read(parameters)
        kept = self.state[group["params"][0]]
        # Numbers: load_state_dict would round tensors to the parameters' dtype.
        numbers = {"mu": group["mu"]} | kept
        state = {name: weights.new_tensor([[value]]) for name, value in numbers.items()}
        damping = Damping(*(group[name] for name in Damping._fields))
        found = residuals[None], jacobian[None]
        new = self.advance(weights[None], *found, error_at, state, damping, dtype)
        write(new[0], parameters)
        kept |= {name: value.item() for name, value in state.items()}
        return error


def _jacobian(residuals: Tensor, parameters: list[Tensor]) -> Tensor:
    """Return the derivatives (residuals, numbers) of residuals by all numbers of parameters."""
    rows = []
    for chosen in torch.eye(len(residuals)).to(residuals).split(ROWS_AT_ONCE):
        found = torch.autograd.grad(
            residuals,
            parameters,
            chosen,
            retain_graph=True,
            is_grads_batched=True,
            allow_unused=True,
            materialize_grads=True,
        )
        rows.append(torch.cat([one.reshape(len(chosen), -1) for one in found], 1))
    return torch.cat(rows)
