"""Reconstruction errors, the threshold for anomalies, and the metrics of ``compare``."""

import copy

import numpy as np
import pytest
import torch
from helpers import MODELS as ALL
from helpers import TINY, fit, own_model, same, state, tiny_data, tiny_model, train_by_engine
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.models import Reconstructor
from nnzoo.runs.evaluation import cluster_ari, compare, evaluate, uniform_outliers

MODELS = [name for name in ALL if isinstance(tiny_model(name), Reconstructor)]


@pytest.fixture(scope="module", params=MODELS)
def trained(request):
    torch.set_num_threads(1)
    data = create_data("iris", scale="minmax")
    code = "latent" if "latent" in TINY[request.param] else "hidden"
    is_list = isinstance(TINY[request.param][code], list)
    model = own_model(request.param, data, **{code: [1] if is_list else 1})
    untrained = copy.deepcopy(model)
    fit(model, data, max_epochs=5)
    return model, data, untrained


def test_errors_by_hand(trained):
    model, data, _ = trained
    raw = data.raw[0].x
    x, x_hat = data.train.x.numpy(), model(data.train.x).detach().numpy()
    pairs = (zip(*pair, strict=True) for pair in zip(x, x_hat, strict=True))
    wanted = [sum((b - a) ** 2 for a, b in pair) / 4 for pair in pairs]
    errors = model.reconstruction_error(raw)
    assert errors.shape == (len(raw),)
    assert not errors.requires_grad
    np.testing.assert_allclose(errors, wanted, rtol=1e-4)
    assert errors.mean().item() == pytest.approx(evaluate(model, data)["mse"], rel=1e-5)
    torch.testing.assert_close(model.reconstruction_error(raw.tolist()), errors)
    with pytest.raises(InputError, match="must have 4 values"):
        model.reconstruction_error([[1.0, 2.0]])


@pytest.mark.parametrize("quantile", [0.5, 0.99, 1.0])
def test_the_threshold_is_the_quantile_of_the_training_errors(quantile):
    data = create_data("iris", scale="minmax")
    model = own_model("autoencoder", data, anomaly_quantile=quantile)
    assert model.threshold == 0
    fit(model, data)
    errors = model.reconstruction_error(data.raw[0].x)
    wanted = np.quantile(errors.numpy().astype(float), quantile)
    assert model.threshold.item() == pytest.approx(wanted, rel=1e-6)
    found = model.is_anomaly(data.raw[0].x)
    assert found.dtype == torch.bool
    assert found.sum() == {0.5: 60, 0.99: 2, 1.0: 0}[quantile]  # of 120 points
    assert torch.equal(found, errors > model.threshold)


def test_the_quantile_by_hand():
    data = nnzoo.data.Inline(x=[[-1.0], [2.0], [3.0], [4.0], [5.0]])
    model = create_model("autoencoder", data, output_activation="identity", anomaly_quantile=0.6)
    for parameter in model.decoder.parameters():
        parameter.data.zero_()
    model.calibrate(data)
    # All are rebuilt as 0: errors 1, 4, 9, 16, 25; the 0.6 quantile is at position .6 * 4 = 2.4.
    assert model.threshold.item() == pytest.approx(9 + 0.4 * 7)
    assert model.predict_labels([[3.0], [-3.4], [4.0]]) == ["normal", "normal", "anomaly"]


def test_far_points_are_anomalies(trained):
    model, data, _ = trained
    raw = data.raw[0].x
    words = model.predict_labels(torch.stack([raw.median(0).values, raw.amax(0) * 10]))
    assert words == ["normal", "anomaly"]
    assert [word == "anomaly" for word in model.predict_labels(raw)] == model.is_anomaly(
        raw
    ).tolist()


@pytest.mark.parametrize("name", MODELS)
def test_before_there_is_a_threshold(name):
    data = create_data("iris", scale="minmax")
    model = own_model(name, data)
    fit(model, DataLoader(data.train.x, 50))
    assert model.threshold == 0
    assert model.predict_labels(data.raw[0].x) is None
    with pytest.raises(InputError, match=r"no threshold for anomalies yet.* or call calibrate"):
        model.is_anomaly(data.raw[0].x)
    assert not {"anomaly_threshold", "anomaly_share"} & set(compare(model, model, data))
    model.calibrate(data)
    assert model.is_anomaly(data.raw[0].x).sum() == 2


def test_points_that_are_rebuilt_exactly_are_normal():
    data = nnzoo.data.Inline(x=[[0.0], [0.0]])
    model = create_model("autoencoder", data, hidden=[], latent=1, output_activation="identity")
    for parameter in model.parameters():
        parameter.data.zero_()
    model.calibrate(data)
    assert model.predict_labels([[0.0], [0.1]]) == ["normal", "anomaly"]


def test_errors_that_are_not_finite_leave_the_threshold():
    data = create_data("iris", scale="minmax")
    model = own_model("autoencoder", data)
    model.calibrate(data)
    before = model.threshold.clone()
    assert before > 0
    next(model.parameters()).data.fill_(float("nan"))
    model.calibrate(data)
    assert torch.equal(model.threshold, before)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("quantile", [0, -0.1, 1.01, "much", None])
def test_a_quantile_that_is_none(name, quantile):
    with pytest.raises(InputError, match=r"model\.anomaly_quantile must be a number > 0 and <= 1"):
        create_model(name, in_features=2, anomaly_quantile=quantile)


