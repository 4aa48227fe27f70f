"""Levenberg-Marquardt on rows: each member has its own damping, and takes its step by itself."""

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.models import Descend
from nnzoo.models.training.least_squares import BAYESIAN, LEVENBERG_MARQUARDT, shares
from nnzoo.nn.bayesian_regularization import NUMBERS, bayesian_step
from nnzoo.nn.levenberg_marquardt import Damping, levenberg_marquardt_step

STEPS = {BAYESIAN: bayesian_step, LEVENBERG_MARQUARDT: levenberg_marquardt_step}


class RowLevenbergMarquardt(RowOptimizer):
    """The optimizers in ``STEPS`` for all members; the arguments are those of the base."""

    measured = NUMBERS

    @torch.no_grad()
    def descend(
        self, population: Population, action: Descend, batch: Batch, noise: Tensor | None
    ) -> Tensor:
        """Take one step; return the errors before it, (members,)."""
        self.steps += 1
        rows = self.rows
        weights = rows.double()
        batch = batch.like(weights[0])
        noise = None if noise is None else noise.double()
        scale, share = shares(population.template, batch.x.shape[1])
        residuals, jacobian = population.residuals_and_jacobian(action.part, weights, batch, noise)
        residuals, jacobian = scale * residuals.flatten(1), scale * jacobian.flatten(1, 2)

        def error_at(tried: Tensor, members: Tensor) -> Tensor:
            # Calls for all members are replayed, which costs less than a call for some of them.
            values = population.values_with(action.part, weights.index_copy(0, members, tried))
            found = population.call("residuals", batch, noise, values=values)
            errors: Tensor = scale**2 * found.flatten(1).square().sum(1)
            return errors[members]

        self.state.setdefault("mu", self.column("mu"))
        damping = Damping(*(self.column(name)[:, 0] for name in Damping._fields))
        step = STEPS[self.name]
        new = step(weights, residuals, jacobian, error_at, self.state, damping, rows.dtype)
        rows.copy_(new)
        return share * residuals.square().sum(1)
