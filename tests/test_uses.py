"""Every layer and every model in every use, from a table of modules and a table of uses.

A line in ``TINY`` includes a new model, a line in ``LAYERS`` a new layer.
"""

import copy
import pickle
import warnings
from functools import cache, partial

import pytest
import torch
from helpers import MODELS, fit, same, state, tiny_data, tiny_model
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

import nnzoo
import nnzoo.nn as layers
from nnzoo.batch import Batch
from nnzoo.models import Clock, Descend, Model
from nnzoo.models.mlp import LOSSES
from nnzoo.models.winner_take_all import WinnerTakeAll

FAR = 1e4  # in float32, products of such numbers lose a difference of 1
POINTS = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))


def near(layer, x):
    """Set the weights of a competitive layer to the first points."""
    layer.weight.copy_(x[: len(layer.weight)])
    return layer


# Modules. Each with points (points, features) for which its outputs differ.

LAYERS = {
    "MLP": lambda: (layers.MLP([3, 5, 2], "tanh", "softmax"), POINTS),
    "MovingAverage": lambda: (layers.MovingAverage(layers.MLP([3, 2]), 0.9), POINTS),
    "Scaling": lambda: (layers.Scaling.fit(5 * POINTS + 2, "standard"), POINTS),
    "ThresholdUnit": lambda: (layers.ThresholdUnit(3, 4), POINTS),
    "CompetitiveLayer": lambda: (near(layers.CompetitiveLayer(3, 7), POINTS), POINTS),
    # From 128 weights on, the search uses matrix products.
    "CompetitiveLayer, large": lambda: (near(layers.CompetitiveLayer(3, 60), POINTS), POINTS),
    "CompetitiveLayer, far": lambda: (
        near(layers.CompetitiveLayer(3, 60), POINTS + FAR),
        POINTS + FAR,
    ),
}


@cache
def trained(name, large=False, **options):
    """Return a trained model and its data; ``large``: with 70 competitive units."""
    data = tiny_data(name)
    if large:
        units = type(tiny_model(name)).units_option.removeprefix("model.")
        options[units] = 70
    model = tiny_model(name, data, **options)
    fit(model, data)
    return model.eval(), data


WINNERS = [name for name in MODELS if isinstance(tiny_model(name), WinnerTakeAll)]
TRAINED = {name: partial(trained, name) for name in MODELS}
TRAINED |= {f"{name}, large": partial(trained, name, True) for name in WINNERS}


def module_and_points(name):
    """Return a module that a test may change, and points for its ``forward``."""
    if name in LAYERS:
        torch.manual_seed(0)
        module, x = LAYERS[name]()
        if name == "ThresholdUnit":
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape))
        return module, x
    model, data = TRAINED[name]()
    return copy.deepcopy(model), data.train.x


def test_all_layers_are_in_the_table():
    exported = {name: getattr(layers, name) for name in layers.__all__}
    modules = {n for n, v in exported.items() if isinstance(v, type) and issubclass(v, nn.Module)}
    assert modules == {name.partition(",")[0] for name in LAYERS}


# Uses. Each gets a module, its points x and its outputs y in eager float32.


def under_vmap_over_points(module, x, y):
    close(vmap(module)(x), y)
    close(vmap(vmap(module))(x[:6].reshape(2, 3, -1)), y[:6].reshape(2, 3, -1))


def under_vmap_over_members(module, x, y):
    members = [copy.deepcopy(module) for _ in range(3)]
    for k, member in enumerate(members):
        for value in (*member.parameters(), *member.buffers()):
            if value.is_floating_point():
                value.data += 0.3 * k * torch.randn(value.shape).to(value)
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
    assert module(x[:0].reshape(0, 4, x.shape[1])).shape == (0, 4, *y.shape[1:])


def on_one_point(module, x, y):
    close(module(x[:1]), y[:1])
    close(module(x[0]), y[0])


def with_more_dimensions(module, x, y):
    close(module(x[:24].reshape(2, 3, 4, -1)), y[:24].reshape(2, 3, 4, -1))


def on_other_strides(module, x, y):
    transposed = x.T.contiguous().T
    assert not transposed.is_contiguous()
    close(module(transposed), y)
    close(module(x[::3]), y[::3])
    close(module(x[:1].expand(5, -1)), y[:1].expand(5, -1))


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
    for points in (x, x[:1], x[4:11], x[:0], x + FAR, x.repeat(5, 1) - FAR):
        torch.testing.assert_close(program(points), module(points), rtol=1e-6, atol=1e-6)


def close(found, expected):
    # A matrix product of all points adds up in another order than several of some points.
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def spoil(module):
    for value in (*module.parameters(), *module.buffers()):
        value.data.fill_(torch.nan)


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


# Models beyond ``forward``: learning, metrics and predictions.

CLOCKS = [Clock(step, 40, 4) for step in (0, 17, 39)]  # one per stage of counterpropagation


def results(model, batch):
    """Return a model's metrics and losses and the new values of its rules, by name."""
    noise = model.sample_noise(batch, torch.Generator().manual_seed(1))
    found = {f"metrics {name}": value for name, value in model.metrics(batch).items()}
    for clock in CLOCKS:
        for action in model.steps(clock):
            if isinstance(action, Descend):
                found[action.loss] = getattr(model, action.loss)(batch, noise)
            else:
                changed = getattr(model, action.update)(batch, clock)
                found |= {f"{clock.step} {name}": value for name, value in changed.items()}
    return found


def model_and_batch(name):
    model, data = TRAINED[name]()
    return copy.deepcopy(model), Batch(*[None if v is None else v[:40] for v in data.train])


