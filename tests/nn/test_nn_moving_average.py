"""The moving average of a module's weights, by hand."""

import pytest
import torch

from nnzoo.errors import InputError
from nnzoo.nn import MLP, MovingAverage


def linear(weight):
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(weight)
    return layer


def test_by_hand():
    layer = linear(1.0)
    average = MovingAverage(layer, 0.9)
    assert average(torch.ones(1)).item() == 1
    layer.weight.data.fill_(2.0)
    assert average(torch.ones(1)).item() == 1  # a copy, not the module's own weight
    average.update(layer)  # .9 * 1 + .1 * 2
    assert average(torch.ones(1)).item() == pytest.approx(1.1)
    average.update(layer)  # .9 * 1.1 + .1 * 2
    assert average(torch.ones(1)).item() == pytest.approx(1.19)
    assert layer.weight.item() == 2


def test_each_weight_of_a_network_has_its_own_average():
    network, other = MLP([3, 5, 2], "relu"), MLP([3, 5, 2], "relu")
    wanted = MLP([3, 5, 2], "relu")
    for weight, one, two in zip(
        wanted.parameters(), network.parameters(), other.parameters(), strict=True
    ):
        weight.data.copy_((one + two) / 2)
    average = MovingAverage(network, 0.5)
    average.update(other)
    x = torch.randn(7, 3)
    torch.testing.assert_close(average(x), wanted(x))


def test_without_decay_it_is_the_module():
    network = MLP([3, 5, 2], "relu")
    average = MovingAverage(MLP([3, 5, 2], "relu"), 0)
    average.update(network)
    x = torch.randn(7, 3)
    assert torch.equal(average(x), network(x))


def test_it_is_kept_and_not_trained():
    network = MLP([3, 5, 2], "relu")
    average = MovingAverage(network, 0.9)
    assert not list(average.parameters())
    assert not average(torch.randn(7, 3)).requires_grad
    assert len(average.state_dict()) == len(network.state_dict()) == 4
    again = MovingAverage(MLP([3, 5, 2], "relu"), 0.9)
    again.load_state_dict(average.state_dict())
    x = torch.randn(7, 3)
    assert torch.equal(again(x), network(x))


@pytest.mark.parametrize("decay", [-0.1, 1, 1.5, float("nan"), "half"])
def test_a_decay_that_is_not_possible(decay):
    with pytest.raises(InputError, match="the decay of the average must be"):
        MovingAverage(linear(1.0), decay)
