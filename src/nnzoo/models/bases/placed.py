"""Base of models whose weights are points among those that they learn."""

from collections.abc import Sequence
from typing import Any

import torch

from nnzoo.models.bases.model import Model
from nnzoo.models.parts.initial import as_lists, set_values


class Placed(Model):
    """A model with a module ``layer`` whose ``weight`` is points, which may be given by hand."""

    layer: Any

    def set_given(self, initial_weight: Sequence[Any] | None) -> None:
        """Set the weights to given points, (units, in_features) in raw units; None: later ones from
        the data.

        Raises:
            InputError: see ``set_values``.
        """
        self._given = as_lists(initial_weight)
        self.set_placed()

    @torch.no_grad()
    def set_placed(self) -> bool:
        """Set the weights to the given points, scaled; return whether there are any."""
        if self._given is not None:
            set_values("model.initial_weight", self.layer.weight, self._given)
            self.layer.weight.copy_(self.scaling(self.layer.weight))
        return self._given is not None

    def set_scaling(self, data: Any) -> None:
        super().set_scaling(data)
        self.set_placed()
