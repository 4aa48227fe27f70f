"""An encoder and a decoder in mirror image."""

from collections.abc import Sequence

from torch import Tensor, nn

from nnzoo.errors import whole, wholes
from nnzoo.nn.mlp import MLP


class Autoencoder(nn.Module):
    """A network that squeezes its input through a latent layer and rebuilds it.

    ``x_hat = decoder(encoder(x))``; the decoder's widths mirror the encoder's. With fewer latent
    units than features it is a bottleneck, and a linear one finds the principal subspace.

    Source: G. E. Hinton, R. R. Salakhutdinov, 2006, "Reducing the dimensionality of data with
    neural networks".

    Args:
        in_features: number of inputs, and of outputs.
        hidden: units of each hidden layer of the encoder, from the input inwards; may be empty.
        latent: number of latent units.
        activation: of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
        latent_activation: of the latent layer; None: the hidden activation where there are more
            latent units than features, else identity, since a ReLU cuts half of a narrow code away.
        output_activation: of the output: sigmoid for data in [0, 1], identity for any data.

    Attributes:
        encoder: (..., in_features) -> (..., latent).
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
        latent_activation: str | None = None,
        output_activation: str = "identity",
    ) -> None:
        super().__init__()
        whole("in_features", in_features)
        whole("latent", latent)
        widths = [in_features, *wholes("hidden", hidden), latent]
        if latent_activation is None:
            latent_activation = activation if latent > in_features else "identity"
        self.encoder = MLP(widths, activation, latent_activation)
        self.decoder = MLP(widths[::-1], activation, output_activation)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., in_features), the reconstruction."""
        return self.decoder(self.encoder(x))