def test_checkpoints_keep_the_threshold(tmp_path):
    data = create_data("iris", scale="minmax")
    model = own_model("autoencoder", data, anomaly_quantile=0.9)
    fit(model, data).save_checkpoint(tmp_path / "a.ckpt")
    loaded = nnzoo.load_model(tmp_path / "a.ckpt")
    assert loaded.threshold == model.threshold > 0
    assert loaded.predict_labels(data.raw[0].x).count("anomaly") == 12


# compare

COMMON = {"anomaly_auc", "anomaly_share", "pca_mse"}


def test_compare_finds_what_the_functions_find(trained):
    model, data, untrained = trained
    before, stream = state(model), torch.get_rng_state()
    found = compare(model, untrained, data)
    assert found == compare(model, untrained, data)
    assert same(before, state(model))
    assert torch.equal(stream, torch.get_rng_state())
    assert all(isinstance(value, float) for value in found.values())
    names = COMMON | {f"val_{name}" for name in COMMON} | {"anomaly_threshold"}
    names |= {"latent_ari", "raw_ari", "untrained_ari"}
    assert set(found) - {"latent_zeros"} == names

    assert found["anomaly_threshold"] == model.threshold.item()
    x, codes = data.train.x, model.encode(data.train.x).detach()
    for prefix, part, scaled in zip(("", "val_"), data.raw, (x, data.val.x), strict=True):
        outliers = uniform_outliers(data.raw[0].x, len(part.x))
        errors = [model.reconstruction_error(points) for points in (part.x, outliers)]
        auc = roc_auc_score([0] * len(part.x) + [1] * len(part.x), torch.cat(errors))
        assert found[f"{prefix}anomaly_auc"] == pytest.approx(auc)
        share = model.is_anomaly(part.x).double().mean().item()
        assert found[f"{prefix}anomaly_share"] == share
        pca = PCA(min(codes.shape[1], 4)).fit(x.double().numpy())
        rebuilt = pca.inverse_transform(pca.transform(scaled.double().numpy()))
        wanted = ((rebuilt - scaled.double().numpy()) ** 2).mean()
        assert found[f"{prefix}pca_mse"] == pytest.approx(wanted, abs=1e-20)
    labels = data.raw[0].y
    assert found["latent_ari"] == cluster_ari(codes, labels, 3)
    assert found["raw_ari"] == cluster_ari(x, labels, 3)
    assert found["untrained_ari"] == cluster_ari(untrained.encode(x).detach(), labels, 3)
    assert len({found["latent_ari"], found["raw_ari"], found["untrained_ari"]}) == 3


def test_compare_without_classes_and_without_a_validation_part():
    data = create_data("gaussian_clusters", scale="minmax")
    model = own_model("vae", data)
    fit(model, data)
    assert set(compare(model, model, data)) == COMMON | {"anomaly_threshold"}


@pytest.mark.parametrize("name", ["sigmoid_pairs", "tutorial_points", "xor", "car_decision"])
def test_compare_on_the_smallest_data(name):
    data = create_data(name)
    model = own_model("autoencoder", data)
    fit(model, data)
    found = compare(model, own_model("autoencoder", data, seed=1), data)
    assert all(np.isfinite(value) for value in found.values())
    assert ("latent_ari" in found) == (data.n_classes is not None)


# How good codes and errors are

HIDDEN = {
    "blobs": [32],
    "breast_cancer": [32],
    "digits": [64],
    "iris": [32],
    "wine": [32],
}


def reach(data_name, seed, **options):
    data = create_data(
        data_name, scale="minmax", **({} if data_name == "blobs" else {"seed": seed})
    )
    model = own_model("autoencoder", data, seed, hidden=HIDDEN[data_name], **options)
    untrained = copy.deepcopy(model)
    train_by_engine(model, data, 50, seed=seed, every=50)
    return evaluate(model, data) | compare(model, untrained, data)


def assert_outliers_are_found(data_name, seed):
    found = reach(data_name, seed, latent=2)
    assert found["anomaly_auc"] >= 0.99
    assert found.get("val_anomaly_auc", 1) >= 0.99


@pytest.mark.parametrize("data_name", HIDDEN)
def test_two_latent_units_find_outliers(data_name):
    assert_outliers_are_found(data_name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("data_name", HIDDEN)
def test_two_latent_units_find_outliers_from_every_seed(data_name, seed):
    assert_outliers_are_found(data_name, seed)


def test_k_means_finds_the_blobs_in_the_codes():
    assert reach("blobs", 0, latent=2)["latent_ari"] >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_codes_of_iris_cluster_better_than_those_before_training(seed):
    found = reach("iris", seed, latent=2)
    assert found["latent_ari"] >= 0.7
    assert found["latent_ari"] >= found["untrained_ari"]  # those of seed 4 are as good before


@pytest.mark.parametrize("name", MODELS)
def test_errors_per_feature_have_the_error_as_their_mean(name):
    data = tiny_data(name)
    model, x = tiny_model(name, data), data.points.x[:12]
    errors = model.reconstruction_error(x, per_feature=True)
    assert errors.shape == (12, 4)
    scaled = data.scaling(x)
    torch.testing.assert_close(errors, (model(scaled) - scaled).square())
    torch.testing.assert_close(errors.mean(-1), model.reconstruction_error(x))
    assert model.reconstruction_error(x.reshape(3, 4, 4), per_feature=True).shape == (3, 4, 4)
    assert model.reconstruction_error(x[0], per_feature=True).shape == (4,)
