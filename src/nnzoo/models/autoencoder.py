"""An autoencoder trained to rebuild its input."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.models.base import Model


class Autoencoder(Model):
    """An encoder and a decoder that learn to give back what they are shown.

    ``loss`` and ``mse`` are the mean over points and features of ``(x_hat - x)^2``, in the scale
    trained on. Network and source: see ``nnzoo.nn.Autoencoder``.

    Args:
        in_features, hidden, latent, activation, latent_activation, output_activation: see there.
        optimizer, scheduler: see ``Model``; no optimizer: Adam as torch has it.

    Raises:
        InputError: if a size is not positive or an activation is unknown.
    """

    curve_label = "loss: mean squared error, as scaled"
    figures = ("curve", "latent", "reconstruction")

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        latent: int,
        activation: str = "relu",
        latent_activation: str | None = None,
        output_activation: str = "identity",
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, optimizer=optimizer or {"name": "adam"}, scheduler=scheduler)
        self.save_hyperparameters()
        self.net = nn.Autoencoder(
            in_features, hidden, latent, activation, latent_activation, output_activation
        )

    @property
    def encoder(self) -> nn.MLP:
        """(..., in_features) scaled -> (..., latent)."""
        return self.net.encoder

    @property
    def decoder(self) -> nn.MLP:
        """(..., latent) -> (..., in_features) scaled."""
        return self.net.decoder

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> the same shape: the reconstruction, scaled."""
        return self.net(x)

    @property
    def output_names(self) -> list[str]:
        return self.feature_names

    def predict(self, x: Any) -> Tensor:
        """(points, in_features) raw -> the same shape: the reconstruction in raw units."""
        return self.scaling.inverse(super().predict(x))

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return F.mse_loss(self(batch.x), batch.x)

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        loss = self.loss(batch)
        return {"loss": loss, "mse": loss}
