"""Fully connected layers and their initialization."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from nnzoo.errors import InputError, check_choice, check_int

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "hardtanh": nn.Hardtanh,
    "identity": nn.Identity,
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softmax": partial(nn.Softmax, dim=-1),
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}
"""Activation modules by name."""


class MLP(nn.Sequential):
    """Multilayer perceptron: linear layers, each followed by an activation.

    (..., widths[0]) -> (..., widths[-1]): ``a_k = f_k(W_k a_{k-1} + b_k)``; f of the last layer is
    ``output_activation``.

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, "Learning representations by
    back-propagating errors".

    Args:
        widths: number of units of each layer, starting with the input; at least two numbers.
        activation: activation of the hidden layers, one of ``ACTIVATIONS``, or a list, one per
            hidden layer.
        output_activation: activation of the last layer, one of ``ACTIVATIONS``.
        bias: whether the layers have biases.
        init: one of ``nnzoo.nn.INITIALS``; None: the default of ``torch.nn.Linear``.

    Raises:
        InputError: if a width is not a whole number of at least 1, a name is unknown, or the number
            of activations differs from the number of hidden layers.
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
            check_int("each width", width)
        if not isinstance(activation, str | list | tuple):
            raise InputError(f"activation must be a name or a list of names, got {activation!r}")
        given = [activation] if isinstance(activation, str) else list(activation)
        for name in (*given, output_activation):
            check_choice("activation", name, ACTIVATIONS)
        hidden = len(widths) - 2
        names = given * hidden if isinstance(activation, str) else given
        if len(names) != hidden:
            raise InputError(f"activation must be one name or {hidden} names, got {names}")
        linear = [nn.Linear(*sizes, bias=bias) for sizes in pairwise(widths)]
        layers: list[nn.Module] = []
        for layer, name in zip(linear, [*names, output_activation], strict=True):
            layers += [layer] if name == "identity" else [layer, ACTIVATIONS[name]()]
        super().__init__(*layers)
        if init is not None:
            initialize(linear, init)

    @property
    def hidden_units(self) -> int:
        """Number of units of all hidden layers together."""
        _, *inner = (layer.in_features for layer in self if isinstance(layer, nn.Linear))
        return sum(inner)

    def with_dropout(self, x: Tensor, p: Tensor, uniform: Tensor) -> Tensor:
        """Return the outputs while hidden units are dropped out, as in training.

        The activation of a hidden unit is set to 0 with the probability p, and otherwise divided by
        1 - p, so that its mean stays.

        Source: N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from
        overfitting".

        Args:
            x: (..., widths[0]).
            p: probability, 0-d, from 0 to below 1.
            uniform: random numbers in [0, 1), (..., hidden_units), layer by layer; a unit whose
                number is below p is dropped.
        """
        p, first = p.to(x), True
        for layer in self:
            if isinstance(layer, nn.Linear) and not first:
                units = layer.in_features
                kept = (uniform[..., :units] >= p).to(x)
                x, uniform = x * (kept / (1 - p)), uniform[..., units:]
            x, first = layer(x), False
        return x


def nguyen_widrow_(weight: Tensor, bias: Tensor | None) -> None:
    """Initialize a hidden layer so that its units divide the input range [-1, 1] among them.

    The weight vector of each unit has a random direction and the length ``.7 units^(1/inputs)``.
    Its bias is uniform in [-length, length]. Changes weight (units, inputs) and bias (units,) in
    place.

    Source: D. Nguyen, B. Widrow, 1990, "Improving the learning speed of 2-layer neural networks by
    choosing initial values of the adaptive weights".
    """
    units, inputs = weight.shape
    length = 0.7 * units ** (1 / inputs)
    with torch.no_grad():
        directions = torch.empty_like(weight).uniform_(-1, 1)
        weight.copy_(length * nn.functional.normalize(directions))
        if bias is not None:
            bias.uniform_(-length, length)


def _fill(fill: Callable[[Tensor], object], layers: Sequence[nn.Linear]) -> None:
    """Fill the weights with a function of torch and set the biases to zero."""
    for layer in layers:
        fill(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _uniform(layers: Sequence[nn.Linear]) -> None:
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5)


def _nguyen_widrow(layers: Sequence[nn.Linear]) -> None:
    for layer in layers[:-1]:
        nguyen_widrow_(layer.weight, layer.bias)


@torch.no_grad()
def _random_state(layers: Sequence[nn.Linear]) -> None:
    generator = np.random.RandomState(torch.initial_seed() % 2**32)
    sample = generator.random_sample
    _fill(lambda weight: weight.copy_(torch.from_numpy(2 * sample(weight.T.shape) - 1).T), layers)


INITIALS: dict[str, Callable[[Sequence[nn.Linear]], None]] = {
    "kaiming_normal": partial(_fill, partial(nn.init.kaiming_normal_, nonlinearity="relu")),
    "kaiming_uniform": partial(_fill, partial(nn.init.kaiming_uniform_, nonlinearity="relu")),
    "nguyen_widrow": _nguyen_widrow,
    "orthogonal": partial(_fill, nn.init.orthogonal_),
    "random_state": _random_state,
    "uniform": _uniform,
    "xavier_normal": partial(_fill, nn.init.xavier_normal_),
    "xavier_uniform": partial(_fill, nn.init.xavier_uniform_),
    "zeros": partial(_fill, nn.init.zeros_),
}
"""Initializers by name; see ``initialize``."""


def initialize(layers: Sequence[nn.Linear], name: str) -> None:
    """Initialize layers in place from torch's global generator; InputError for an unknown name.

    - ``xavier_...`` (X. Glorot, Y. Bengio, 2010), ``kaiming_...`` (K. He et al., 2015, for ReLU)
      and ``orthogonal`` (A. M. Saxe et al., 2014): torch's functions for the weights; zero biases.
    - ``uniform``: weights and biases in [-.5, .5].
    - ``zeros``: zero weights and biases.
    - ``nguyen_widrow``: see ``nguyen_widrow_``; the output layer does not change.
    - ``random_state``: weights uniform in [-1, 1], sampled with shape (inputs, units) from NumPy's
      ``RandomState(torch.initial_seed())``; zero biases.
    """
    INITIALS[check_choice("init", name, INITIALS)](layers)
