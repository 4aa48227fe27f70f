"""Diagonal normal distributions: sampling and the KL divergence."""

import math

import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl

from nnzoo.nn import kl_divergence, reparameterize


def test_a_sample_by_hand():
    mean, variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[4.0, 0.25]])
    sample = reparameterize(mean, variance.log(), torch.tensor([[0.5, -3.0]]))
    torch.testing.assert_close(sample, torch.tensor([[2.0, -3.5]]))  # 1 + 2 * .5, -2 - .5 * 3


def test_samples_have_the_mean_and_the_variance():
    mean, log_variance = torch.tensor([3.0, -1.0]), torch.tensor([0.5, -2.0])
    noise = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0))
    sample = reparameterize(mean, log_variance, noise)
    torch.testing.assert_close(sample.mean(0), mean, atol=0.02, rtol=0)
    torch.testing.assert_close(sample.var(0), log_variance.exp(), atol=0, rtol=0.02)


def test_a_gradient_flows_through_a_sample():
    mean = torch.tensor([0.0], requires_grad=True)
    log_variance = torch.tensor([math.log(4)], requires_grad=True)
    reparameterize(mean, log_variance, torch.tensor([3.0])).backward()
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
    expected = torch_kl(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_divergence(mean, log_variance), expected)
