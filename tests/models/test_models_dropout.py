"""Dropout: equality with torch's, its mean, and where it is off."""

import pytest
import torch
from helpers import fit, same, state, tiny_data, tiny_model
from torch import nn

from nnzoo import InputError, models
from nnzoo.batch import Batch
from nnzoo.models.bases.dropout import Dropout
from nnzoo.nn import MLP
from nnzoo.sweeps.groups import kind_key

P = torch.tensor(0.4, dtype=torch.float64)
MODELS = ("autoencoder", "mlp", "sigmoid_classifier", "vae")


def rate(dropout, name):
    return {"dropout": dropout, **({"noise": 0.1} if name == "autoencoder" else {})}


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_outputs_and_gradients_equal_torchs_for_the_same_masks(p):
    net = MLP([3, 50, 40, 2], "tanh")
    masks = []
    layers = [nn.Dropout(p), nn.Dropout(p)]
    for layer in layers:
        layer.register_forward_hook(lambda layer, given, out: masks.append((out != 0).float()))
    reference = nn.Sequential(net[0], net[1], layers[0], net[2], net[3], layers[1], net[4])
    x = torch.randn(20, 3)
    expected = reference(x)
    wanted = torch.autograd.grad(expected.square().sum(), net.parameters())
    uniform = torch.cat(masks, -1)  # 0 is below p, 1 is not
    found = net.with_dropout(x, torch.tensor(p, dtype=torch.float64), uniform)
    torch.testing.assert_close(found, expected)
    assert found.dtype == torch.float32
    for one, other in zip(
        torch.autograd.grad(found.square().sum(), net.parameters()), wanted, strict=True
    ):
        torch.testing.assert_close(one, other)


def test_the_mean_over_masks_is_the_output_without_dropout():
    torch.manual_seed(0)
    net = MLP([3, 8, 2], "tanh").double()  # linear in its hidden units
    x = torch.randn(3, dtype=torch.float64)
    uniform = torch.rand(200_000, net.hidden_units, dtype=torch.float64)
    outputs = net.with_dropout(x.expand(len(uniform), 3), P, uniform)
    error = outputs.std(0) / len(outputs) ** 0.5
    assert (error > 0).all()
    assert ((outputs.mean(0) - net(x)).abs() < 5 * error).all()


def test_a_share_of_the_hidden_units_is_dropped_anew_at_each_step():
    model = tiny_model("mlp", hidden=[30, 20], dropout=0.25)
    batch = Batch(torch.zeros(500, 4))
    uniform = model.sample_noise(batch, torch.Generator().manual_seed(0))
    assert uniform.shape == (500, 50)
    assert (uniform < 0.25).double().mean().item() == pytest.approx(0.25, abs=0.01)
    assert not torch.equal(uniform, model.sample_noise(batch, torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("name", MODELS)
def test_it_acts_in_training_alone(name):
    data = tiny_data(name)
    plain, model = tiny_model(name, data), tiny_model(name, data, dropout=0.5)
    assert isinstance(model, Dropout)
    assert same(state(plain), state(model))
    for one in (plain.train(), model.train()):  # the mode plays no role
        one.initialize_from(data.start_batch())
    assert same(plain.metrics(data.train), model.metrics(data.train))
    assert torch.equal(plain.predict(data.points.x), model.predict(data.points.x))
    noise = model.sample_noise(data.train, torch.Generator().manual_seed(0))
    assert model.loss(data.train, noise) != model.loss(data.train)
    for one in (plain, model):
        torch.manual_seed(0)
        fit(one, data)
    assert not same(state(plain), state(model))


@pytest.mark.parametrize("name", MODELS)
def test_different_rates_train_together_but_not_with_0(name):
    data = tiny_data(name)
    keys = [
        kind_key(tiny_model(name, data, **rate(dropout, name)), data, [])
        for dropout in (0.1, 0.5, 0.0)
    ]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 1.5, "half", None, True])
def test_a_rate_that_is_no_probability_is_an_error(dropout):
    with pytest.raises(InputError, match=r"model.dropout must be a number >= 0 and < 1, got"):
        models.MLP(3, dropout=dropout)


def test_it_needs_hidden_units():
    with pytest.raises(InputError, match=r"model.dropout=0.5 drops hidden units, and model.hidden"):
        models.MLP(3, hidden=[], dropout=0.5)
