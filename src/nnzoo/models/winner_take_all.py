"""Base of models with a competitive layer: its state, and rates that fall during the training."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.errors import check_int
from nnzoo.models.base import Model
from nnzoo.nn import CompetitiveLayer, rates
from nnzoo.nn.kmeans import require_points


class WinnerTakeAll(Model):
    """A model with a competitive layer that learns by a rule.

    Attributes:
        layer: (..., features) -> (..., units), one for the winner and zero for the others.
        state: state of the rule, (units,); see ``nnzoo.nn.online_rule``.
        lr, lr_end, conscience_until: see ``nnzoo.nn.rates``.
    """

    follows_length = True
    units_option = "model.units"  # the option that sets the number of competitive units

    lr: Tensor
    lr_end: Tensor
    conscience_until: Tensor
    state: Tensor

    def add_layer(
        self, features: int, units: int, lr: float, lr_end: float | None, conscience_until: float
    ) -> None:
        """Add the layer and its coefficients; an ``lr_end`` of None keeps the rate.

        Raises:
            InputError: if a value is not valid.
        """
        self.add_coefficient("lr", lr, above=0, high=1)
        self.add_coefficient("lr_end", lr if lr_end is None else lr_end, above=0, high=1)
        self.add_coefficient("conscience_until", conscience_until, above=0, high=1)
        self.layer = CompetitiveLayer(features, check_int(self.units_option, units))
        self.register_buffer("state", torch.full((units,), 1 / units))

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # a trained model may be applied to fewer points
            self.require_points(len(data.raw[0].x))

    def require_points(self, points: int) -> None:
        """Raise an InputError if there are more units than training points."""
        require_points(self.units_option, len(self.state), points)

    def rates(
        self, start: float, length: float, n: int, lr_end: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the rate and the conscience of n points, (n,) each; see ``nnzoo.nn.rates``."""
        end = self.lr_end if lr_end is None else lr_end
        return rates(start, length, n, self.lr, end, self.conscience_until)
