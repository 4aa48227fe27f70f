"""Deep belief nets: one machine after the other, brute force, and the autoencoder they start."""

import copy
import itertools

import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import DBN, RBM
from nnzoo.models.training.steps import step_generator


def binary_data(n=40, features=6, **options):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(2, (n, features), generator=generator).float()
    return nnzoo.create_data(x, **{"scale": "none", "val_fraction": 0, "batch_size": 10} | options)


def random_net(features=3, hidden=(2, 2), visible="bernoulli"):
    net = DBN(features, hidden=list(hidden), visible=visible).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return net.requires_grad_(False)


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_the_machines_learn_one_after_the_other(visible):
    data = binary_data(shuffle=False)
    torch.manual_seed(0)
    net = DBN(6, hidden=[5, 4], visible=visible, gibbs_steps=2).double()
    first = copy.deepcopy(net)
    first.initialize(data.train.x.double())
    train_by_engine(net, data, 6, weights="last")
    points = x = data.train.x.double()
    step = 0
    for k, rbm in enumerate(first.rbms):
        kind = "bernoulli" if k else visible
        alone = RBM(x.shape[1], rbm.layer.out_features, kind).double()
        alone.rbm.load_state_dict(rbm.state_dict())
        if k:
            alone.rbm.visible_bias.data = x[:10].mean(0).clamp(0.01, 0.99).logit()
        optimizer = torch.optim.Adam(alone.parameters(), lr=0.02)
        for batch, v in 3 * [*zip(points.split(10), x.split(10), strict=True)]:
            noise = first.sample_noise(Batch(batch), step_generator(0, step))
            optimizer.zero_grad()
            alone.loss(Batch(v), noise.split([5 + 6, 4 + 5], -1)[k]).backward()
            optimizer.step()
            step += 1
        for name, value in alone.rbm.state_dict().items():
            torch.testing.assert_close(net.rbms[k].state_dict()[name], value)
        x = alone.encoder(x).detach()
    torch.testing.assert_close(net.encode(points), x)


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_the_unrolled_net_by_hand(visible):
    net = random_net(visible=visible)
    (w1, w2), (c1, c2) = ([getattr(r.layer, n) for r in net.rbms] for n in ("weight", "bias"))
    b1, b2 = (rbm.visible_bias for rbm in net.rbms)
    x = torch.tensor([[0.2, 0.9, 0.4]], dtype=torch.float64)
    scaled = x if visible == "bernoulli" else x / net.rbm.log_variance.exp()
    code = (w2 @ (w1 @ scaled[0] + c1).sigmoid() + c2).sigmoid()
    output = (code @ w2 + b2).sigmoid() @ w1 + b1
    output = output.sigmoid() if visible == "bernoulli" else output
    unrolled = net.unrolled()
    for model in (net, unrolled):
        torch.testing.assert_close(model.encode(x)[0], code)
        torch.testing.assert_close(model(x)[0], output)


def test_samples_have_the_models_distribution():
    net = random_net()
    below, top = net.rbms
    states = torch.tensor([*itertools.product([0.0, 1.0], repeat=2)], dtype=torch.float64)
    p_hidden = top.log_likelihood(states).exp()
    means = below.visible_mean(states)
    v = torch.tensor([*itertools.product([0.0, 1.0], repeat=3)], dtype=torch.float64)
    p = p_hidden @ (v * means[:, None] + (1 - v) * (1 - means[:, None])).prod(-1)
    samples = net.generate(20000, torch.Generator().manual_seed(0))
    shares = torch.stack([(samples == state).all(1).double().mean() for state in v])
    torch.testing.assert_close(shares, p, rtol=0, atol=0.015)
    net.graded.fill_(1)
    probabilities = net.generate(20000, torch.Generator().manual_seed(0))
    shares = torch.stack(
        [torch.isclose(probabilities, mean).all(1).double().mean() for mean in means]
    )
    torch.testing.assert_close(shares, p_hidden, rtol=0, atol=0.015)


@pytest.mark.parametrize("name", ["dbn", "rbm"])
def test_samples_of_gray_levels_are_gray_levels(name):
    for data, gray in ((binary_data(), False), (nnzoo.create_data("moons", scale="minmax"), True)):
        model = nnzoo.create_model(name, data)
        model.initialize_from(data.start_batch())
        samples = model.generate(20, torch.Generator().manual_seed(0))
        assert bool(((samples > 0) & (samples < 1)).any()) == gray


def test_one_machine_is_an_rbm():
    data = binary_data()
    found = []
    for name, hidden in (("dbn", [5]), ("rbm", 5)):
        torch.manual_seed(0)
        model = nnzoo.create_model(name, data, hidden=hidden, gibbs_steps=1, scheduler=None)
        train_by_engine(model, data, 3, weights="last")
        found.append(model)
    net, machine = found
    assert torch.equal(net.predict(data.train.x), machine.predict(data.train.x))
    assert torch.equal(net.sample(5), machine.sample(5))


def test_the_unrolled_net_predicts_the_same():
    run = nnzoo.train("dbn", "iris", epochs=4, hidden=[5, 2])
    assert run.model.visible == "bernoulli"  # iris are scaled to [0, 1]
    model, x = run.model.unrolled(), run.data.points.x
    torch.testing.assert_close(model.predict(x), run.model.predict(x))
    assert model.predict_labels(x) == run.model.predict_labels(x)
    assert model.feature_names == run.data.feature_names


@pytest.mark.slow
def test_it_starts_a_better_autoencoder_than_random_weights():
    """Sigmoid layers from random weights learn slowly."""
    options = {"hidden": [64], "latent": 32, "epochs": 10, "lr": 0.003}
    sigmoid = {"activation": "sigmoid", "latent_activation": "sigmoid"}
    net = nnzoo.train("dbn", "digits", epochs=20)
    started = nnzoo.train("autoencoder", "digits", start_from=net.folder, epochs=10, lr=0.003)
    random = nnzoo.train("autoencoder", "digits", **options, **sigmoid)
    longer = nnzoo.train("autoencoder", "digits", **options | {"epochs": 30}, **sigmoid)
    assert started.metrics["val_mse"] < longer.metrics["val_mse"] < random.metrics["val_mse"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"hidden": []}, r"model\.hidden is empty: give the units of at least one layer"),
        ({"hidden": [4, 0]}, r"each of model\.hidden must be a whole number"),
        ({"hidden": 4}, r"model\.hidden must be a list of whole numbers"),
        ({"gibbs_steps": 0}, r"model\.gibbs_steps must be a whole number"),
        (
            {"visible": "bernoulli", "scale": "none"},
            r"needs values from 0 to 1: use data\.scale=minmax",
        ),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("dbn", "iris", epochs=1, **options)
