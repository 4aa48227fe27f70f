"""Bayesian regularization: Levenberg-Marquardt with a weight decay that follows from the data.

The residuals r are noise of precision beta, and the weights w, all biases included, are drawn with
precision alpha. With ``E_D = sum(r^2) / 2`` and ``E_W = sum(w^2) / 2`` the objective is

    F = beta E_D + alpha E_W.

Each step first estimates both precisions anew, from N residuals and n weights:

    gamma = n - alpha trace((beta J^T J + alpha I)^-1)
    alpha = gamma / (2 E_W),    beta = (N - gamma) / (2 E_D).

gamma, between 0 and n, is the number of parameters that the data determine. Then it takes a step of
Levenberg-Marquardt for ``2 F / beta = sum(r^2) + (alpha / beta) sum(w^2)``. The first step has
``alpha = FIRST_ALPHA`` and ``beta = 1``, since residuals of untrained weights are no noise.

Sources: D. J. C. MacKay, 1992, "A practical Bayesian framework for backpropagation networks";
F. D. Foresee, M. T. Hagan, 1997, "Gauss-Newton approximation to Bayesian learning".
"""

import torch
from torch import Tensor

from nnzoo.nn.levenberg_marquardt import (
    Damping,
    Equations,
    ErrorAt,
    LevenbergMarquardt,
    State,
    step,
)

NUMBERS = ("effective_parameters", "alpha", "beta")
"""Names of gamma, alpha and beta in the state of members."""

FIRST_ALPHA = 0.1
"""With 1, a third of networks on few noisy points of a parabola end at weights of 0."""

LEAST = 1e-300
"""Stands for 0 where it would be divided by; its inverse stands for infinity."""


class Regularized(Equations):
    """The damped equations of members with a weight decay.

    Args:
        jacobian, residuals: see ``Equations``.
        weights: (members, parameters).

    Attributes:
        decay: alpha / beta, (members,); 0 at first.
    """

    def __init__(self, jacobian: Tensor, residuals: Tensor, weights: Tensor) -> None:
        super().__init__(jacobian, residuals)
        self.decay = torch.zeros_like(residuals[:, 0])
        self._weights = weights[..., None]
        self._moved = (self.matrix if self._jacobian is None else jacobian) @ self._weights

    def change(self, mu: Tensor, members: Tensor) -> Tensor:
        """Return the changes of the parameters; see ``Equations.change``.

        They move the weights towards 0 by a share of them, which changes the residuals, and then
        solve the equations without decay.
        """
        total = mu + self.decay[members]
        share = (self.decay[members] / total)[:, None, None]
        right = self.right[members] - share * self._moved[members]
        towards_zero: Tensor = (share * self._weights[members])[..., 0]
        return self.solve(total, right, members) - towards_zero


def effective_parameters(matrix: Tensor, decay: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many parameters the data determine, gamma, and how far it is below the size of the
    matrix, (members,) each.

    Args:
        matrix: see ``Equations``; its eigenvalues that are not 0 are those of ``J^T J``.
        decay: alpha / beta, (members,).
    """
    found = torch.linalg.eigvalsh(matrix)
    rounding = torch.finfo(matrix.dtype).eps * matrix.shape[1] * found[:, -1:]
    found = torch.where(found > rounding, found, 0)
    total = found + decay[:, None]
    return (found / total).sum(1), (decay[:, None] / total).sum(1)


def bayesian_step(
    weights: Tensor,
    residuals: Tensor,
    jacobian: Tensor,
    error_at: ErrorAt,
    state: State,
    damping: Damping,
    dtype: torch.dtype,
) -> Tensor:
    """Return the members' weights after a step; update their state, which then has ``NUMBERS`` too.

    The arguments are those of ``levenberg_marquardt_step``.
    """
    errors, squares = residuals.square().sum(1), weights.square().sum(1)
    is_first, beta = "beta" not in state, torch.ones_like(errors)
    alpha = FIRST_ALPHA * beta
    if not is_first:
        alpha, beta = state["alpha"][:, 0], state["beta"][:, 0]
    equations = Regularized(jacobian, residuals, weights)
    gamma, rest = effective_parameters(equations.matrix, _decay(alpha, beta))
    if not is_first:
        free = residuals.shape[1] - equations.matrix.shape[1] + rest
        alpha, beta = gamma / squares.clamp(min=LEAST), free / errors.clamp(min=LEAST)
    equations.decay = decay = _decay(alpha, beta)
    state |= {n: v[:, None] for n, v in zip(NUMBERS, (gamma, alpha, beta), strict=True)}

    def objective_at(tried: Tensor, members: Tensor) -> Tensor:
        return error_at(tried, members) + decay[members] * tried.square().sum(1)

    objective = errors + decay * squares
    new, mu = step(weights, state["mu"][:, 0], objective, equations, objective_at, damping, dtype)
    state["mu"] = mu[:, None]
    return new


def _decay(alpha: Tensor, beta: Tensor) -> Tensor:
    return (alpha / beta).clamp(LEAST, 1 / LEAST)


class BayesianRegularization(LevenbergMarquardt):
    """Bayesian regularization as an optimizer of torch; arguments as in ``LevenbergMarquardt``.

    After each step, ``state[parameter]`` of the first parameter has ``NUMBERS`` of the weights
    before it. The closure returns the plain residuals, since their number counts.
    """

    advance = staticmethod(bayesian_step)
