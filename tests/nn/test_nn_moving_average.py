"""Moving average of the weights of a module."""

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
    assert average(torch.ones(1)).item() == 1  # a copy: the change has no effect
    average.update(layer)  # .9 * 1 + .1 * 2
    assert average(torch.ones(1)).item() == pytest.approx(1.1)
    average.update(layer)  # .9 * 1.1 + .1 * 2
    assert average(torch.ones(1)).item() == pytest.approx(1.19)
    assert layer.weight.item() == 2


def test_each_weight_of_a_network_has_its_own_average():
    network, other = MLP([3, 5, 2], "relu"), MLP([3, 5, 2], "relu")
    expected = MLP([3, 5, 2], "relu")
    for weight, one, two in zip(
        expected.parameters(), network.parameters(), other.parameters(), strict=True
    ):
        weight.data.copy_((one + two) / 2)
    average = MovingAverage(network, 0.5)
    average.update(other)
    x = torch.randn(7, 3)
    torch.testing.assert_close(average(x), expected(x))


def test_without_decay_the_average_equals_the_module():
    network = MLP([3, 5, 2], "relu")
    average = MovingAverage(MLP([3, 5, 2], "relu"), 0)
    average.update(network)
    x = torch.randn(7, 3)
    assert torch.equal(average(x), network(x))


def test_the_average_is_in_the_state_dict_and_has_no_parameters():
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
def test_an_invalid_decay_is_an_input_error(decay):
    with pytest.raises(InputError, match="the decay of the average must be"):
        MovingAverage(linear(1.0), decay)


class Pair(torch.nn.Module):
    """A network and its average; the forward pass returns the new averages."""

    def __init__(self, decay):
        super().__init__()
        self.network = MLP([3, 5, 2], "relu")
        self.average = MovingAverage(MLP([3, 5, 2], "relu"), decay)

    def forward(self):
        return self.average.updated(self.network)


def test_under_vmap_each_member_has_its_own_decay():
    pairs = [Pair(decay) for decay in (0, 0.5, 0.99)]
    state = torch.func.stack_module_state(pairs)
    together = torch.func.vmap(lambda *state: torch.func.functional_call(pairs[0], state, ()))(
        *state
    )
    for i, pair in enumerate(pairs):
        for name, value in pair().items():
            torch.testing.assert_close(together[name][i], value)