@pytest.mark.parametrize("name", TRAINED)
@torch.no_grad()
def test_learning_from_no_points_changes_nothing(name):
    model, batch = model_and_batch(name)
    before, usual = state(model), results(model, batch)
    for key, value in results(model, batch.map(lambda values: values[:0])).items():
        old = before.get(key.partition(" ")[2])
        if old is None:  # a mean over no points is NaN, as torch's are
            assert value.isnan().all() or value.isfinite().all()
        elif not torch.equal(value, usual[key]):  # a value that depends on the points
            close(value, old)


@pytest.mark.parametrize("name", TRAINED)
@torch.no_grad()
def test_learning_from_one_point(name):
    model, batch = model_and_batch(name)
    found = results(model, batch.map(lambda values: values[:1]))
    assert all(value.isfinite().all() for value in found.values())


@pytest.mark.parametrize("name", TRAINED)
@torch.no_grad()
def test_learning_in_other_types_and_strides(name):
    model, batch = model_and_batch(name)
    expected = results(model, batch)
    strided = Batch(batch.x.T.contiguous().T, batch.y)
    for key, value in results(model, strided).items():
        close(value, expected[key])
    for key, value in results(model.double(), batch.like(model.prototype)).items():
        assert value.dtype == torch.float64
        torch.testing.assert_close(value.float(), expected[key].float(), rtol=1e-3, atol=1e-4)
    for value in results(model.bfloat16(), batch.like(model.prototype)).values():
        assert value.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
@torch.no_grad()
def test_losses_and_metrics_compile(name):
    model, batch = model_and_batch(name)
    torch._dynamo.reset()
    metrics = torch.compile(model.metrics, fullgraph=True, backend="aot_eager")
    for points in (40, 13):
        part = batch.map(lambda values: values[:points])  # noqa: B023
        for key, value in model.metrics(part).items():
            torch.testing.assert_close(metrics(part)[key], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", TRAINED)
def test_predictions(name):
    model, data = TRAINED[name]()
    raw = data.raw[0].x[:12]
    expected, labels = model.predict(raw), model.predict_labels(raw)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other.predict(raw), expected)
        assert other.predict_labels(raw) == labels
    for form in (raw.numpy(), raw.tolist(), raw.T.contiguous().T):
        close(model.predict(form), expected)
        assert model.predict_labels(form) == labels
    close(model.predict(raw[0]), expected[0])
    close(model.predict(raw.reshape(3, 4, -1)), expected.reshape(3, 4, -1))
    assert model.predict_labels(raw[0]) == (None if labels is None else labels[:1])
    assert model.predict_labels(raw.reshape(3, 4, -1)) == labels
    assert model.predict(raw[:0]).shape == (0, expected.shape[1])
    assert model.predict_labels(raw[:0]) == (None if labels is None else [])
    double = copy.deepcopy(model).double()
    assert double.predict(raw).dtype == torch.float64
    assert copy.deepcopy(model).bfloat16().predict(raw).isfinite().all()


# Gradients. The other models and layers learn by rules: their outputs are step functions.

WITH_GRADIENT = [name for name in MODELS if tiny_model(name).default_optimizer is not None]


@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_gradients_of_models(name):
    check_gradients(TRAINED[name]()[0], tiny_data(name).train)


@pytest.mark.parametrize("weight", [None, "balanced"])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_of_losses_of_the_mlp(loss, weight):
    is_regression = loss in ("mae", "mse") and weight is None
    data = nnzoo.create_data(POINTS, POINTS[:, :2] ** 2) if is_regression else tiny_data("mlp")
    options = {"output_activation": "sigmoid"} if loss == "bce" else {}
    model = tiny_model("mlp", data, loss=loss, class_weight=weight, **options)
    check_gradients(model, data.train)


def check_gradients(model, train):
    """Compare the gradients of all losses of a model with finite differences."""
    model = copy.deepcopy(model).double()
    batch = train.map(lambda values: values[:: len(values) // 7]).like(model.prototype)
    noise = model.sample_noise(batch, torch.Generator().manual_seed(0))
    actions = {action for clock in CLOCKS for action in model.steps(clock)}
    descents = [action for action in actions if isinstance(action, Descend)]
    assert descents
    for action in descents:
        part = model.get_submodule(action.part)
        prefix = action.part and f"{action.part}."
        names = [f"{prefix}{key}" for key, _ in part.named_parameters()]
        values = [value.detach().requires_grad_() for value in part.parameters()]

        def loss(*values, names=names, action=action):
            called = Called(model, action.loss)
            named = {f"model.{n}": v for n, v in zip(names, values, strict=True)}
            return functional_call(called, named, (batch, noise))

        assert torch.autograd.gradcheck(loss, values)


class Called(nn.Module):
    """A model as a module whose ``forward`` is one of its methods."""

    def __init__(self, model, method):
        super().__init__()
        self.model, self.method = model, method

    def forward(self, *arguments):
        return getattr(self.model, self.method)(*arguments)


@pytest.mark.parametrize("name", ["MLP", "MovingAverage", "Scaling"])
def test_gradients_of_layers(name):
    module, x = module_and_points(name)
    module = module.double()
    values = [p.detach().requires_grad_() for p in module.parameters()]
    names = [n for n, _ in module.named_parameters()]

    def forward(x, *values):
        return functional_call(module, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(forward, (x[:5].double().requires_grad_(), *values))


@pytest.mark.parametrize("offset", [0, FAR])
def test_gradients_of_distances(offset):
    layer = near(layers.CompetitiveLayer(3, 60), POINTS + offset).double()
    x = (POINTS[60:65] + offset).double().requires_grad_()
    assert torch.autograd.gradcheck(layer.distances, x)
    for searched in (layer, layers.CompetitiveLayer(3, 2).double()):  # by products, by differences
        assert not any(output.requires_grad for output in searched.nearest(x))
