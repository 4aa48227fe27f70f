"""Levenberg-Marquardt on rows: each member has its own damping, and takes its step by itself."""

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.models import Descend
from nnzoo.nn.levenberg_marquardt import Damping, Equations, step


class RowLevenbergMarquardt(RowOptimizer):
    """``nnzoo.nn.levenberg_marquardt`` for all members; the arguments are those of the base."""

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
        # The loss is the sum of squares, or the mean of the points' sums.
        share = 1.0 if population.template.loss_is_sum else 1 / batch.x.shape[1]
        residuals, jacobian = population.residuals_and_jacobian(action.part, weights, batch, noise)
        residuals, jacobian = residuals.flatten(1), jacobian.flatten(1, 2)
        errors = share * residuals.square().sum(1)
        equations = Equations(share**0.5 * jacobian, share**0.5 * residuals)

        def error_at(tried: Tensor, members: Tensor) -> Tensor:
            # Calls for all members are replayed, which costs less than a call for some of them.
            values = population.values_with(action.part, weights.index_copy(0, members, tried))
            found = population.call("residuals", batch, noise, values=values)
            errors: Tensor = share * found.flatten(1).square().sum(1)
            return errors[members]

        if "mu" not in self.state:
            self.state["mu"] = self.column("mu")
        damping = Damping(*(self.column(name)[:, 0] for name in Damping._fields))
        mu = self.state["mu"][:, 0]
        new, mu = step(weights, mu, errors, equations, error_at, damping, rows.dtype)
        rows.copy_(new)
        self.state["mu"] = mu[:, None]
        return errors
