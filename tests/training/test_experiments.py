"""The experiments come to what their comments say, from several seeds."""

import numpy as np
import pytest

import nnzoo
from nnzoo.training.run import train
from nnzoo.zoo import build

# Least and greatest value of a metric; of two metrics, of the first one's share in the other.
EXPECTED = {
    "anomaly": {"anomaly_auc": (0.994, 0.997), "anomaly_share": (0.01, 0.01)},
    "anomaly model.noise=0": {"anomaly_auc": (0.99, 0.996)},
    "denoising": {"denoised_mse": (0.019, 0.022), "val_denoised_mse": (0.02, 0.027)},
    "digits_autoencoder": {
        "mse": (0.011, 0.013),
        ("mse", "pca_mse"): (0.45, 0.55),
        ("val_mse", "val_pca_mse"): (0.5, 0.7),
    },
    "digits_vae": {("mse", "pca_mse"): (0.4, 0.65), ("val_mse", "val_pca_mse"): (0.55, 0.9)},
    "sparse": {"latent_zeros": (0.57, 0.66), "mse": (0.0048, 0.0058)},
    "sparse model.sparsity=0": {"latent_zeros": (0.2, 0.26), "mse": (0.0062, 0.0078)},
}


def assert_expected(experiment, seed, composed):
    cfg = composed(*f"experiment={experiment}".split(), f"seed={seed}", "figures=none")
    found = train(cfg, quiet=True)["metrics"]
    model = nnzoo.load_model(f"{cfg.run.folder}/checkpoints/last.ckpt")
    found |= model.assess(build(cfg.data, "data"), model)
    for names, (low, high) in EXPECTED[experiment].items():
        if isinstance(names, str):
            assert low <= found[names] <= high, names
        else:
            assert low <= found[names[0]] / found[names[1]] <= high, names


@pytest.mark.parametrize("experiment", ["anomaly", "digits_autoencoder"])
def test_expected(experiment, composed):
    assert_expected(experiment, 0, composed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("experiment", EXPECTED)
def test_expected_from_every_seed(experiment, seed, composed):
    assert_expected(experiment, seed, composed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_competitive_at_size(seed, composed, tmp_path):
    rng = np.random.default_rng(0)
    centres = rng.uniform(-10, 10, (64, 16)).astype(np.float32)
    chosen = centres[rng.integers(64, size=100_000)]
    np.save(tmp_path / "x.npy", chosen + rng.standard_normal(chosen.shape, np.float32))
    options = [f"data.path={tmp_path / 'x.npy'}", "model.units=64", f"seed={seed}", "figures=none"]
    found = train(composed("experiment=competitive_at_size", *options), quiet=True)["metrics"]
    assert found["quantization_error"] == pytest.approx(3.938, abs=0.001)
    assert found["dead_units"] == 0
