"""Levenberg-Marquardt in the engine, and what it requires of models and data."""

import itertools

import pytest
import torch
from helpers import difference, mostly_slow, own_model, tiny_data, tiny_model
from test_same_bits import assert_same_bits, resumed
from training import AT_END, IN_DOUBLE, by_engine, by_lightning, member, train

from nnzoo import InputError, create_data, limits
from nnzoo.engine.population import Population
from nnzoo.models import MLP
from nnzoo.models.training.least_squares import check_squares
from nnzoo.sklearn import MLPRegressor

LM = {"name": "levenberg_marquardt"}
CASES = {
    "mlp": {"loss": "mse"},
    "mlp weighted": {"loss": "sse", "class_weight": "balanced", "output_activation": "sigmoid"},
    "mlp dropout": {"loss": "mse", "dropout": 0.1, "hidden": [6, 5]},
    "mlp single": {"loss": "mse", "hidden": [], "output_activation": "sigmoid"},
    "autoencoder": {"noise": 0.1, "activation": "tanh"},
}


def data_of(case):
    return tiny_data(case.split()[0], batch_size=None)


def options_of(case, **changes):
    return CASES[case] | {"optimizer": LM | changes}


@pytest.mark.parametrize(
    ("case", "double"), mostly_slow(itertools.product(CASES, [False, True]), keep=4)
)
def test_the_engine_equals_the_textbook_model(case, double):
    name, data, options = case.split()[0], data_of(case), options_of(case)
    one = train(member(name, data, double=double, **options))[0].progress
    textbook = by_lightning(name, data, double=double, **options)
    assert difference(textbook, one.weights) <= (IN_DOUBLE if double else AT_END)
    assert one.rows[-1]["loss"] < 0.9 * one.rows[0]["loss"]


@pytest.mark.parametrize("case", ["mlp", "autoencoder"])
def test_members_equal_those_trained_alone(case):
    name, data = case.split()[0], data_of(case)
    own = [options_of(case, mu=mu, mu_inc=inc) for mu, inc in ((1e-3, 10), (10.0, 4), (1.0, 2))]
    together = train(*[member(name, data, seed=s, **o) for s, o in enumerate(own)], every=3)
    for seed, options in enumerate(own):
        alone = by_engine(name, data, seed=seed, plan={"every": 3}, **options)
        assert difference(alone, together[seed].progress.weights) <= AT_END
    assert len({one.progress.optimizers[""]["state"]["mu"].item() for one in together}) == 3


def test_the_residuals_and_their_derivatives():
    data = data_of("mlp")
    models = [tiny_model("mlp", data, seed, loss="sse").double() for seed in range(2)]
    batch = data.train.map(lambda v: v[:5].double() if v.is_floating_point() else v[:5])
    population = Population(models, [0, 1])
    both = batch.map(lambda values: values.expand(2, *values.shape))
    rows = population.rows[""]
    residuals, jacobian = population.residuals_and_jacobian("", rows, both, None)
    assert jacobian.shape == (2, 5, 3, rows.shape[1])
    for position, model in enumerate(models):
        found = model.residuals(batch)
        torch.testing.assert_close(residuals[position], found)
        torch.testing.assert_close(found.square().sum(), model.loss(batch))
        for point, unit in ((0, 1), (4, 2)):
            slopes = torch.autograd.grad(found[point, unit], model.parameters(), retain_graph=True)
            wanted = torch.cat([slope.reshape(-1) for slope in slopes])
            torch.testing.assert_close(jacobian[position, point, unit], wanted)


def test_more_outputs_than_parameters():
    """Here the derivatives are computed forward."""
    data = create_data("blobs", batch_size=None)
    model = own_model("autoencoder", data, hidden=[], latent=1, optimizer=LM).double()
    for own in list(model.parameters())[1:]:
        own.requires_grad_(False)
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    population = Population([model], [0])
    batch = data.train.map(lambda v: v[None].double() if v.is_floating_point() else v[None])
    wide = batch.map(lambda values: values[:, :3])
    _, jacobian = population.residuals_and_jacobian("", population.rows[""], wide, None)
    found = model.residuals(wide.map(lambda values: values[0]))
    weight = dict(model.named_parameters())[names[0]]
    wanted = [torch.autograd.grad(r, weight, retain_graph=True)[0] for r in found.reshape(-1)]
    torch.testing.assert_close(jacobian[0].flatten(0, 1), torch.stack(wanted).flatten(1))


def test_a_resumed_training_equals_an_uninterrupted_one_to_the_bit():
    data, options = data_of("mlp"), options_of("mlp")
    (uninterrupted,) = train(member("mlp", data, **options))
    (one,) = train(member("mlp", data, **options), stop=(4, False))
    (one,) = train(resumed("mlp", data, one.progress, **options))
    assert_same_bits(one.progress, uninterrupted.progress)


@pytest.mark.slow
def test_the_parabola_on_seeds_that_nobody_tuned_to():
    """Two hidden layers of 10 reach 1e-7 within 100 epochs, both sides standardized."""
    data = create_data("parabola", batch_size=None, scale="standard", target_scale="standard")
    members = []
    for seed in range(101, 121):
        torch.manual_seed(seed)
        members.append(member("mlp", data, seed=seed, epochs=100, hidden=[10, 10], optimizer=LM))
    trained = train(*members, epochs=100, every=20)
    assert sum(one.progress.best.value <= 1e-7 for one in trained) >= 19


# What it requires


class Bent(MLP):
    """Its loss is not that of its residuals."""

    def loss(self, batch, noise=None):
        return super().loss(batch, noise) + 1


def wrong(name, data, message, **options):
    with pytest.raises(InputError, match=message):
        check_squares(tiny_model(name, data, **options, optimizer=LM), data)


def test_what_is_no_sum_of_squares():
    iris = data_of("mlp")
    wrong("mlp", iris, "^model.loss=cross_entropy is not a sum of squares.*add model.loss=mse$")
    wrong("mlp", iris, "^model.loss=mae is not a sum", loss="mae")
    wrong("vae", iris, "^the loss of VAE is not a sum.*another optimizer, such as lbfgs$")
    wrong("autoencoder", iris, "model.sparsity=0.1 is not a sum of.*set it to 0$", sparsity=0.1)
    bent = Bent(4, 3, loss="mse", optimizer=LM)
    with pytest.raises(InputError, match=r"^the loss of Bent \(1\.\d+, and its residuals give 0"):
        check_squares(bent, iris)


def test_a_jacobian_that_does_not_fit_into_memory(monkeypatch):
    iris = data_of("mlp")
    monkeypatch.setattr(limits, "memory", lambda: 1e5)
    wrong("mlp", iris, "^levenberg_marquardt: the Jacobian of 360 residuals x 35 p", loss="mse")


def test_the_estimator():
    x = torch.linspace(-1, 1, 30)[:, None].numpy()
    y = x[:, 0] ** 2
    options = {"hidden": (5,), "epochs": 30, "random_state": 0, "optimizer": "levenberg_marquardt"}
    fitted = MLPRegressor(batch_size=None, **options).fit(x, y)
    assert fitted.score(x, y) > 0.9999
    weights = [1.0] * 15 + [0.0] * 15  # only the left half counts
    half = MLPRegressor(batch_size=None, **options).fit(x, y, sample_weight=weights)
    assert half.score(x[:15], y[:15]) > 0.9999 > half.score(x[15:], y[15:])
