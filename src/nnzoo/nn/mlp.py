"""Fully connected layers."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from nnzoo.errors import InputError, one_of, whole
from nnzoo.nn.initial import initialise

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "identity": nn.Identity,
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softmax": partial(nn.Softmax, dim=-1),
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


class MLP(nn.Sequential):
    """Multilayer perceptron: linear layers, each followed by an activation.

    ``a_k = f_k(W_k a_{k-1} + b_k)``, the last layer with ``output_activation``.

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, "Learning representations by
    back-propagating errors".

    Args:
        widths: units of each layer, the input first; at least two.
        activation: of the hidden layers: one of ``ACTIVATIONS``, or a list of them, one a layer.
        output_activation: of the last layer.
        bias: whether the layers have biases.
        init: one of ``nnzoo.nn.INITIALS``; None: as ``torch.nn.Linear`` has it.

    Shapes:
        (..., widths[0]) -> (..., widths[-1]).

    Raises:
        InputError: if a width is not a whole number of at least 1, a name is unknown, or there are
            not as many activations as hidden layers.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        output_activation: str = "identity",
        bias: bool = True,
        init: str | None = None,
    ) -> None:
        if len(widths) < 2:
            raise InputError(f"an MLP needs at least two widths, got {list(widths)}")
        for width in widths:
            whole("each width", width)
        hidden = len(widths) - 2
        if not isinstance(activation, str | list | tuple):
            raise InputError(f"activation must be a name or a list of names, got {activation!r}")
        names = [activation] * hidden if isinstance(activation, str) else list(activation)
        if len(names) != hidden:
            raise InputError(f"activation must be one name, or {hidden} of them, got {names}")
        if isinstance(activation, str):
            one_of("activation", activation, ACTIVATIONS)  # also where there is no hidden layer
        layers: list[nn.Module] = []
        linear: list[nn.Linear] = []
        for fan_in, fan_out, name in zip(
            widths, widths[1:], [*names, output_activation], strict=False
        ):
            one_of("activation", name, ACTIVATIONS)
            linear.append(nn.Linear(fan_in, fan_out, bias=bias))
            layers.append(linear[-1])
            if name != "identity":
                layers.append(ACTIVATIONS[name]())
        super().__init__(*layers)
        if init is not None:
            initialise(linear, init)
