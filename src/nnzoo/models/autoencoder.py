"""An autoencoder trained to rebuild its input, plain, denoising or sparse."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.errors import number
from nnzoo.models.base import Model
from nnzoo.models.reconstructor import Reconstructor


class Autoencoder(Reconstructor):
    """An encoder and a decoder that learn to give back what they are shown.

    ``mse`` is the mean over points and features of ``(x_hat - x)^2``, in the scale trained on;
    ``loss = mse + sparsity * mean |z|``, with the mean over points and latent units z. Network and
    source: see ``nnzoo.nn.Autoencoder``.

    With ``noise`` it is a denoising autoencoder, which learns to give back the point of which it is
    shown a noisy copy: P. Vincent et al., 2008, "Extracting and composing robust features with
    denoising autoencoders" (there with values set to 0; with normal noise in P. Vincent et al.,
    2010, "Stacked denoising autoencoders").

    With ``sparsity`` it is a sparse one, few units of which speak for a point: A. Ng, 2011, "Sparse
    autoencoder"; the penalty |z| is one of those in B. A. Olshausen, D. J. Field, 1996, "Emergence
    of simple-cell receptive field properties by learning a sparse code for natural images".

    Args:
        in_features, hidden, latent, activation, latent_activation, output_activation: see
            ``nnzoo.nn.Autoencoder``.
        noise: standard deviation of the normal noise on the input in training, in the scale trained
            on; what is measured is measured without.
        sparsity: weight of the mean |z| in the loss.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``; no optimizer: Adam as torch has it.

    Raises:
        InputError: if a size is not positive, a weight is negative or an activation is unknown.
    """

    varying: ClassVar = {"anomaly_quantile": None, "noise": None, "sparsity": "sparsity"}

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        latent: int,
        activation: str = "relu",
        latent_activation: str | None = None,
        output_activation: str = "identity",
        noise: float = 0.0,
        sparsity: float = 0.0,
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
        self.noise = number("model.noise", noise, low=0)
        self.sparsity = number("model.sparsity", sparsity, low=0)
        self.sparse = self.sparsity > 0
        error = f"mse + {self.sparsity:g} mean |code|" if self.sparsity else "mean squared error"
        noisy = ", noisy in training" if self.noise else ""
        self.curve_label = f"loss: {error}, as scaled{noisy}"
        self.net = nn.Autoencoder(
            in_features, hidden, latent, activation, latent_activation, output_activation
        )

    @property
    def encoder(self) -> nn.MLP:
        return self.net.encoder

    @property
    def decoder(self) -> nn.MLP:
        return self.net.decoder

    def draw(self, batch: Batch) -> Tensor | None:
        """The noise on a batch's points, (points, in_features); None for an option of 0."""
        if not self.noise:
            return None
        return self.noise * torch.randn(batch.x.shape, generator=self.random()).to(batch.x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        mse, penalty = self._terms(batch, noise)
        return mse if penalty is None else mse + penalty

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        mse, penalty = self._terms(batch, None)
        return {"loss": mse if penalty is None else mse + penalty, "mse": mse}

    @torch.no_grad()
    def assess(self, data: Any, untrained: Model) -> dict[str, float]:
        """The metrics of ``Reconstructor`` and ``latent_zeros``, the share of zeros in the codes of
        the training part; with ``noise`` also ``denoised_mse`` and ``val_denoised_mse``, the mean
        squared error of points rebuilt from noisy copies, which have ``noise^2`` themselves."""
        found = super().assess(data, untrained)
        codes = self.encoder(self.scaled(data.raw[0].x))
        found["latent_zeros"] = float((codes == 0).double().mean())
        for prefix, part in zip(("", "val_"), data.raw, strict=True):
            if part is None or not self.noise:
                continue
            x = self.scaled(part.x)
            noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x)
            found[f"{prefix}denoised_mse"] = float(F.mse_loss(self(x + self.noise * noise), x))
        return found

    def _terms(self, batch: Batch, noise: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The mean squared error, and what sparsity adds to it."""
        code = self.encoder(batch.x if noise is None else batch.x + noise)
        mse = F.mse_loss(self.decoder(code), batch.x)
        return mse, self.sparsity * code.abs().mean() if self.sparse else None
