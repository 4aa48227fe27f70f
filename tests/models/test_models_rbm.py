"""Restricted Boltzmann machines: brute force, scikit-learn's, and what they learn."""

import itertools

import numpy as np
import pytest
import torch
from helpers import train_by_engine
from sklearn.neural_network import BernoulliRBM

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import RBM
from nnzoo.nn import RBM as Layer  # noqa: N811
from nnzoo.runs.predictions import score_samples
from nnzoo.sklearn import ModelTransformer


def bits(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def random_layer(features, hidden, visible="bernoulli"):
    layer = Layer(features, hidden, visible).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer.requires_grad_(False)


def joint(layer):
    """The probability of each state of the visible and of the hidden units, from the energy."""
    features, hidden = layer.layer.in_features, layer.layer.out_features
    v, h = bits(features), bits(hidden)
    energy = -(v @ layer.visible_bias)[:, None] - h @ layer.layer.bias
    p = (-energy + v @ layer.layer.weight.T @ h.T).exp()
    return v, h, p / p.sum()


@pytest.mark.parametrize(("features", "hidden"), [(3, 2), (2, 4)])
def test_probabilities_by_brute_force(features, hidden):
    layer = random_layer(features, hidden)
    v, h, p = joint(layer)
    torch.testing.assert_close(layer.log_likelihood(v), p.sum(1).log())
    torch.testing.assert_close(layer(v), p @ h / p.sum(1, keepdim=True))
    torch.testing.assert_close(layer.visible_mean(h), p.T @ v / p.sum(0)[:, None])
    pseudo = torch.zeros(len(v), dtype=torch.float64)
    of = {tuple(row.tolist()): float(q) for row, q in zip(v, p.sum(1), strict=True)}
    for k, row in enumerate(v):
        for i in range(features):
            flipped = row.clone()
            flipped[i] = 1 - row[i]
            own, other = of[tuple(row.tolist())], of[tuple(flipped.tolist())]
            pseudo[k] += np.log(own / (own + other))
    torch.testing.assert_close(layer.pseudo_log_likelihood(v), pseudo)


def test_a_pseudo_likelihood_of_many_units_is_an_estimate():
    layer = Layer(300, 2)
    assert len(set(layer.compared)) == 64
    torch.nn.init.zeros_(layer.layer.weight)
    found = layer.pseudo_log_likelihood(torch.rand(3, 300).round())
    torch.testing.assert_close(found, torch.full((3,), 300 * np.log(0.5)).float())


def test_a_gaussian_density_by_brute_force():
    layer = random_layer(2, 3, "gaussian")
    side = torch.linspace(-15, 15, 501, dtype=torch.float64)
    v = torch.cartesian_prod(side, side)
    density = layer.log_likelihood(v).exp()
    assert float(density.sum()) * 0.06**2 == pytest.approx(1, abs=1e-3)
    h, variance = bits(3), layer.log_variance.exp()
    at = v[::997]
    energy = ((at - layer.visible_bias).square() / (2 * variance)).sum(1)[:, None]
    energy = energy - h @ layer.layer.bias - (at / variance) @ layer.layer.weight.T @ h.T
    torch.testing.assert_close((-energy).logsumexp(1), -layer.free_energy(at))


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_samples_have_the_models_distribution(visible):
    layer, generator = random_layer(2, 2, visible), torch.Generator().manual_seed(0)
    v = torch.zeros(20000, 2, dtype=torch.float64)
    for _ in range(100):
        v = layer.gibbs(v, layer.noise(len(v), generator=generator).to(v))
    if visible == "bernoulli":
        states, _, p = joint(layer)
        shares = torch.stack([(v == state).all(1).double().mean() for state in states])
        torch.testing.assert_close(shares, p.sum(1), rtol=0, atol=0.015)
    else:
        p = (bits(2) @ layer.layer.bias + _squares(layer)).softmax(0)
        mean = p @ layer.visible_mean(bits(2))
        torch.testing.assert_close(v.mean(0), mean, rtol=0, atol=0.05)


def _squares(layer):
    b, mean = layer.visible_bias, layer.visible_mean(bits(2))
    return ((mean.square() - b.square()) / (2 * layer.log_variance.exp())).sum(1)


def test_the_gradient_is_that_of_contrastive_divergence():
    torch.manual_seed(0)
    model = RBM(4, hidden=3).double()
    x = torch.rand(20, 4).round().double()
    noise = model.sample_noise(Batch(x), torch.Generator().manual_seed(1))
    model.loss(Batch(x), noise).backward()
    layer = model.rbm.requires_grad_(False)
    uniform, own = noise[:, 0].split([3, 4], 1)
    hidden = (uniform < layer(x)).double()
    sample = (own < layer.visible_mean(hidden)).double()
    ascent = (layer(x).T @ x - layer(sample).T @ sample) / len(x)
    torch.testing.assert_close(-layer.layer.weight.grad, ascent)
    torch.testing.assert_close(-layer.layer.bias.grad, (layer(x) - layer(sample)).mean(0))
    torch.testing.assert_close(-layer.visible_bias.grad, (x - sample).mean(0))


def test_it_equals_scikit_learns_functions():
    x = nnzoo.create_data("digits").train.x[:200]
    peer = BernoulliRBM(20, n_iter=2, random_state=0).fit(x.double().numpy())
    layer = Layer(64, 20).double()
    with torch.no_grad():
        layer.layer.weight.copy_(torch.from_numpy(peer.components_))
        layer.layer.bias.copy_(torch.from_numpy(peer.intercept_hidden_))
        layer.visible_bias.copy_(torch.from_numpy(peer.intercept_visible_))
        x = x.double()
        np.testing.assert_allclose(layer.free_energy(x), peer._free_energy(x.numpy()))
        np.testing.assert_allclose(layer(x), peer.transform(x.numpy()))
        # scikit-learn flips one random unit of each point.
        x, flips = x.round(), []
        for seed in range(100):
            peer.random_state = seed
            flips.append(peer.score_samples(x.numpy()).mean())
        own = layer.pseudo_log_likelihood(x).mean()
    assert np.mean(flips) == pytest.approx(float(own), rel=0.03)


@pytest.mark.parametrize("options", [{}, {"gibbs_steps": 5}, {"chains": 20}])
def test_the_exact_likelihood_rises(options):
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randint(2, (6, 12), generator=generator).float()
    data = nnzoo.create_data(patterns.repeat(4, 1), scale="none", val_fraction=0)
    torch.manual_seed(0)
    options = {"hidden": 16, "gibbs_steps": 1, "optimizer": {"lr": 0.03}} | options
    model = nnzoo.create_model("rbm", data, **options)
    model.initialize(data.train.x)
    found = [model.diagnostics(data)["log_likelihood"]]
    for epochs in (150, 400):
        train_by_engine(model, data, epochs, every=epochs, weights="last")
        found.append(model.diagnostics(data)["log_likelihood"])
    assert found[0] < found[1] < found[2] < np.log(1 / 6)
    assert found[2] > -4
    if options.get("chains"):
        assert model.chains.unique().tolist() == [0, 1]
        assert len(model.chains.unique(dim=0)) > 1


def valid(x, side=4):
    """The share of images whose rows, or columns, have one color."""
    images = x.reshape(-1, side, side)
    bars = (images == images[:, :1]).all((1, 2)) | (images == images[:, :, :1]).all((1, 2))
    return float(bars.float().mean())


def test_bars_and_stripes():
    x = nnzoo.create_data("bars").points.x
    assert len(x) == len(x.unique(dim=0)) == 30
    assert valid(x) == 1
    assert valid(bits(4), side=2) == 6 / 16
    assert nnzoo.create_data("bars", side=2).points.x.shape == (6, 4)


@pytest.mark.slow
def test_samples_of_bars_are_valid():
    run = nnzoo.train("rbm", "bars")
    samples = run.sample(1000, seed=1)
    assert valid(torch.as_tensor(samples)) >= 0.9
    assert len(np.unique(samples, axis=0)) > 30  # not the same few images


@pytest.mark.slow
def test_its_pseudo_likelihood_on_digits_is_better_than_scikit_learns():
    data = nnzoo.create_data("digits", batch_size=10)
    peer = BernoulliRBM(64, batch_size=10, n_iter=10, random_state=0).fit(data.train.x.numpy())
    torch.manual_seed(0)
    model = nnzoo.create_model("rbm", data, hidden=64, gibbs_steps=1)
    train_by_engine(model, data, 10, every=10, weights="last")
    with torch.no_grad():
        ours = float(model.rbm.pseudo_log_likelihood(data.val.x).mean())
        model.rbm.layer.weight.copy_(torch.from_numpy(peer.components_))
        model.rbm.layer.bias.copy_(torch.from_numpy(peer.intercept_hidden_))
        model.rbm.visible_bias.copy_(torch.from_numpy(peer.intercept_visible_))
        assert ours > float(model.rbm.pseudo_log_likelihood(data.val.x).mean())


@pytest.mark.slow
def test_gaussian_units_learn_blobs():
    options = {"hidden": 8, "gibbs_steps": 1}
    run = nnzoo.train("rbm", "blobs", epochs=100, scale="standard", **options)
    assert run.model.visible == "gaussian"
    assert "mse" in run.history.columns
    # Of independent normal units: -ln(2 pi) - 1 = -2.84. A blob has 0.27 of the deviation of all.
    assert run.model.diagnostics(run.data)["log_likelihood"] > -1.1
    assert run.result["best"]["epoch"] >= 90  # the error of the reconstruction is lowest before
    deviations = (run.model.rbm.log_variance / 2).exp()
    assert ((deviations > 0.2) & (deviations < 0.7)).all()


def test_scores_and_codes():
    run = nnzoo.train("rbm", "bars", epochs=200)
    x = run.data.points.x
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)).round()
    scores = score_samples(run.model, x)
    torch.testing.assert_close(scores, -run.model.free_energy(x).detach())
    assert scores.mean() > score_samples(run.model, noise).mean()
    assert nnzoo.train("rbm", x, epochs=1).model.visible == "bernoulli"  # bits in a table
    codes = ModelTransformer("rbm", options={"hidden": 5}, epochs=2, scale="none")
    assert codes.fit_transform(x.numpy()).shape == (30, 5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"hidden": 0}, r"model\.hidden must be a whole number"),
        ({"gibbs_steps": 0}, r"model\.gibbs_steps must be a whole number"),
        ({"chains": -1}, r"model\.chains must be a whole number"),
        ({"visible": "binary"}, r"unknown model\.visible 'binary'"),
        (
            {"visible": "bernoulli", "scale": "none"},
            r"needs values from 0 to 1: use data\.scale=minmax",
        ),
        ({"optimizer": {"name": "lbfgs"}}, "needs a model with one loss"),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("rbm", "iris", epochs=1, **options)


def test_a_likelihood_of_many_units_is_refused():
    with pytest.raises(InputError, match="sum over all states of 17 units"):
        Layer(20, 17).log_likelihood(torch.zeros(1, 20))
    assert not Layer(3, 17, "gaussian").is_enumerable
