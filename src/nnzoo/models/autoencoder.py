"""An autoencoder trained to reconstruct its input: plain, denoising or sparse."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import check_int, check_ints
from nnzoo.models.bases.dropout import Dropout
from nnzoo.models.bases.reconstructor import Reconstructor
from nnzoo.models.training.least_squares import no_squares
from nnzoo.nn import MLP


def encoder_and_decoder(
    in_features: int,
    hidden: Sequence[int],
    latent: int,
    activation: str,
    latent_activation: str | None = None,
    output_activation: str = "identity",
) -> tuple[MLP, MLP]:
    """Return an encoder and the decoder that mirrors it; for the arguments see ``Autoencoder``."""
    widths = [in_features, *check_ints("model.hidden", hidden), check_int("model.latent", latent)]
    if latent_activation is None:
        latent_activation = activation if latent > in_features else "identity"
    encoder = MLP(widths, activation, latent_activation)
    return encoder, MLP(widths[::-1], activation, output_activation)


class Autoencoder(Dropout, Reconstructor):
    """An encoder and a mirrored decoder that learn to reconstruct their input.

    ``x_hat = decoder(encoder(x))``. ``mse`` is the mean over points and features of
    ``(x_hat - x)^2``, in scaled units; ``loss = mse + sparsity * mean |z|``, with the mean over
    points and latent units z. Fewer latent units than features form a bottleneck; a linear one
    finds the principal subspace.

    Sources: G. E. Hinton, R. R. Salakhutdinov, 2006, "Reducing the dimensionality of data with
    neural networks". Denoising (``noise``): P. Vincent et al., 2008, "Extracting and composing
    robust features with denoising autoencoders", which sets values to 0, and 2010, "Stacked
    denoising autoencoders", which also adds normal noise. Sparse (``sparsity``): A. Ng, 2011,
    "Sparse autoencoder"; the penalty |z| is one of those in B. A. Olshausen, D. J. Field, 1996,
    "Emergence of simple-cell receptive field properties by learning a sparse code for natural
    images".

    Args:
        in_features: number of inputs, and of outputs.
        hidden: units of each hidden layer of the encoder, from the input inwards; may be empty.
        latent: number of latent units; fewer than the features form a bottleneck.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        latent_activation: activation of the latent layer; None: the hidden activation if there are
            more latent units than features, otherwise identity, since a ReLU cuts off half of a
            narrow code.
        output_activation: activation of the output layer; if set from data: sigmoid for data scaled
            to [0, 1], otherwise identity.
        noise: standard deviation of normal noise added to the input in training, in scaled units.
        sparsity: weight of the mean |z| in the loss.
        dropout: dropout of the hidden layers of encoder and decoder, in training; see ``MLP`` of
            this package. Inputs, codes and outputs are not dropped.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``; the default is Adam.
    """

    default_optimizer: ClassVar = {"name": "adam"}
    chain: ClassVar = {"encoder": "code", "decoder": "reconstruction"}

    encoder: MLP
    decoder: MLP
    noise: Tensor
    sparsity: Tensor

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (32,),
        latent: int = 16,
        activation: str = "relu",
        latent_activation: str | None = None,
        output_activation: str = "identity",
        noise: float = 0.0,
        sparsity: float = 0.0,
        dropout: float = 0.0,
        anomaly_quantile: float = 0.99,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, anomaly_quantile, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.encoder, self.decoder = encoder_and_decoder(
            in_features, hidden, latent, activation, latent_activation, output_activation
        )
        self.add_coefficient("noise", noise, low=0)
        self.add_coefficient("sparsity", sparsity, low=0)
        self.is_noisy, self.is_sparse = noise > 0, sparsity > 0
        self.add_dropout(dropout, self.encoder, self.decoder)

    @property
    def monitor_label(self) -> str:  # type: ignore[override]
        penalty = f" + {float(self.sparsity):g} mean |code|" if self.is_sparse else ""
        return f"loss: {'mse' if penalty else 'mean squared error'}{penalty}, scaled data"

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor | None:
        """Return normal noise (points, in_features) and the numbers of the dropout, beside each
        other; None: there is neither."""
        if not self.is_noisy:
            return super().sample_noise(batch, generator)
        normal = torch.randn(batch.x.shape, generator=generator).to(batch.x)
        uniform = super().sample_noise(batch, generator)
        return normal if uniform is None else torch.cat([normal, uniform], dim=-1)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self._terms(batch, noise)["loss"]

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss and the mean squared error."""
        return self._terms(batch, None)

    def residuals(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the errors of the reconstruction, (points, in_features)."""
        if self.is_sparse:
            raise no_squares(f"the loss with model.sparsity={self.sparsity:g}", "set it to 0")
        _, reconstruction = self._coded(batch, noise)
        return (reconstruction - batch.x) / self.in_features**0.5

    def _terms(self, batch: Batch, noise: Tensor | None) -> dict[str, Tensor]:
        code, reconstruction = self._coded(batch, noise)
        mse = F.mse_loss(reconstruction, batch.x)
        loss = mse + self.sparsity * code.abs().mean() if self.is_sparse else mse
        return {"loss": loss, "mse": mse}

    def _coded(self, batch: Batch, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the codes and the reconstruction of a batch."""
        x, in_encoder, in_decoder = batch.x, None, None
        if noise is not None:
            sizes = [self.in_features if self.is_noisy else 0, *self.dropped]
            normal, in_encoder, in_decoder = noise.split(sizes, dim=-1)
            x = x + self.noise * normal if self.is_noisy else x
        code = self.through(self.encoder, x, in_encoder)
        return code, self.through(self.decoder, code, in_decoder)
