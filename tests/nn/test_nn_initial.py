"""Initialization of linear layers: formulas and reproducibility."""

import numpy as np
import pytest
import torch
from torch import nn

from nnzoo.errors import InputError
from nnzoo.nn import INITIALS, MLP, initialize, nguyen_widrow_


def layers(name, widths=(4, 30, 20, 3), seed=0, bias=True):
    torch.manual_seed(seed)
    net = MLP(widths, "tanh", bias=bias, init=name)
    return [layer for layer in net if isinstance(layer, nn.Linear)]


def test_random_state_is_the_tutorials():
    (layer,) = layers("random_state", (3, 1), seed=1, bias=False)
    expected = 2 * np.random.RandomState(1).random((3, 1)) - 1
    np.testing.assert_allclose(layer.weight.detach().numpy(), expected.T, rtol=1e-7)
    assert layer.weight[0].tolist() == pytest.approx([-0.16595599, 0.44064899, -0.99977125])


def test_random_state_initializes_the_layers_in_order_and_no_bias():
    first, second = layers("random_state", (3, 2, 1), seed=7)
    generator = np.random.RandomState(7)
    for layer, shape in ((first, (3, 2)), (second, (2, 1))):
        expected = 2 * generator.random(shape) - 1
        np.testing.assert_allclose(layer.weight.detach().numpy(), expected.T, rtol=1e-6)
        assert not layer.bias.any()


def test_nguyen_widrow_lengths_and_biases():
    weight, bias = torch.empty(50, 3), torch.empty(50)
    nguyen_widrow_(weight, bias)
    length = 0.7 * 50 ** (1 / 3)
    torch.testing.assert_close(weight.norm(dim=1), torch.full((50,), length))
    assert bias.abs().max() <= length
    assert bias.abs().max() > 0.8 * length  # they cover the range
    assert bias.min() < 0 < bias.max()
    nguyen_widrow_(weight, None)


def test_nguyen_widrow_does_not_change_the_output_layer():
    first, second, last = layers("nguyen_widrow")
    torch.testing.assert_close(first.weight.norm(dim=1), torch.full((30,), 0.7 * 30 ** (1 / 4)))
    torch.testing.assert_close(second.weight.norm(dim=1), torch.full((20,), 0.7 * 20 ** (1 / 30)))
    assert last.weight.abs().max() <= 1 / 20**0.5


# Standard deviations of the weights of a layer with 4 inputs and 30 units.
DEVIATIONS = {
    "kaiming_normal": (2 / 4) ** 0.5,
    "kaiming_uniform": (2 / 4) ** 0.5,
    "uniform": 1 / 12**0.5,
    "xavier_normal": (2 / 34) ** 0.5,
    "xavier_uniform": (2 / 34) ** 0.5,
    "zeros": 0.0,
}


@pytest.mark.parametrize(("name", "deviation"), DEVIATIONS.items())
def test_deviations(name, deviation):
    torch.manual_seed(0)
    weights = []
    for _ in range(50):
        layer = nn.Linear(4, 30)
        initialize([layer], name)
        weights.append(layer.weight.detach())
        assert bool(layer.bias.any()) == (name == "uniform")
    assert torch.stack(weights).std().item() == pytest.approx(deviation, rel=0.05)


def test_orthogonal():
    layer = layers("orthogonal", (4, 4))[0]
    torch.testing.assert_close(layer.weight @ layer.weight.T, torch.eye(4), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", INITIALS)
@pytest.mark.parametrize("bias", [True, False])
def test_the_weights_depend_on_the_seed(name, bias):
    one, other, third = (layers(name, seed=seed, bias=bias) for seed in (0, 0, 1))
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a.weight, b.weight)
    if name != "zeros":
        assert not torch.equal(one[0].weight, third[0].weight)
    assert all((layer.bias is not None) == bias for layer in one)


def test_an_unknown_name():
    with pytest.raises(InputError, match=r"unknown init 'xavier'; did you mean"):
        MLP([2, 1], init="xavier")
