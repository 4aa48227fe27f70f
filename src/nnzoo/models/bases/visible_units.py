"""Base of the models with visible units: which kind of them suits the data."""

from typing import Any

import torch
from torch import Tensor

from nnzoo import nn
from nnzoo.errors import InputError, check_int
from nnzoo.models.bases.reconstructor import Reconstructor

SAMPLE_STEPS = 500
"""Number of steps of Gibbs sampling from a random start to a sample."""


class VisibleUnits(Reconstructor):
    """A model of visible units: ``bernoulli`` for data scaled to [0, 1], otherwise ``gaussian``.

    Attributes:
        visible: the kind.
        gibbs_steps: number of steps of Gibbs sampling of a training step.
    """

    figures = (*Reconstructor.figures, "generated", "filters")
    chain_has_outputs = False

    def add_visible(self, visible: str, gibbs_steps: int) -> None:
        """Keep the kind of the units and the number of steps; an InputError if that is not a whole
        number of at least 1."""
        self.visible = visible
        self.gibbs_steps = check_int("model.gibbs_steps", gibbs_steps)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        sizes = super().sizes(data)
        fits = sizes.pop("output_activation") == "sigmoid"
        return sizes | {"visible": "bernoulli" if fits else "gaussian"}

    def check(self, data: Any) -> None:
        super().check(data)
        if self.visible == "bernoulli" and self.sizes(data)["visible"] != self.visible:
            raise InputError(
                "model.visible=bernoulli needs values from 0 to 1: use data.scale=minmax or "
                "model.visible=gaussian"
            )

    @torch.no_grad()
    def start_biases(self, rbm: nn.RBM, x: Tensor) -> None:
        """Set a machine's visible biases to the solution without hidden units, for scaled points
        (points, in_features)."""
        mean, least = x.mean(0), 0.5 / len(x)
        share = mean.clamp(least, 1 - least)  # the logits of 0 and 1 are infinite
        rbm.visible_bias.copy_(share.logit() if self.visible == "bernoulli" else mean)
