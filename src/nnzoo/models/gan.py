"""A generative adversarial network."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import check_int, check_ints
from nnzoo.models.bases.model import Model
from nnzoo.models.training.steps import Clock, Descend, Rule
from nnzoo.nn import MLP, MovingAverage, coverage, energy_distance

SAMPLES = 1000
"""Number of samples in the metrics, and the largest number of points they are compared with."""


class GAN(Model):
    """A generator of points that a discriminator learns to distinguish from real ones.

    With normal noise z, each batch takes one step of the discriminator D on ``loss``,
    ``-mean log D(x) - mean log(1 - D(G(z))) + gamma/2 mean |d logit D(x) / dx|^2``, then one step
    of the generator G on ``generator_loss``, ``-mean log D(G(z))``, with the same z; its gradient
    does not vanish where D is certain. The penalty gamma keeps G and D from circling each other,
    so that G loses no modes. For a D that always outputs 1/2 the losses are ``2 log 2`` and
    ``log 2``; neither measures the quality of G.

    Samples come from the moving average of G's weights, since G itself oscillates.
    ``energy_distance`` compares at most 1000 points with 1000 samples, in scaled units; a plain
    Lightning Trainer averages it over validation batches.

    Sources: I. Goodfellow et al., 2014, "Generative adversarial nets"; the penalty is R1 of
    L. Mescheder, A. Geiger, S. Nowozin, 2018, "Which training methods for GANs do actually
    converge?". For the average and the distance see ``nnzoo.nn.MovingAverage`` and
    ``nnzoo.nn.energy_distance``.

    Args:
        in_features: number of features.
        hidden: units of each hidden layer of the generator, from the noise outwards; may be empty.
            The discriminator has them in reverse order.
        latent: number of noise values per sample.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        average: decay of the moving average, see ``nnzoo.nn.MovingAverage``; 0: no averaging.
        gradient_penalty: gamma; 0: the losses of 2014.
        optimizer, scheduler: see ``Model``, for each of the networks; the default is RMSprop at a
            rate of 0.001: with momentum, as in Adam, samples of a round blob collapse onto a line.

    Attributes:
        generator: (..., latent) -> (..., in_features) scaled.
        discriminator: (..., in_features) scaled -> (..., 1): the logit of the probability that a
            point is real.
        average: the generator with averaged weights.
    """

    default_optimizer: ClassVar = {"name": "rmsprop", "lr": 0.001}
    parts = ("discriminator", "generator")
    monitor = "energy_distance"
    measured_whole = True  # the distance is not a mean over points
    monitor_label = "energy distance, scaled data"
    figures = ("curve", "losses", "generated")
    losses: ClassVar = {"discriminator": "loss", "generator": "generator_loss"}
    chain: ClassVar = {"": "noise", "generator": "generated point", "discriminator": "logit"}

    fixed_noise: Tensor
    gradient_penalty: Tensor

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (64, 64),
        latent: int = 4,
        activation: str = "relu",
        average: float = 0.99,
        gradient_penalty: float = 1.0,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.latent = check_int("model.latent", latent)
        widths = check_ints("model.hidden", hidden)
        self.generator = MLP([latent, *widths, in_features], activation)
        self.discriminator = MLP([in_features, *widths[::-1], 1], activation)
        self.average = MovingAverage(self.generator, average)
        self.add_coefficient("gradient_penalty", gradient_penalty, low=0)
        fixed_noise = torch.randn(SAMPLES, latent, generator=torch.Generator().manual_seed(0))
        self.register_buffer("fixed_noise", fixed_noise, persistent=False)

    def steps(self, clock: Clock) -> tuple[Descend | Rule, ...]:
        return (
            Descend("loss", "discriminator"),
            Descend("generator_loss", "generator"),
            Rule("average_weights", timed=False),
        )

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        return torch.randn(len(batch.x), self.latent, generator=generator).to(batch.x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the discriminator's loss; without noise, for fixed samples."""
        generated = self.generator(self.fixed_noise if noise is None else noise).detach()
        # Each logit depends on its own point alone, so the sum's gradient contains each slope.
        slopes, on_real = torch.func.grad(self._summed_logits, has_aux=True)(batch.x)
        on_generated = self.discriminator(generated)
        cross_entropy = -F.logsigmoid(on_real).mean() - F.logsigmoid(-on_generated).mean()
        return cross_entropy + (self.gradient_penalty / 2 * slopes.square().sum(-1)).mean()

    def _summed_logits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.discriminator(x)
        return logits.sum(), logits

    def generator_loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the generator's loss; without noise, for fixed samples."""
        noise = self.fixed_noise if noise is None else noise
        return -F.logsigmoid(self.discriminator(self.generator(noise))).mean()

    def average_weights(self, batch: Batch, clock: Clock | None) -> dict[str, Tensor]:
        """Return the moving average after the generator's step."""
        averaged = self.average.updated(self.generator)
        return {f"average.module.{name}": value for name, value in averaged.items()}

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of both networks and the energy distance."""
        n = len(batch.x)
        # Take points from the whole range, since they may be sorted.
        chosen = torch.arange(min(n, SAMPLES)) * n // min(n, SAMPLES)
        return {
            "loss": self.loss(batch),
            "generator_loss": self.generator_loss(batch),
            "energy_distance": energy_distance(batch.x[chosen], self.average(self.fixed_noise)),
        }

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return how 1000 samples cover the true centroids, if these are known; see
        ``nnzoo.nn.coverage``."""
        if data.points.centroids is None:
            return {}
        points = data.raw[0].x
        return coverage(self.sample(SAMPLES).to(points), points, data.points.centroids)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., 1): the probability that a point is real."""
        return self.discriminator(x).sigmoid()

    @property
    def output_names(self) -> list[str]:
        return ["real"]

    def predict_labels(self, x: Any) -> list[str]:
        """Return ``real`` where the probability is at least 0.5, otherwise ``generated``."""
        return ["real" if p >= 0.5 else "generated" for p in self.predict(x).reshape(-1).tolist()]

    def generate(self, n: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn(n, self.latent, generator=generator)
        return self.average(noise.to(self.prototype))
