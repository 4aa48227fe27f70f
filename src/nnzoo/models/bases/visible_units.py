"""Base of the models with visible units: which kind of them suits the data."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from nnzoo import nn
from nnzoo.errors import InputError, check_int
from nnzoo.models.bases.reconstructor import Reconstructor

SAMPLE_STEPS = 500
"""Number of steps of Gibbs sampling from a random start to a sample."""

SEEN = 1000
"""Number of points that are read to find out whether their values are measurements."""


class VisibleUnits(Reconstructor):
    """A model of visible units: ``bernoulli`` for data scaled to [0, 1], otherwise ``gaussian``.

    Attributes:
        visible: the kind.
        gibbs_steps: number of steps of Gibbs sampling of a training step.
        graded: 0-d, 1 if bernoulli units learned values other than 0 and 1, as probabilities.
    """

    graded: Tensor

    figures = (*Reconstructor.figures, "generated", "filters")
    chain_has_outputs = False

    def add_visible(self, visible: str, gibbs_steps: int) -> None:
        """Keep the kind of the units and the number of steps; an InputError if that is not a whole
        number of at least 1."""
        self.visible = visible
        self.register_buffer("graded", torch.tensor(0.0))
        self.gibbs_steps = check_int("model.gibbs_steps", gibbs_steps)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        sizes = super().sizes(data)
        fits = sizes.pop("output_activation") == "sigmoid"
        return sizes | {"visible": "bernoulli" if fits else "gaussian"}

    def check(self, data: Any) -> None:
        super().check(data)
        if not self.training:  # a trained model may be applied to other points
            return
        if self.visible == "bernoulli" and self.sizes(data)["visible"] != self.visible:
            raise InputError(
                "model.visible=bernoulli needs values from 0 to 1: use data.scale=minmax or "
                "model.visible=gaussian"
            )

    def notes(self, data: Any) -> list[str]:
        x = data.scaling(data.raw[0].x[:SEEN])
        inside = (x > 0) & (x < 1)
        if self.visible != "bernoulli" or data.points.image_shape or inside.float().mean() < 0.5:
            return []
        return [
            "most values are neither 0 nor 1 and count as probabilities, of which bernoulli units "
            "learn little: data.scale=standard learns them as measurements"
        ]

    @property
    def rbms(self) -> list[nn.RBM]:
        """The machines, from the data upwards."""
        raise NotImplementedError

    def generate(self, n: int, generator: torch.Generator) -> Tensor:
        """Return samples: ``SAMPLE_STEPS`` steps of Gibbs sampling in the top machine, and from
        there one sample of each layer below. If the training points are ``graded``, the values are
        the probabilities of the visible units in the last step."""
        first, top = self.rbms[0], self.rbms[-1]
        v = top.sample(n, SAMPLE_STEPS - 1, generator)
        noise = top.noise(n, generator=generator).to(v)
        h = top.sample_hidden(v, noise)
        for rbm, below in pairwise(reversed(self.rbms)):
            h = rbm.sample_visible(h, noise)
            noise = below.noise(n, generator=generator).to(v)
        return first.visible_mean(h) if self.graded else first.sample_visible(h, noise)

    @torch.no_grad()
    def start_biases(self, rbm: nn.RBM, x: Tensor) -> None:
        """Set a machine's visible biases to the solution without hidden units, for scaled points
        (points, in_features), and whether these are graded."""
        self.graded.fill_(self.visible == "bernoulli" and bool(((x != 0) & (x != 1)).any()))
        mean, least = x.mean(0), 0.5 / len(x)
        share = mean.clamp(least, 1 - least)  # the logits of 0 and 1 are infinite
        rbm.visible_bias.copy_(share.logit() if self.visible == "bernoulli" else mean)
