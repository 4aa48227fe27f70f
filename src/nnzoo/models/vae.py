"""A variational autoencoder, which reconstructs its input and generates new points."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import check_int, check_ints
from nnzoo.models.bases.dropout import Dropout
from nnzoo.models.bases.reconstructor import Reconstructor
from nnzoo.nn import MLP, kl_divergence, reparameterize


class VAE(Dropout, Reconstructor):
    """An autoencoder whose codes follow a standard normal distribution, from which it samples.

    ``q(z | x) = N(mean(x), exp(log_variance(x)))``, independent in each latent unit.
    ``loss = mse + beta * kl``: ``mse`` is the mean over points and features of ``(x_hat - x)^2``,
    in scaled units; ``kl`` is the mean over points of the divergence of q from N(0, 1), in nats.
    In training the code is a sample of q, otherwise its mean.

    Up to a factor and a constant the loss is the negative evidence lower bound of a decoder with
    normal noise of variance ``beta * in_features / 2``. Source: D. P. Kingma, M. Welling, 2014,
    "Auto-encoding variational Bayes"; the name of ``beta``: I. Higgins et al., 2017, "beta-VAE:
    learning basic visual concepts with a constrained variational framework".

    Args:
        in_features: number of inputs, and of outputs.
        hidden: units of each hidden layer of the encoder, from the input inwards; may be empty.
        latent: number of latent units; units that are not needed carry no information.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        output_activation: activation of the output layer; if set from data: sigmoid for data scaled
            to [0, 1], otherwise identity.
        beta: weight of the divergence. Smaller values improve the reconstruction; larger ones make
            the codes match the distribution that samples come from.
        dropout: dropout of the hidden layers of encoder and decoder; see ``Autoencoder``.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``; the default is Adam.

    Attributes:
        encoder: (..., in_features) scaled -> (..., 2 latent), the means, then the log variances.
        decoder: (..., latent) -> (..., in_features) scaled.
        latent: number of latent units.
    """

    default_optimizer: ClassVar = {"name": "adam"}
    figures = (*Reconstructor.figures, "generated")
    chain: ClassVar = {"encoder": "mean and log variance", "decoder": "reconstruction"}

    encoder: MLP
    decoder: MLP
    beta: Tensor

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (64, 64),
        latent: int = 4,
        activation: str = "tanh",
        output_activation: str = "identity",
        beta: float = 0.001,
        dropout: float = 0.0,
        anomaly_quantile: float = 0.99,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, anomaly_quantile, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.add_coefficient("beta", beta, low=0)
        self.latent = check_int("model.latent", latent)
        inner = check_ints("model.hidden", hidden)
        self.encoder = MLP([in_features, *inner, 2 * latent], activation)
        self.decoder = MLP([latent, *inner[::-1], in_features], activation, output_activation)
        self.add_dropout(dropout, self.encoder, self.decoder)

    @property
    def monitor_label(self) -> str:  # type: ignore[override]
        return f"loss: mse + {float(self.beta):g} KL, scaled data"

    def posterior(self, x: Tensor, uniform: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the code's mean and log variance, (..., in_features) scaled -> (..., latent);
        ``uniform``: the numbers of the encoder's dropout."""
        coded = self.through(self.encoder, x, uniform)
        mean, log_variance = coded.chunk(2, dim=-1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """Return the mean of the code, (..., in_features) scaled -> (..., latent)."""
        return self.posterior(x)[0]

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return standard normal noise for the codes, (points, latent), and the numbers of the
        dropout, beside each other."""
        normal = torch.randn(len(batch.x), self.latent, generator=generator).to(batch.x)
        uniform = super().sample_noise(batch, generator)
        return normal if uniform is None else torch.cat([normal, uniform], dim=-1)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self._terms(batch, noise)["loss"]

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss and its two terms for the mean code."""
        return self._terms(batch, None)

    def generate(self, n: int, generator: torch.Generator) -> Tensor:
        """Return the decoder's means for codes of N(0, 1). Without the decoder's noise they vary
        slightly less than the training points."""
        codes = torch.randn(n, self.latent, generator=generator)
        return self.decoder(codes.to(self.prototype))

    def _terms(self, batch: Batch, noise: Tensor | None) -> dict[str, Tensor]:
        normal = in_encoder = in_decoder = None
        if noise is not None:
            normal, in_encoder, in_decoder = noise.split([self.latent, *self.dropped], dim=-1)
        mean, log_variance = self.posterior(batch.x, in_encoder)
        code = mean if normal is None else reparameterize(mean, log_variance, normal)
        mse = F.mse_loss(self.through(self.decoder, code, in_decoder), batch.x)
        kl = kl_divergence(mean, log_variance).mean()
        return {"loss": mse + self.beta * kl, "mse": mse, "kl": kl}
