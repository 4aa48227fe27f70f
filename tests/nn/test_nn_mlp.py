"""The multilayer perceptron as a plain network."""

import numpy as np
import pytest
import torch
from torch import nn

from nnzoo.errors import InputError
from nnzoo.nn import ACTIVATIONS, MLP


def test_output_equals_the_matrix_formula():
    net = MLP([3, 5, 4, 2], activation="tanh", output_activation="sigmoid").double()
    x = np.random.default_rng(0).normal(size=(7, 3))
    w = [p.detach().numpy() for p in net.parameters()]  # W1, b1, W2, b2, W3, b3
    a = np.tanh(x @ w[0].T + w[1])
    a = np.tanh(a @ w[2].T + w[3])
    expected = 1 / (1 + np.exp(-(a @ w[4].T + w[5])))
    np.testing.assert_allclose(net(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-12)


def test_without_hidden_layers_it_is_one_linear_layer():
    net = MLP([3, 2])
    assert [type(layer) for layer in net] == [nn.Linear]
    x = torch.randn(4, 3)
    assert torch.equal(net(x), x @ net[0].weight.T + net[0].bias)


# Each f(-1), by hand.
AT_MINUS_ONE = {
    "elu": -0.6321206,
    "gelu": -0.1586553,
    "hardtanh": -1.0,
    "identity": -1.0,
    "leaky_relu": -0.01,
    "relu": 0.0,
    "sigmoid": 0.2689414,
    "silu": -0.2689414,
    "softmax": 1.0,  # one unit
    "softplus": 0.3132617,
    "tanh": -0.7615942,
}


def test_every_activation_has_a_value_here():
    assert set(AT_MINUS_ONE) == set(ACTIVATIONS)


@pytest.mark.parametrize(("name", "value"), AT_MINUS_ONE.items())
def test_every_activation_does_what_its_name_says(name, value):
    net = MLP([1, 1], output_activation=name)
    nn.init.ones_(net[0].weight)
    nn.init.zeros_(net[0].bias)
    assert net(torch.tensor([-1.0])).item() == pytest.approx(value, abs=1e-6)


def test_leading_dimensions_are_kept():
    assert MLP([3, 4, 2])(torch.zeros(5, 6, 3)).shape == (5, 6, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3],), "at least two widths"),
        (([],), "at least two widths"),
        (([3, 0],), "whole number"),
        (([3, -1, 2],), "whole number"),
        (([3, 2.0],), "whole number"),
        (([3, True],), "whole number"),
        (([3, 4, 2], "sigmoyd"), "unknown activation 'sigmoyd'; did you mean 'sigmoid'"),
        (([3, 2], "sigmoyd"), "unknown activation"),
        (([3, 2], "relu", "softmaxx"), "unknown activation 'softmaxx'"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(arguments, message):
    with pytest.raises(InputError, match=message):
        MLP(*arguments)
