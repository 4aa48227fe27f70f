"""Dropout of hidden units: its coefficient, and the random numbers of its masks."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import InputError
from nnzoo.models.bases.model import Model
from nnzoo.nn import MLP


class Dropout(Model):
    """A model whose hidden units are dropped out in training; see ``MLP.with_dropout`` of
    ``nnzoo.nn``.

    Attributes:
        dropout: the probability that a unit is dropped.
        dropped: units of each network that are dropped out; 0: there is no dropout.
    """

    dropout: Tensor

    def add_dropout(self, dropout: Any, *networks: MLP) -> None:
        """Add the dropout of the networks' hidden layers.

        Raises:
            InputError: if it is not a number from 0 to below 1, or there is no hidden layer.
        """
        self.add_coefficient("dropout", dropout, low=0, below=1)
        self.dropped = [network.hidden_units if dropout > 0 else 0 for network in networks]
        if dropout > 0 and not any(self.dropped):
            raise InputError(
                f"model.dropout={dropout:g} drops hidden units, and model.hidden has none"
            )

    def through(self, network: Any, x: Tensor, uniform: Tensor | None) -> Tensor:
        """Return a network's outputs, with dropout if there are random numbers for it."""
        is_off = uniform is None or not uniform.shape[-1]
        output: Tensor = network(x) if is_off else network.with_dropout(x, self.dropout, uniform)
        return output

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor | None:
        """Return uniform numbers, (points, dropped units), or None without dropout."""
        if not any(self.dropped):
            return None
        return torch.rand(len(batch.x), sum(self.dropped), generator=generator).to(batch.x)
