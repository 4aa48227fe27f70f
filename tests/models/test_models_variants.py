"""The denoising and the sparse autoencoder."""

import math

import pytest
import torch
from helpers import fit, own_data, own_model, same, state, train_by_engine
from torch.nn import functional as F

from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models.training.steps import step_generator
from nnzoo.runs.evaluation import compare


def by_hand(**options):
    """Code z = x1 + x2; reconstruction (z, 0)."""
    model = create_model(
        "autoencoder",
        **{"in_features": 2, "hidden": [], "latent": 1, "output_activation": "identity"},
        **options,
    )
    model.encoder[0].weight.data.fill_(1.0)
    model.decoder[0].weight.data.copy_(torch.tensor([[1.0], [0.0]]))
    for layer in (model.encoder[0], model.decoder[0]):
        layer.bias.data.zero_()
    return model


def test_the_losses_by_hand():
    batch, noise = Batch(torch.tensor([[1.0, 1.0]])), torch.tensor([[5.0, -20.0]])
    # Code 2: errors 1 and -1. Of the noisy copy (1.5, -1) code .5: errors -.5 and -1.
    for sparsity, loss, noisy_loss in ((0, 1.0, 0.625), (0.1, 1.2, 0.675)):
        model = by_hand(sparsity=sparsity, noise=0.1)
        assert model.loss(batch).item() == pytest.approx(loss)
        assert model.loss(batch, noise).item() == pytest.approx(noisy_loss)
        measured = {name: value.item() for name, value in model.metrics(batch).items()}
        assert measured == pytest.approx({"loss": loss, "mse": 1.0})


def test_the_penalty_is_the_mean_over_points_and_units():
    data = own_data("autoencoder")
    plain, sparse = (own_model("autoencoder", data, sparsity=s) for s in (0.0, 0.5))
    x = data.train.x
    added = sparse.loss(data.train) - plain.loss(data.train)
    assert added.item() == pytest.approx(0.5 * plain.encoder(x).abs().mean().item(), rel=1e-4)


def test_without_the_options_there_is_no_noise_and_no_penalty():
    data = own_data("autoencoder")
    model = own_model("autoencoder", data)
    assert model.sample_noise(data.train, torch.Generator()) is None
    assert torch.equal(model.loss(data.train), F.mse_loss(model(data.train.x), data.train.x))


def test_noise_has_the_standard_deviation_asked_for():
    model = create_model("autoencoder", in_features=50, hidden=[], noise=0.3)
    batch = Batch(torch.zeros(2000, 50))
    noise = model.sample_noise(batch, torch.Generator().manual_seed(0))
    assert noise.mean().item() == pytest.approx(0, abs=0.01)
    assert noise.std().item() == pytest.approx(1, rel=0.01)
    noisy = batch.x + 0.3 * noise
    wanted = F.mse_loss(model(noisy), batch.x)
    torch.testing.assert_close(model.loss(batch, noise), wanted)


def test_the_noise_of_a_step_follows_from_seed_and_step():
    streams = [(1, 7), (1, 8), (1, 0), (2, 7)]
    drawn = [torch.randn(3, generator=step_generator(*stream)).tolist() for stream in streams]
    assert drawn == [torch.randn(3, generator=step_generator(*s)).tolist() for s in streams]
    assert len(set(map(tuple, drawn))) == 4


def test_noise_changes_the_trained_weights():
    data = create_data("wine", scale="minmax")
    plain, noisy = (own_model("autoencoder", data, noise=noise) for noise in (0.0, 0.2))
    for model in (plain, noisy):
        fit(model, data)
    assert not same(state(plain), state(noisy))


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({}, "loss: mean squared error, scaled data"),
        ({"sparsity": 0.01}, "loss: mse + 0.01 mean |code|, scaled data"),
    ],
)
def test_the_label_of_the_monitored_loss(options, label):
    assert create_model("autoencoder", in_features=2, **options).monitor_label == label


@pytest.mark.parametrize("option", ["noise", "sparsity"])
@pytest.mark.parametrize("value", [-0.1, math.inf, "much", None])
def test_impossible_options(option, value):
    with pytest.raises(InputError, match=rf"model\.{option} must be a number >= 0"):
        create_model("autoencoder", in_features=2, **{option: value})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_denoising_autoencoder_removes_more_noise_than_a_plain_one(seed):
    data = create_data("digits", seed=seed)
    x = data.val.x
    copy = x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    errors = []
    for noise in (0.3, 0.0):
        model = own_model("autoencoder", data, seed, hidden=[64], latent=64, noise=noise)
        train_by_engine(model, data, 50, seed=seed, every=50)
        errors.append(F.mse_loss(model(copy), x).item())
    assert errors[0] < 0.8 * errors[1] < 0.5 * 0.3**2


def test_metrics_of_denoising_and_sparse_codes():
    data = create_data("wine", scale="minmax")
    plain, noisy = (own_model("autoencoder", data, latent=20, noise=n) for n in (0.0, 0.2))
    found = compare(noisy, plain, data)
    assert set(found) - set(compare(plain, plain, data)) == {"denoised_mse", "val_denoised_mse"}
    codes = noisy.encoder(data.train.x)  # of ReLU units, since they are more than the features
    zeros = sum(value == 0 for row in codes.tolist() for value in row) / codes.numel()
    assert 0 < zeros < 1
    assert found["latent_zeros"] == pytest.approx(zeros)
    x = data.val.x
    copy = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    assert found["val_denoised_mse"] == pytest.approx(F.mse_loss(noisy(copy), x).item())
