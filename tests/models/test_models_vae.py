"""The variational autoencoder: its loss, its samples, and how good they are."""

import math

import pytest
import torch
from helpers import fit, own_data, own_epochs, own_model, same, state, train_by_engine

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch


def by_hand(beta):
    """Mean x1 + x2, log variance log 4; reconstruction (z, 0)."""
    model = create_model(
        "vae", in_features=2, hidden=[], latent=1, output_activation="identity", beta=beta
    )
    encode, decode = model.encoder[0], model.decoder[0]
    encode.weight.data.copy_(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    encode.bias.data.copy_(torch.tensor([0.0, math.log(4)]))
    decode.weight.data.copy_(torch.tensor([[1.0], [0.0]]))
    decode.bias.data.zero_()
    return model


@pytest.mark.parametrize("beta", [0, 1, 0.5])
def test_the_loss_by_hand(beta):
    model, batch = by_hand(beta), Batch(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    # Means 2 and 0: errors (1, -1) and (0, 0), of which the mean of squares is .5.
    kl = (0.5 * (4 + 4 - 1 - math.log(4)) + 0.5 * (0 + 4 - 1 - math.log(4))) / 2
    assert model.loss(batch).item() == pytest.approx(0.5 + beta * kl)
    measured = {name: value.item() for name, value in model.metrics(batch).items()}
    assert measured == pytest.approx({"loss": 0.5 + beta * kl, "mse": 0.5, "kl": kl})
    # Codes 2 + 2 * -.5 = 1 and 0 + 2 * .5 = 1: errors (0, -1) and (1, 0).
    noise = torch.tensor([[-0.5], [0.5]])
    assert model.loss(batch, noise).item() == pytest.approx(0.5 + beta * kl)
    assert model.loss(batch, 2 * noise).item() == pytest.approx(1.5 + beta * kl)  # codes 0 and 2


def test_noise_of_zero_is_the_mean():
    data = own_data("vae")
    model = own_model("vae", data)
    zero = torch.zeros(len(data.train.x), 4)
    assert torch.equal(model.loss(data.train), model.loss(data.train, zero))
    assert not torch.equal(model.loss(data.train), model.loss(data.train, zero + 1))


def test_the_loss_is_the_evidence_lower_bound_but_for_a_factor_and_a_constant():
    data = create_data("wine", scale="minmax")
    model, features = own_model("vae", data, beta=0.05), 13
    noise = torch.randn(len(data.train.x), 4)
    mean, log_variance = model.posterior(data.train.x)
    variance = 0.05 * features / 2
    x_hat = model.decoder(mean + (log_variance / 2).exp() * noise)
    likelihood = torch.distributions.Normal(x_hat, math.sqrt(variance)).log_prob(data.train.x)
    kl = nnzoo.nn.kl_divergence(mean, log_variance)
    bound = (likelihood.sum(-1) - kl).mean()
    constant = features / 2 * math.log(2 * math.pi * variance)
    wanted = (-bound - constant) * 2 * variance / features
    assert model.loss(data.train, noise).item() == pytest.approx(wanted.item(), rel=1e-4)


def test_noise_is_standard_normal():
    model = create_model("vae", in_features=2, latent=3)
    generator = torch.Generator().manual_seed(0)
    drawn = model.sample_noise(Batch(torch.zeros(20_000, 2)), generator)
    assert drawn.shape == (20_000, 3)
    assert drawn.mean().item() == pytest.approx(0, abs=0.01)
    assert drawn.std().item() == pytest.approx(1, rel=0.01)


def test_encoder_and_decoder_compose_to_the_whole():
    data = own_data("vae")
    model = own_model("vae", data)
    code = model.encode(data.train.x)
    assert code.shape == (1000, 4)
    assert torch.equal(code, model.posterior(data.train.x)[0])
    assert model.encoder(data.train.x).shape == (1000, 8)  # means and log variances
    assert torch.equal(model.decoder(code), model(data.train.x))


@pytest.mark.parametrize("beta", [-0.1, math.nan, "much", None])
def test_an_impossible_beta(beta):
    with pytest.raises(InputError, match=r"model\.beta must be a number >= 0"):
        create_model("vae", in_features=2, beta=beta)


def test_the_label_of_the_monitored_loss():
    wanted = "loss: mse + 0.5 KL, scaled data"
    assert create_model("vae", in_features=2, beta=0.5).monitor_label == wanted


# Samples


def test_samples_follow_the_seed_and_leave_everything_alone():
    model = own_model("vae")
    before, stream = state(model), torch.get_rng_state()
    one, again, other = model.sample(7), model.sample(7, seed=0), model.sample(7, seed=1)
    assert one.shape == (7, 2)
    assert not one.requires_grad
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert same(before, state(model))
    assert torch.equal(stream, torch.get_rng_state())


def test_a_sample_is_a_decoded_normal_code_in_raw_units():
    data = create_data("wine", scale="minmax")
    model = own_model("vae", data)
    codes = torch.randn(5, 4, generator=torch.Generator().manual_seed(3))
    wanted = data.scaling.inverse(model.decoder(codes))
    torch.testing.assert_close(model.sample(5, seed=3), wanted.detach())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "n must be a whole number of at least 1, got 0"),
        ((-1,), "n must be a whole number of at least 1"),
        ((2.5,), "n must be a whole number of at least 1"),
        ((1, -1), "seed must be a whole number from 0 to"),
        ((1, None), "seed must be a whole number from 0 to"),
    ],
)
def test_impossible_samples(arguments, message):
    with pytest.raises(InputError, match=message):
        own_model("vae").sample(*arguments)


def test_a_loaded_model_gives_the_same_samples(tmp_path):
    data = own_data("vae")
    model = own_model("vae", data)
    fit(model, data).save_checkpoint(tmp_path / "a.ckpt")
    assert torch.equal(nnzoo.load_model(tmp_path / "a.ckpt").sample(9), model.sample(9))


def assert_samples_are_of_both_blobs(seed):
    data = own_data("vae")
    model = own_model("vae", data, seed)
    train_by_engine(model, data, own_epochs("vae"), seed=seed, every=10)
    samples = model.sample(1000)
    near = torch.cdist(samples, data.points.centroids) < 3  # standard deviations, which are 1
    assert near.any(1).double().mean() >= 0.9
    assert (near.double().mean(0) >= 0.4).all()
    for k in range(2):
        # In every direction: a latent unit that stays idle leaves a line of points.
        spread = torch.linalg.eigvalsh(torch.cov(samples[near[:, k]].T)).sqrt()
        assert (spread > 0.75).all()
        assert (spread < 1.25).all()


@pytest.mark.slow
def test_samples_are_of_both_blobs():
    assert_samples_are_of_both_blobs(0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 3))
def test_samples_are_of_both_blobs_from_every_seed(seed):
    assert_samples_are_of_both_blobs(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_samples_are_as_near_to_a_digit_as_digits_are_that_it_has_not_seen(seed):
    data = create_data("digits", seed=seed)
    model = own_model("vae", data, seed, latent=8)
    train_by_engine(model, data, 100, seed=seed, every=10)
    samples = data.scaling(model.sample(1000))
    of_samples, of_digits = (torch.cdist(x, data.train.x).min(1) for x in (samples, data.val.x))
    assert 0.9 < of_samples.values.mean() / of_digits.values.mean() < 1.1
    assert (data.raw[0].y[of_samples.indices].bincount(minlength=10) > 30).all()  # of 100
