"""Weights to start from."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from nnzoo.errors import one_of


def nguyen_widrow_(weight: Tensor, bias: Tensor | None) -> None:
    """Fill the weights of a hidden layer so that its units share out inputs in [-1, 1].

    Each unit's weights point in a random direction and have the length ``.7 units^(1/inputs)``; its
    bias is drawn uniformly from [-length, length].

    Source: D. Nguyen, B. Widrow, 1990, "Improving the learning speed of 2-layer neural networks by
    choosing initial values of the adaptive weights".

    Args:
        weight: (units, inputs), changed in place.
        bias: (units,), changed in place, or None.
    """
    units, inputs = weight.shape
    length = 0.7 * units ** (1 / inputs)
    with torch.no_grad():
        directions = torch.empty_like(weight).uniform_(-1, 1)
        weight.copy_(length * nn.functional.normalize(directions))
        if bias is not None:
            bias.uniform_(-length, length)


def _filled(fill: Callable[[Tensor], object]) -> Callable[[list[nn.Linear]], None]:
    """All weights filled by one of torch's functions, biases zero."""

    def initialise(layers: list[nn.Linear]) -> None:
        for layer in layers:
            fill(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    return initialise


def _uniform(layers: list[nn.Linear]) -> None:
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5)


def _nguyen_widrow(layers: list[nn.Linear]) -> None:
    for layer in layers[:-1]:
        nguyen_widrow_(layer.weight, layer.bias)


def _random_state(layers: list[nn.Linear]) -> None:
    stream = np.random.RandomState(torch.initial_seed() % 2**32)
    for layer in layers:
        values = 2 * stream.random_sample((layer.in_features, layer.out_features)) - 1
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(values.T))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


INITIALS: dict[str, Callable[[list[nn.Linear]], None]] = {
    "kaiming_normal": _filled(lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu")),
    "kaiming_uniform": _filled(
        lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu")
    ),
    "nguyen_widrow": _nguyen_widrow,
    "orthogonal": _filled(nn.init.orthogonal_),
    "random_state": _random_state,
    "uniform": _uniform,
    "xavier_normal": _filled(nn.init.xavier_normal_),
    "xavier_uniform": _filled(nn.init.xavier_uniform_),
    "zeros": _filled(nn.init.zeros_),
}


def initialise(layers: Sequence[nn.Linear], name: str) -> None:
    """Draw the weights and biases of linear layers anew, from torch's global random numbers.

    By name: ``xavier_...`` (X. Glorot, Y. Bengio, 2010), ``kaiming_...`` (K. He et al., 2015, for
    ReLU) and ``orthogonal`` (A. M. Saxe et al., 2014) as torch has them, biases zero; ``uniform``
    in [-.5, .5], biases too; ``zeros``; ``nguyen_widrow`` for the hidden layers, the output layer
    as it is; ``random_state``: uniform in [-1, 1], drawn as (inputs, units) from NumPy's
    ``RandomState(torch.initial_seed())``, biases zero.

    Args:
        layers: first to last, changed in place.
        name: one of ``INITIALS``.

    Raises:
        InputError: if the name is unknown.
    """
    INITIALS[one_of("init", name, INITIALS)](list(layers))
