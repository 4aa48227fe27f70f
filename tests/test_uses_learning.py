"""Learning, metrics, predictions and gradients of every model, on unusual inputs."""

import copy
import pickle

import pytest
import torch
from helpers import MODELS, state, tiny_data, tiny_model
from modules import FAR, POINTS, TRAINED, close, module_and_points, near
from torch import nn
from torch.func import functional_call

import nnzoo
import nnzoo.nn as layers
from nnzoo.batch import Batch
from nnzoo.models import Clock, Descend
from nnzoo.models.mlp import LOSSES

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
                more = (noise,) if action.noisy else ()
                changed = getattr(model, action.update)(batch, clock, *more)
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
    strided = Batch(batch.x.mT.contiguous().mT, batch.y)
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
    for form in (raw.numpy(), raw.tolist(), raw.mT.contiguous().mT):
        close(model.predict(form), expected)
        assert model.predict_labels(form) == labels
    close(model.predict(raw[0]), expected[0])
    more = raw.reshape(3, 4, *raw.shape[1:])
    close(model.predict(more), expected.reshape(3, 4, *expected.shape[1:]))
    assert model.predict_labels(raw[0]) == (None if labels is None else labels[:1])
    assert model.predict_labels(more) == labels
    assert model.predict(raw[:0]).shape == (0, *expected.shape[1:])
    assert model.predict_labels(raw[:0]) == (None if labels is None else [])
    double = copy.deepcopy(model).double()
    assert double.predict(raw).dtype == torch.float64
    assert copy.deepcopy(model).bfloat16().predict(raw).isfinite().all()


# Gradients. The other models and layers learn by rules: their outputs are step functions.

# In dbn, the loss of a machine has no gradient by the weights of those below, though it depends on
# them: they stay as they are. Its test compares it with single machines.
WITH_GRADIENT = [
    name for name in MODELS if name != "dbn" and tiny_model(name).default_optimizer is not None
]


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
