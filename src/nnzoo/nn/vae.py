"""A variational autoencoder: a code that is a distribution, and its two formulas."""

from collections.abc import Sequence

from torch import Tensor, nn

from nnzoo.errors import whole, wholes
from nnzoo.nn.mlp import MLP


class VAE(nn.Module):
    """An encoder that gives a normal distribution of the code, and a decoder in mirror image.

    ``q(z | x) = N(mean(x), exp(log_variance(x)))``, independent in each latent unit;
    ``x_hat = decoder(z)``.

    Source: D. P. Kingma, M. Welling, 2014, "Auto-encoding variational Bayes".

    Args:
        in_features: number of inputs, and of outputs.
        hidden: units of each hidden layer of the encoder, from the input inwards; may be empty.
        latent: number of latent units.
        activation: of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        output_activation: of the output: sigmoid for data in [0, 1], identity for any data.

    Attributes:
        encoder: (..., in_features) -> (..., 2 latent), the means and then the log variances.
        decoder: (..., latent) -> (..., in_features).

    Raises:
        InputError: if a size is not a whole number of at least 1, or an activation is unknown.
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        latent: int,
        activation: str = "relu",
        output_activation: str = "identity",
    ) -> None:
        super().__init__()
        whole("in_features", in_features)
        whole("latent", latent)
        inner = wholes("hidden", hidden)
        self.encoder = MLP([in_features, *inner, 2 * latent], activation)
        self.decoder = MLP([latent, *inner[::-1], in_features], activation, output_activation)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(..., in_features) -> mean and log variance of the code, (..., latent) each."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., latent): the mean of the code."""
        return self.posterior(x)[0]

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., in_features): the reconstruction from the code's mean."""
        return self.decoder(self.encode(x))


def reparametrise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """A draw of N(mean, exp(log_variance)) through which a gradient passes.

    ``z = mean + exp(log_variance / 2) noise``. Source: Kingma & Welling, 2014, section 2.4.

    Args:
        mean, log_variance: (..., latent).
        noise: (..., latent), drawn from N(0, 1).

    Returns:
        (..., latent).
    """
    return mean + (log_variance / 2).exp() * noise


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1), in nats.

    ``1/2 sum_j (mean_j^2 + exp(log_variance_j) - 1 - log_variance_j)``. Source: Kingma & Welling,
    2014, appendix B.

    Args:
        mean, log_variance: (..., latent).

    Returns:
        (...): 0 where the two distributions are the same, else more.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
