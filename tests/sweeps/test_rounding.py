"""Many models' numbers are rounded as each model's by itself."""

import pytest
import torch
from torch.nn import functional as F

from nnzoo.sweeps.rounding import CURVED, AsAlone

MODELS = 5


@pytest.mark.parametrize("shape", [(1,), (16,), (8, 2), (3, 11), (32, 2), (31, 7)])
@pytest.mark.parametrize("operation", sorted(CURVED, key=str), ids=str)
def test_curved_operations(operation, shape):
    torch.manual_seed(0)
    x, g = torch.rand(MODELS, *shape) + 0.1, torch.randn(MODELS, *shape)

    def run(x, g):
        name = operation.name().removeprefix("aten::")
        if name == "elu_backward":
            return operation(g, 1.0, 1.0, 1.0, False, x)
        if name == "softplus_backward":
            return operation(g, x, 1.0, 20.0)
        return operation(g, x) if name.endswith("backward") else operation(x)

    with AsAlone():
        found = run(x, g)
    assert found.shape == x.shape
    for k in range(MODELS):
        assert torch.equal(found[k], run(x[k].clone(), g[k].clone()))


@pytest.mark.parametrize("sizes", [(4, 16), (10, 64), (32, 2), (64, 10)])
def test_the_gradient_of_a_layer(sizes):
    torch.manual_seed(0)
    fan_in, units = sizes
    x, g = torch.randn(MODELS, 8, fan_in), torch.randn(MODELS, 8, units)
    weight = torch.randn(MODELS, units, fan_in, requires_grad=True)
    with AsAlone():
        (found,) = torch.autograd.grad(torch.bmm(x, weight.transpose(1, 2)), weight, g)
    assert torch.equal(found, torch.bmm(g.transpose(1, 2), x))
    for k in range(MODELS):
        own = weight[k].detach().requires_grad_()
        (alone,) = torch.autograd.grad(F.linear(x[k], own), own, g[k])
        torch.testing.assert_close(found[k], alone)
