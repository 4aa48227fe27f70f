"""Scaled conjugate gradients on rows: each member has its own direction and damping."""

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.models import Descend
from nnzoo.nn.conjugate_gradient import conjugate_step


class RowSCG(RowOptimizer):
    """``nnzoo.nn.conjugate_gradient`` for all members; the arguments are those of the base."""

    @torch.no_grad()
    def descend(
        self, population: Population, action: Descend, batch: Batch, noise: Tensor | None
    ) -> Tensor:
        """Take one step; return the errors before it, (members,)."""
        self.steps += 1
        weights = self.rows.double()
        batch = batch.like(weights[0])
        noise = None if noise is None else noise.double()

        def slopes_at(rows: Tensor) -> tuple[Tensor, Tensor]:
            return population.gradients(action, batch, noise, rows)

        def error_at(rows: Tensor) -> Tensor:
            values = population.values_with(action.part, rows)
            errors: Tensor = population.call(action.loss, batch, noise, values=values)
            return errors

        options = {name: self.column(name) for name in ("sigma", "damping")}
        new, errors = conjugate_step(
            weights, slopes_at, error_at, self.state, options, self.rows.dtype
        )
        self.rows.copy_(new)
        return errors
