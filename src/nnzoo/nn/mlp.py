"""Fully connected layers."""

from collections.abc import Sequence

from torch import nn

from nnzoo.errors import InputError, one_of, whole

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "identity": nn.Identity,
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


class MLP(nn.Sequential):
    """Multilayer perceptron: linear layers, each followed by an activation.

    ``a_k = f(W_k a_{k-1} + b_k)``, the last layer with ``output_activation`` in place of f.

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, "Learning representations by
    back-propagating errors".

    Args:
        widths: units of each layer, the input first; at least two.
        activation: name of f: one of ``ACTIVATIONS``.
        output_activation: name of the last layer's activation.

    Shapes:
        (..., widths[0]) -> (..., widths[-1]).

    Raises:
        InputError: if a width is not a whole number of at least 1, or an activation is unknown.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: str = "sigmoid",
        output_activation: str = "identity",
    ) -> None:
        if len(widths) < 2:
            raise InputError(f"an MLP needs at least two widths, got {list(widths)}")
        for width in widths:
            whole("each width", width)
        for name in (activation, output_activation):
            one_of("activation", name, ACTIVATIONS)
        names = [activation] * (len(widths) - 2) + [output_activation]
        layers: list[nn.Module] = []
        for fan_in, fan_out, name in zip(widths, widths[1:], names, strict=False):
            layers.append(nn.Linear(fan_in, fan_out))
            if name != "identity":
                layers.append(ACTIVATIONS[name]())
        super().__init__(*layers)
