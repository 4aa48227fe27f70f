"""The competitive layer: only the winner fires."""

import pytest
import torch
from torch import nn

from nnzoo.errors import InputError
from nnzoo.nn import CompetitiveLayer


@pytest.fixture
def layer():
    layer = CompetitiveLayer(2, 3)
    layer.weight.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0], [-1.0, 0.0]]))
    return layer


def test_distances_winners_and_output_by_hand(layer):
    x = torch.tensor([[0.0, 0.0], [3.0, 3.0], [-4.0, 0.0]])
    assert layer.distances(x)[0].tolist() == [0.0, 5.0, 1.0]
    assert layer.distances(x)[1].tolist() == pytest.approx([18**0.5, 1.0, 5.0])
    assert layer.winners(x).tolist() == [0, 1, 2]
    assert layer(x).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def test_the_first_of_equally_near_units_wins(layer):
    assert layer.winners(torch.tensor([-0.5, 0.0])) == 0


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_one_unit_fires_for_each_point(layer, leading):
    x = torch.randn(*leading, 2)
    output = layer(x)
    assert output.shape == (*leading, 3)
    assert output.dtype == x.dtype
    assert torch.equal(output.sum(-1), torch.ones(leading))
    assert torch.equal(output.argmax(-1), layer.winners(x))
    assert layer.distances(x).shape == (*leading, 3)


def test_distances_are_exact_far_from_the_origin():
    # In float32 the error of |x|^2 - 2 x·w + |w|^2 is about 8 here.
    x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)) + 1e4
    layer = CompetitiveLayer(3, 30)
    layer.weight.copy_(x[:30])
    assert layer.winners(x[:30]).tolist() == list(range(30))
    exact = torch.cdist(x.double(), x[:30].double())
    torch.testing.assert_close(layer.distances(x).double(), exact, rtol=1e-6, atol=0)


def test_the_layer_composes_with_layers_trained_by_gradients(layer):
    """The competitive layer assigns clusters; the linear layer learns a value per cluster."""
    generator = torch.Generator().manual_seed(0)
    expected = torch.tensor([2.0, -1.0, 0.5])
    cluster = torch.randint(3, (90,), generator=generator)
    centers = layer.weight.float()
    x = centers[cluster] + 0.1 * torch.randn(90, 2, generator=generator)
    net = nn.Sequential(layer, nn.Linear(3, 1))
    optimizer = torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        (net(x).squeeze(1) - expected[cluster]).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(net(centers).squeeze(1), expected, atol=1e-3, rtol=0)
    assert torch.equal(layer.weight.float(), centers)


@pytest.mark.parametrize(("in_features", "units"), [(0, 3), (3, 0), (3, -2), (3, 2.5), (3, None)])
def test_sizes_must_be_positive_whole_numbers(in_features, units):
    with pytest.raises(InputError, match="whole number"):
        CompetitiveLayer(in_features, units)
