"""Gradient descent on rows whose rate follows the error of each member."""

from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.optimizers import RowOptimizer
from nnzoo.engine.population import Population
from nnzoo.models import Descend
from nnzoo.nn.adaptive_rate import adaptive_step

OPTIONS = ("lr", "lr_inc", "lr_dec", "max_inc", "momentum")


class RowGDA(RowOptimizer):
    """``nnzoo.nn.adaptive_rate`` for all members; the arguments are those of the base."""

    def descend(
        self, population: Population, action: Descend, batch: Batch, noise: Tensor | None
    ) -> Tensor:
        """Take one step; return the errors before it, (members,)."""
        self.steps += 1
        losses, gradients = population.gradients(action, batch, noise)
        options = {name: self.column(name) for name in OPTIONS}
        slopes = self.clipped(gradients)
        self.rows.copy_(adaptive_step(self.rows, slopes, losses, self.state, options))
        return losses
