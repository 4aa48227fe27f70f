"""A generative adversarial network."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from nnzoo.batch import Batch
from nnzoo.errors import whole, wholes
from nnzoo.models.base import Model
from nnzoo.nn import MLP, MovingAverage, coverage, energy_distance

SAMPLES = 1000
"""Samples that are measured, and the most points that they are compared with."""


class GAN(Model):
    """A generator that learns to make points that a discriminator cannot tell from real ones.

    With normal noise z, generator G and discriminator D, each batch takes one step of D down
    ``loss``, ``-mean log D(x) - mean log(1 - D(G(z)))``, then one of G down ``generator_loss``,
    ``-mean log D(G(z))`` for the same z, whose gradient does not vanish where D is sure. Where
    nothing can be told apart they are ``2 log 2`` and ``log 2``; neither says how good G is.

    Samples are made by the moving average of G's weights, since G itself circles around its goal.
    ``energy_distance`` is that of the points to 1000 samples, in the scale trained on; of more
    points, to 1000 of them; of several batches, as a loader of one's own may have, the mean.

    Source: I. Goodfellow et al., 2014, "Generative adversarial nets". For the average and the
    distance see ``nnzoo.nn.MovingAverage`` and ``nnzoo.nn.energy_distance``.

    Args:
        in_features: number of features.
        hidden: units of each hidden layer of the generator, from the noise outwards; may be empty.
            The discriminator has them in reverse order.
        latent: number of noise values that a sample is made from.
        activation: of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        average: decay of the moving average, see ``nnzoo.nn.MovingAverage``; 0: none.
        optimizer, scheduler: see ``Model``, one of each for either network; no optimizer:
            RMSprop at a rate of .001.

    Attributes:
        generator: (..., latent) -> (..., in_features) scaled.
        discriminator: (..., in_features) scaled -> (..., 1): the logit of the probability that a
            point is real.
        average: as the generator, with the averaged weights.

    Raises:
        InputError: if a size is not positive, the decay is not in [0, 1), or the activation is
            unknown.
    """

    manual = True
    unstackable = "its two networks take steps in turn"
    curve = "energy_distance"
    curve_label = "energy distance, as scaled"
    figures = ("curve", "generated")

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (64, 64),
        latent: int = 4,
        activation: str = "relu",
        average: float = 0.995,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        # With momentum, as Adam has it, the samples of a round blob come to lie on a line.
        optimizer = optimizer or {"name": "rmsprop", "lr": 0.001}
        super().__init__(in_features, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.latent = whole("model.latent", latent)
        widths = wholes("model.hidden", hidden)
        self.generator = MLP([latent, *widths, in_features], activation)
        self.discriminator = MLP([in_features, *widths[::-1], 1], activation)
        self.average = MovingAverage(self.generator, average)

    def parts(self) -> list[nn.Module]:
        return [self.generator, self.discriminator]

    @property
    def output_names(self) -> list[str]:
        return ["real"]

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., 1): the probability that a point is real."""
        return self.discriminator(x).sigmoid()

    def decisions(self, x: Any) -> list[str]:
        """``real`` where the probability is at least .5, else ``generated``."""
        return ["real" if p >= 0.5 else "generated" for p in self.predict(x)[..., 0].tolist()]

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """New points like those trained on.

        Args:
            n: number of points.
            seed: of the noise that they are made from; torch's global stream is left alone.

        Returns:
            (n, in_features) in raw units, the same for the same seed.

        Raises:
            InputError: if n is less than 1, or the seed is no whole number of at least 0.
        """
        whole("n", n)
        whole("seed", seed, low=0, high=2**63 - 1)
        return self.scaling.inverse(self.average(self._noise(n, seed)))

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """The discriminator's loss, which has no gradient for the generator.

        Args:
            batch: in the scale trained on.
            noise: (points, latent), the generator's input; None: the same for each call.
        """
        with torch.no_grad():
            generated = self.generator(self._noise(SAMPLES) if noise is None else noise)
        # One pass through the network costs less than two.
        logits = self.discriminator(torch.cat((batch.x, generated)))
        on_real, on_generated = logits.split([len(batch.x), len(generated)])
        return -F.logsigmoid(on_real).mean() - F.logsigmoid(-on_generated).mean()

    def generator_loss(self, noise: Tensor) -> Tensor:
        """(points, latent) -> (): the generator's loss."""
        return -F.logsigmoid(self.discriminator(self.generator(noise))).mean()

    def draw(self, batch: Batch) -> Tensor:
        noise = torch.randn(len(batch.x), self.latent, generator=self.random())
        return noise.to(self.scaling.offset)

    def learn(self, batch: Batch) -> Tensor:
        """Change the parameters by one batch; the discriminator's loss before the change."""
        optimizers: Any = self.optimizers(use_pl_optimizer=False)
        for_generator, for_discriminator = optimizers
        noise = self.draw(batch)
        loss = _step(for_discriminator, self.discriminator, lambda: self.loss(batch, noise))
        _step(for_generator, self.generator, lambda: self.generator_loss(noise))
        self.average.update(self.generator)
        return loss

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """The losses of both networks, and the energy distance."""
        noise = self._noise(SAMPLES)
        n = len(batch.x)
        # Spread over all of them, since they may come in some order.
        chosen = torch.arange(min(n, SAMPLES)) * n // min(n, SAMPLES)
        return {
            "loss": self.loss(batch, noise),
            "generator_loss": self.generator_loss(noise),
            "energy_distance": energy_distance(batch.x[chosen], self.average(noise)),
        }

    def score(self, data: Any) -> dict[str, float]:
        """The metrics and, where the true centroids are known, how 1000 samples are spread over
        them: see ``nnzoo.nn.coverage``."""
        measured = super().score(data)
        if data.points.centroids is not None:
            points = data.raw[0].x
            measured |= coverage(self.sample(SAMPLES).to(points), points, data.points.centroids)
        return measured

    def _noise(self, n: int, seed: int = 0) -> Tensor:
        """(n, latent) that depend on the seed alone."""
        noise = torch.randn(n, self.latent, generator=torch.Generator().manual_seed(seed))
        return noise.to(self.scaling.offset)


def _step(optimizer: Optimizer, part: nn.Module, loss: Callable[[], Tensor]) -> Tensor:
    """Change the parameters of one part down the gradient of a loss; the loss before it."""

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward(inputs=list(part.parameters()))
        return value.detach()  # type: ignore[return-value]  # torch hands it through

    before: Any = optimizer.step(closure)
    return before
