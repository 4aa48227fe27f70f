"""Every layer and every model in every use of ``forward``, from a table of modules and of uses."""

import copy
import pickle
import warnings

import pytest
import torch
from helpers import same, state
from modules import FAR, LAYERS, TRAINED, close, module_and_points
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

import nnzoo.nn as layers
from nnzoo.models import Model


def test_all_layers_are_in_the_table():
    exported = {name: getattr(layers, name) for name in layers.__all__}
    modules = {n for n, v in exported.items() if isinstance(v, type) and issubclass(v, nn.Module)}
    assert modules == {name.partition(",")[0] for name in LAYERS}


# Uses. Each gets a module, its points x and its outputs y in eager float32.


def under_vmap_over_points(module, x, y):
    close(vmap(module)(x), y)
    twice = x[:6].reshape(2, 3, *x.shape[1:])
    close(vmap(vmap(module))(twice), y[:6].reshape(2, 3, *y.shape[1:]))


def under_vmap_over_members(module, x, y):
    members = [copy.deepcopy(module) for _ in range(3)]
    for k, member in enumerate(members):
        for value in (*member.parameters(), *member.buffers()):
            if value.is_floating_point():
                size = max(1.0, float((value - value.mean()).square().mean()) ** 0.5)
                value.data += 0.3 * k * size * torch.randn(value.shape).to(value)
    values = stack_module_state(members)
    found = vmap(lambda v: functional_call(module, v, (x,)))(values)
    for one, member in zip(found, members, strict=True):
        close(one, member(x))
    assert not torch.equal(found[0], found[2])


def as_a_deepcopy(module, x, y):
    other = copy.deepcopy(module)
    assert torch.equal(other(x), y)
    spoil(module)
    assert torch.equal(other(x), y)


def as_a_pickle(module, x, y):
    other = pickle.loads(pickle.dumps(module))
    assert same(state(other), state(module))
    assert torch.equal(other(x), y)


def in_float64(module, x, y):
    found = module.double()(x.double())
    assert found.dtype == torch.float64
    assert float((found - y).abs().mean()) < 1e-5


def in_bfloat16(module, x, y):
    found = module.bfloat16()(x.bfloat16())
    assert found.dtype == torch.bfloat16
    exact = module.double()(x.bfloat16().double())  # with the same rounded weights
    error, largest = (found - exact).detach().abs().mean(), exact.detach().abs().max()
    assert float(error) < 0.02 * float(largest)
    assert float(found.max()) > float(found.min())


def on_no_points(module, x, y):
    found = module(x[:0])
    assert found.shape == (0, *y.shape[1:])
    assert found.dtype == y.dtype
    assert module(x[:0].reshape(0, 4, *x.shape[1:])).shape == (0, 4, *y.shape[1:])


def on_one_point(module, x, y):
    close(module(x[:1]), y[:1])
    close(module(x[0]), y[0])


def with_more_dimensions(module, x, y):
    more = x[:24].reshape(2, 3, 4, *x.shape[1:])
    close(module(more), y[:24].reshape(2, 3, 4, *y.shape[1:]))


def on_other_strides(module, x, y):
    transposed = x.mT.contiguous().mT
    assert not transposed.is_contiguous()
    close(module(transposed), y)
    close(module(x[::3]), y[::3])
    close(module(x[:1].expand(5, *x.shape[1:])), y[:1].expand(5, *y.shape[1:]))


def exported(module, x, y):
    batch = torch.export.Dim("batch", min=0)
    program = torch.export.export(module, (x[:4],), dynamic_shapes=({0: batch},))
    assert "cdist" not in str(program.graph)  # which other runtimes do not support
    same_for_other_points(program.module(), module, x)


def compiled(module, x, y):
    torch._dynamo.reset()
    same_for_other_points(torch.compile(module, fullgraph=True, backend="aot_eager"), module, x)


def traced(module, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch deprecates tracing
        if isinstance(module, Model):  # Lightning's way
            program = module.to_torchscript(method="trace", example_inputs=x[:4])
        else:
            program = torch.jit.trace(module, x[:4])
    same_for_other_points(program, module, x)


def same_for_other_points(program, module, x):
    """Compare with the module for other numbers of points, also far from the origin."""
    for points in (x, x[:1], x[4:11], x[:0], x + FAR, x.repeat(5, *[1] * (x.ndim - 1)) - FAR):
        torch.testing.assert_close(program(points), module(points), rtol=1e-6, atol=1e-6)


def spoil(module):
    for value in (*module.parameters(), *module.buffers()):
        value.data.fill_(torch.nan if value.is_floating_point() else -1)


USES = [under_vmap_over_points, under_vmap_over_members, as_a_deepcopy, as_a_pickle]
USES += [in_float64, in_bfloat16, on_no_points, on_one_point, with_more_dimensions]
USES += [on_other_strides, exported, traced, pytest.param(compiled, marks=pytest.mark.slow)]


@pytest.mark.parametrize("use", USES, ids=lambda use: getattr(use, "__name__", None))
@pytest.mark.parametrize("name", [*LAYERS, *TRAINED])
def test_forward(name, use):
    module, x = module_and_points(name)
    with torch.no_grad():  # not around the training, which turns gradients on again
        y = module(x)
        assert not torch.equal(y[0], y[1]) or len(y.unique(dim=0)) > 1
        use(module, x, y)
