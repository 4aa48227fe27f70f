"""The denoising and the sparse autoencoder."""

import math

import pytest
import torch
from helpers import Rows, fit, own_data, own_model, same, state
from torch.nn import functional as F

import nnzoo.data.base
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch

NOISY = {"noise": 0.2, "sparsity": 0.05}


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
    batch, noise = Batch(torch.tensor([[1.0, 1.0]])), torch.tensor([[0.5, -2.0]])
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


def test_without_the_options_nothing_is_drawn_or_added():
    data = own_data("autoencoder")
    model = own_model("autoencoder", data)
    assert model.draw(data.train) is None
    assert torch.equal(model.loss(data.train), F.mse_loss(model(data.train.x), data.train.x))


def test_noise_has_the_standard_deviation_asked_for():
    model = create_model("autoencoder", in_features=50, noise=0.3)
    drawn = model.draw(Batch(torch.zeros(2000, 50)))
    assert drawn.mean().item() == pytest.approx(0, abs=5e-3)
    assert drawn.std().item() == pytest.approx(0.3, rel=0.01)


@pytest.mark.parametrize(("name", "options"), [("autoencoder", NOISY), ("vae", {})])
def test_a_step_s_noise_follows_from_the_seed_and_the_step(name, options):
    model = own_model(name, **options)
    batch = Batch(torch.zeros(5, 2))

    def drawn(seed, step):
        torch.manual_seed(seed)
        torch.rand(step)  # where the global stream stands is of no account
        model.step = step
        stream = torch.get_rng_state()
        noise = model.draw(batch)
        assert torch.equal(stream, torch.get_rng_state())
        return noise

    assert torch.equal(drawn(1, 7), drawn(1, 7))
    several = [drawn(1, 7), drawn(1, 8), drawn(1, 0), drawn(2, 7)]
    for i, one in enumerate(several):
        assert not any(torch.equal(one, other) for other in several[:i])
    assert model.draw(Batch(batch.x.double())).dtype == torch.float64


@pytest.mark.parametrize(("name", "options"), [("autoencoder", NOISY), ("vae", {})])
@pytest.mark.parametrize("block_size", [4, 1000])
def test_blocks_change_no_bit(name, options, block_size, monkeypatch):
    data = create_data("wine", scale="minmax", repeat=3)
    results = []
    for size in (block_size, 1):
        monkeypatch.setattr(nnzoo.data.base, "BLOCK_SIZE", size)
        model, rows = own_model(name, data, **options), Rows()
        trainer = fit(model, data, max_epochs=3, callbacks=[rows])
        results.append((state(model), rows.rows, trainer.num_training_batches))
    assert same(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    assert [result[2] for result in results] == [-(-15 // block_size), 15]


@pytest.mark.parametrize("lightnings", [True, False])
def test_noisy_training_goes_on_as_if_it_had_not_stopped(lightnings, tmp_path):
    """In blocks, and step by step as Lightning takes them."""
    options = {"max_epochs": 4} | ({"gradient_clip_val": 1e9} if lightnings else {})
    data = create_data("wine", scale="minmax")
    whole = own_model("autoencoder", data, **NOISY)
    fit(whole, data, **options)

    class Stop(Rows):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 1

    file = tmp_path / "a.ckpt"
    first, second = (own_model("autoencoder", data, **NOISY) for _ in range(2))
    fit(first, data, callbacks=[Stop()], **options).save_checkpoint(file)
    torch.manual_seed(0)  # the run's seed, on which the noise depends
    fit(second, data, ckpt_path=file, **options)
    assert not same(state(first), state(whole))
    assert same(state(second), state(whole))


def test_the_noise_is_learnt_from():
    data = create_data("wine", scale="minmax")
    plain, noisy = (own_model("autoencoder", data, noise=noise) for noise in (0.0, 0.2))
    for model in (plain, noisy):
        fit(model, data)
    assert not same(state(plain), state(noisy))


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({}, "loss: mean squared error, as scaled"),
        ({"sparsity": 0.01}, "loss: mse + 0.01 mean |code|, as scaled"),
        ({"noise": 0.1}, "loss: mean squared error, as scaled, noisy in training"),
    ],
)
def test_the_curve_says_what_it_shows(options, label):
    assert create_model("autoencoder", in_features=2, **options).curve_label == label


@pytest.mark.parametrize("option", ["noise", "sparsity"])
@pytest.mark.parametrize("value", [-0.1, math.inf, "much", None])
def test_options_that_are_no_weights(option, value):
    with pytest.raises(InputError, match=rf"model\.{option} must be a number >= 0"):
        create_model("autoencoder", in_features=2, **{option: value})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_denoising_autoencoder_takes_more_noise_away_than_a_plain_one(seed):
    data = create_data("digits", seed=seed)
    x = data.val.x
    copy = x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    errors = []
    for noise in (0.3, 0.0):
        model = own_model("autoencoder", data, seed, hidden=[64], latent=64, noise=noise)
        fit(model, data, max_epochs=50)
        errors.append(F.mse_loss(model(copy), x).item())
    assert errors[0] < 0.8 * errors[1] < 0.5 * 0.3**2


def test_what_assess_says_of_the_variants():
    data = create_data("wine", scale="minmax")
    plain, noisy = (own_model("autoencoder", data, latent=20, noise=n) for n in (0.0, 0.2))
    found = noisy.assess(data, plain)
    assert set(found) - set(plain.assess(data, plain)) == {"denoised_mse", "val_denoised_mse"}
    codes = noisy.encoder(data.train.x)  # of ReLU units, since they are more than the features
    zeros = sum(value == 0 for row in codes.tolist() for value in row) / codes.numel()
    assert 0 < zeros < 1
    assert found["latent_zeros"] == pytest.approx(zeros)
    x = data.val.x
    copy = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    assert found["val_denoised_mse"] == pytest.approx(F.mse_loss(noisy(copy), x).item())
