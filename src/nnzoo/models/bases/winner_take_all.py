"""Bases of models with a competitive layer: the layer, and the state and rates of its rule."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.errors import check_int
from nnzoo.models.bases.model import Model
from nnzoo.nn import CompetitiveLayer
from nnzoo.nn.kmeans import require_points


class Winners(Model):
    """A model of which one unit wins each point.

    A subclass defines ``nearest_units`` and ``winner_distance``.
    """

    layer: Any

    def nearest_units(self, x: Tensor) -> Tensor:
        """Return the indices of the units that win, (..., in_features) scaled -> (...)."""
        raise NotImplementedError

    def winner_distance(self, x: Tensor) -> Tensor:
        """Return the distances to the units that win, (..., in_features) scaled -> (...)."""
        raise NotImplementedError

    @torch.no_grad()
    def winners(self, x: Any) -> Tensor:
        """Return the index of the unit that wins, for raw points, (..., in_features) -> (...);
        errors as in ``scaled``."""
        return self.nearest_units(self.scaled(x))


class WinnerTakeAll(Winners):
    """A model with a competitive layer that learns by a rule.

    Attributes:
        layer: (..., features) -> (..., units), one for the winner and zero for the others.
        lr, lr_end: learning rates at the start and at the end of a training.
    """

    follows_length = True
    units_option = "model.units"  # the option that sets the number of competitive units

    lr: Tensor
    lr_end: Tensor

    def add_layer(self, features: int, units: int, lr: float, lr_end: float | None) -> None:
        """Add the layer and its rates; an ``lr_end`` of None keeps the rate.

        Raises:
            InputError: if a value is not valid.
        """
        self.add_coefficient("lr", lr, above=0, high=1)
        self.add_coefficient("lr_end", lr if lr_end is None else lr_end, above=0, high=1)
        self.layer = CompetitiveLayer(features, check_int(self.units_option, units))

    @property
    def units_text(self) -> str:
        """The words for the number of units in messages."""
        return self.units_option

    def encode(self, x: Tensor) -> Tensor:
        """Return the input of the layer, (..., in_features) scaled -> (..., features)."""
        return x

    def nearest_units(self, x: Tensor) -> Tensor:
        """Return the indices of the nearest units, (..., in_features) scaled -> (...)."""
        return self.layer.winners(self.encode(x))

    def winner_distance(self, x: Tensor) -> Tensor:
        """Return the distances to the nearest units, (..., in_features) scaled -> (...)."""
        return self.layer.distances(self.encode(x)).amin(-1)

    @torch.no_grad()
    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return ``dead_units``, the number of units that win no training point."""
        wins = torch.zeros(len(self.layer.weight), dtype=torch.bool)
        for part in data.scaled_slices(data.raw[0]):
            wins[self.nearest_units(part.like(self.prototype).x).cpu()] = True
        return {"dead_units": int((~wins).sum())}

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # a trained model may be applied to fewer points
            require_points(self.units_text, len(self.layer.weight), len(data.raw[0].x))

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        require_points(self.units_text, len(self.layer.weight), len(x))


class Conscious(WinnerTakeAll):
    """A model whose rule may have a conscience.

    Attributes:
        state: state of the rule, (units,); see ``nnzoo.nn.online_rule``.
        conscience_until: see ``nnzoo.nn.rates``.
    """

    conscience_until: Tensor
    state: Tensor

    def add_conscience(self, until: float) -> None:
        """Add the state of the rule and the share of the training with a conscience.

        Raises:
            InputError: if it is not between 0 and 1.
        """
        self.add_coefficient("conscience_until", until, low=0, high=1)
        units = len(self.layer.weight)
        self.register_buffer("state", torch.full((units,), 1 / units))

    @property
    def prototype(self) -> Tensor:
        return self.state.new_empty(0)  # not the layer's weights, which are always float64

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        self.state.fill_(1 / len(self.state))
