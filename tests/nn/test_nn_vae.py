"""The variational autoencoder as a plain network, and its two formulas."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl

from nnzoo.errors import InputError
from nnzoo.nn import VAE, kl_divergence, reparametrise


def widths(net):
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    return [linear[0].in_features, *(layer.out_features for layer in linear)]


def test_the_decoder_mirrors_the_encoder_which_gives_two_numbers_a_unit():
    net = VAE(7, [5, 4], 3, output_activation="sigmoid")
    assert widths(net.encoder) == [7, 5, 4, 6]
    assert widths(net.decoder) == [3, 4, 5, 7]
    assert isinstance(net.encoder[-1], nn.Linear)
    assert isinstance(net.decoder[-1], nn.Sigmoid)


@pytest.mark.parametrize("leading", [(), (5,), (5, 6)])
@pytest.mark.parametrize("hidden", [[], [6]])
def test_it_rebuilds_from_the_mean(hidden, leading):
    net = VAE(4, hidden, 2)
    x = torch.randn(*leading, 4)
    mean, log_variance = net.posterior(x)
    assert mean.shape == log_variance.shape == (*leading, 2)
    assert torch.equal(torch.cat([mean, log_variance], -1), net.encoder(x))
    assert torch.equal(net.encode(x), mean)
    assert torch.equal(net(x), net.decoder(mean))
    assert net(x).shape == x.shape


def test_a_draw_by_hand():
    mean, variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[4.0, 0.25]])
    drawn = reparametrise(mean, variance.log(), torch.tensor([[0.5, -3.0]]))
    torch.testing.assert_close(drawn, torch.tensor([[2.0, -3.5]]))  # 1 + 2 * .5, -2 - .5 * 3


def test_draws_have_the_mean_and_the_variance():
    mean, log_variance = torch.tensor([3.0, -1.0]), torch.tensor([0.5, -2.0])
    noise = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0))
    drawn = reparametrise(mean, log_variance, noise)
    torch.testing.assert_close(drawn.mean(0), mean, atol=0.02, rtol=0)
    torch.testing.assert_close(drawn.var(0), log_variance.exp(), atol=0, rtol=0.02)


def test_a_gradient_passes_through_a_draw():
    mean = torch.tensor([0.0], requires_grad=True)
    log_variance = torch.tensor([math.log(4)], requires_grad=True)
    reparametrise(mean, log_variance, torch.tensor([3.0])).backward()
    assert mean.grad.item() == 1
    assert log_variance.grad.item() == pytest.approx(3)  # sd 2 times noise 3, halved


def test_the_divergence_by_hand():
    same = kl_divergence(torch.zeros(1, 2), torch.zeros(1, 2))
    assert same.tolist() == [0]
    # 1/2 (2^2 + e - 1 - 1) + 1/2 (0 + 1 - 1 - 0)
    one = kl_divergence(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0]))
    assert one.item() == pytest.approx((2 + math.e) / 2)


def test_the_divergence_is_torchs():
    mean, log_variance = torch.randn(2, 5, 6, 3, dtype=torch.float64)
    wanted = torch_kl(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_divergence(mean, log_variance), wanted)


@pytest.mark.parametrize(
    ("in_features", "hidden", "latent"),
    [(0, [4], 2), (3, [0], 2), (3, [4], 0), (3, 4, 2), (3, [4], 1.5), (None, [4], 2)],
)
def test_sizes_must_be_positive_whole_numbers(in_features, hidden, latent):
    with pytest.raises(InputError, match="whole number"):
        VAE(in_features, hidden, latent)
