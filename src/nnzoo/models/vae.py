"""A variational autoencoder, which rebuilds its input and makes new points like it."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.errors import number, whole
from nnzoo.models.reconstructor import Reconstructor


class VAE(Reconstructor):
    """An autoencoder whose codes follow a standard normal distribution, from which it can draw.

    ``loss = mse + beta * kl``, both in the mean over points: ``mse`` of ``(x_hat - x)^2``, also in
    the mean over features, in the scale trained on; ``kl``, in nats, of the code's distribution
    from N(0, 1). In training the code is a draw of its distribution, else its mean.

    But for a factor and a constant it is the negative evidence lower bound of a decoder with normal
    noise of variance ``beta * in_features / 2``. Source: D. P. Kingma, M. Welling, 2014,
    "Auto-encoding variational Bayes"; the name of ``beta``: I. Higgins et al., 2017, "beta-VAE:
    learning basic visual concepts with a constrained variational framework".

    Args:
        in_features, hidden, latent, activation, output_activation: see ``nnzoo.nn.VAE``.
        beta: weight of the divergence. The smaller, the better points are rebuilt; the larger, the
            better the codes fill the distribution that samples are decoded from.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``; no optimizer: Adam as torch has it.

    Attributes:
        latent: number of latent units.

    Raises:
        InputError: if a size is not positive, ``beta`` is negative or an activation is unknown.
    """

    figures = (*Reconstructor.figures, "generated")
    varying: ClassVar = {"anomaly_quantile": None, "beta": "beta"}

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        latent: int,
        activation: str = "relu",
        output_activation: str = "identity",
        beta: float = 0.001,
        anomaly_quantile: float = 0.99,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            in_features,
            anomaly_quantile,
            optimizer=optimizer or {"name": "adam"},
            scheduler=scheduler,
        )
        self.save_hyperparameters()
        self.beta = number("model.beta", beta, low=0)
        self.curve_label = f"loss: mse + {self.beta:g} KL, as scaled"
        self.latent = latent
        self.net = nn.VAE(in_features, hidden, latent, activation, output_activation)

    @property
    def encoder(self) -> Callable[[Tensor], Tensor]:
        """(..., in_features) scaled -> (..., latent): the mean of the code."""
        return self.net.encode

    @property
    def decoder(self) -> nn.MLP:
        return self.net.decoder

    def draw(self, batch: Batch) -> Tensor:
        """The noise of a batch's codes, (points, latent), of N(0, 1)."""
        noise = torch.randn(len(batch.x), self.latent, generator=self.random())
        return noise.to(batch.x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        mse, kl = self._terms(batch, noise)
        return mse + self.beta * kl

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """The loss and its two terms, of the code's mean."""
        mse, kl = self._terms(batch, None)
        return {"loss": mse + self.beta * kl, "mse": mse, "kl": kl}

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """New points like those trained on: decoded from codes of N(0, 1).

        They are the means that the decoder gives, without its noise, and so vary a little less
        than the points trained on.

        Args:
            n: number of points.
            seed: of the codes; torch's global stream is left alone.

        Returns:
            (n, in_features) in raw units, the same for the same seed.

        Raises:
            InputError: if n is less than 1, or the seed is no whole number of at least 0.
        """
        generator = torch.Generator().manual_seed(whole("seed", seed, low=0, high=2**63 - 1))
        codes = torch.randn(whole("n", n), self.latent, generator=generator)
        return self.scaling.inverse(self.decoder(codes.to(self.scaling.offset)))

    def _terms(self, batch: Batch, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """The mean squared error and the divergence."""
        mean, log_variance = self.net.posterior(batch.x)
        code = mean if noise is None else nn.reparametrise(mean, log_variance, noise)
        return F.mse_loss(self.decoder(code), batch.x), nn.kl_divergence(mean, log_variance).mean()
