"""The autoencoder: the tutorial's network, bottlenecks, and raw values."""

import pytest
import torch
from helpers import own_data, own_epochs, own_model, train_by_engine
from sklearn.decomposition import PCA

from nnzoo import create_data, create_model
from nnzoo.batch import Batch
from nnzoo.runs.evaluation import evaluate


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    data = own_data("autoencoder")
    model = own_model("autoencoder", data)
    return model, data, train_by_engine(model, data, own_epochs("autoencoder"))


def test_the_tutorials_network_and_number_of_steps(trained):
    model, _, progress = trained
    assert sum(p.numel() for p in model.parameters()) == 1234
    assert progress.step == progress.rows[-1]["step"] == 1600
    assert len(progress.rows) == 50


def test_the_tutorials_error(trained):
    model, data, _ = trained
    score = evaluate(model, data)
    assert score["mse"] == score["loss"] <= 2.5e-4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_the_tutorials_error_from_other_seeds(seed):
    data = own_data("autoencoder")
    model = own_model("autoencoder", data, seed)
    train_by_engine(model, data, 50, seed=seed, every=50)
    assert evaluate(model, data)["mse"] <= 2.5e-4


def test_raw_values_in_raw_values_out(trained):
    model, data, _ = trained
    raw = data.points.x
    rebuilt = model.predict(raw)
    torch.testing.assert_close(rebuilt, data.scaling.inverse(model(data.train.x)))
    assert (rebuilt - raw).abs().max() < 2  # of a range of about 20
    assert (rebuilt - raw).abs().mean() < 0.3


def test_encoder_and_decoder_alone_compose_to_the_whole(trained):
    model, data, _ = trained
    code = model.encoder(data.train.x)
    assert code.shape == (1000, 16)
    assert torch.equal(model.decoder(code), model(data.train.x))


def test_loss_by_hand():
    options = {"hidden": [], "latent": 1, "output_activation": "sigmoid"}
    model = create_model("autoencoder", in_features=2, **options)
    encode, decode = model.encoder[0], model.decoder[0]
    for values, parameter in (
        ([[1.0, 1.0]], encode.weight),
        ([0.5], encode.bias),
        ([[0.0], [1.0]], decode.weight),
        ([0.0, -2.5], decode.bias),
    ):
        parameter.data.copy_(torch.tensor(values))
    # Code 1 + 1 + .5 = 2.5; outputs sigmoid(0) = .5 twice; errors -.5 and -.5.
    assert model.loss(Batch(torch.ones(1, 2))).item() == pytest.approx(0.25)


def test_a_linear_bottleneck_reaches_the_principal_component():
    data = create_data("blobs", scale="standard")
    options = {"hidden": [], "latent": 1, "output_activation": "identity"}
    model = own_model("autoencoder", data, **options, optimizer={"name": "adam", "lr": 0.01})
    train_by_engine(model, data, 10)
    x = data.train.x.numpy()
    pca = PCA(1).fit(x)
    floor = ((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean()
    assert floor <= evaluate(model, data)["mse"] <= 1.01 * floor


def test_a_latent_layer_as_wide_as_the_data_rebuilds_them():
    data = create_data("blobs", scale="standard")
    model = own_model("autoencoder", data, latent=2, output_activation="identity")
    train_by_engine(model, data, 50, every=50)
    assert evaluate(model, data)["mse"] <= 1e-3
