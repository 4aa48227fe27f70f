"""The experiments give the numbers that their comments state, with several seeds."""

import csv

import numpy as np
import pytest
from helpers import mostly_slow
from run_folder import result_of, rows

import nnzoo
from nnzoo.catalogue import build
from nnzoo.cli.suggestions import check_arguments
from nnzoo.entries import entries
from nnzoo.runs.evaluation import compare
from nnzoo.runs.run import train

# The least and greatest value of a metric, or of the ratio of two metrics.
EXPECTED = {
    "anomaly": {"anomaly_auc": (0.994, 0.997), "anomaly_share": (0.01, 0.01)},
    "anomaly model.noise=0": {"anomaly_auc": (0.99, 0.996)},
    "bars_and_stripes": {"log_likelihood": (-4.5, -3.6)},
    "circle_in_square": {"val_accuracy": (0.88, 0.96), "categories": (10, 30)},
    "denoising": {"denoised_mse": (0.019, 0.022), "val_denoised_mse": (0.02, 0.027)},
    "digits_autoencoder": {
        "mse": (0.011, 0.013),
        ("mse", "pca_mse"): (0.45, 0.55),
        ("val_mse", "val_pca_mse"): (0.5, 0.7),
    },
    "digits_dbn": {"val_mse": (0.055, 0.08)},
    "digits_vae": {("mse", "pca_mse"): (0.4, 0.65), ("val_mse", "val_pca_mse"): (0.55, 0.9)},
    "rbf_xor": {"loss": (0, 1e-12), "accuracy": (1, 1)},
    "mackey_glass": {"val_r2": (0.995, 0.999)},
    "mackey_glass_17 model.hidden=300": {"nrmse_84": (0.0008, 0.03)},
    "sparse": {"latent_zeros": (0.57, 0.66), "mse": (0.0048, 0.0062)},
    "sparse model.sparsity=0": {"latent_zeros": (0.16, 0.3), "mse": (0.0059, 0.0078)},
}

# Pages state these numbers for many seeds, and docs/measure.py checks them.
ON_PAGES = {"anomaly", "circle_in_square", "denoising", "digits_autoencoder", "digits_dbn"}
SEEDS = [(name, seed) for name in EXPECTED for seed in range(1, 2 if name in ON_PAGES else 4)]


def assert_expected(experiment, seed, composed):
    typed = check_arguments(f"experiment={experiment}".split())
    config = composed(*typed, f"seed={seed}", "figures=none")
    (result,) = train([config])
    assert result.error is None
    model = nnzoo.load_model(config["run"]["folder"])
    found = result.content["metrics"] | compare(model, model, build(config["data"], "data"))
    for names, (low, high) in EXPECTED[experiment].items():
        if isinstance(names, str):
            assert low <= found[names] <= high, names
        else:
            assert low <= found[names[0]] / found[names[1]] <= high, names


def test_expected_numbers_belong_to_experiments_of_the_catalogue():
    assert {names.split()[0] for names in EXPECTED} <= set(entries("experiment"))


@pytest.mark.parametrize("experiment", mostly_slow(entries("experiment"), keep=6))
def test_one_epoch_of_every_experiment(experiment, nnzoo_train, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((100, 2)))
    own = {"competitive_at_size": ["data.path=x.npy", "model.units=4"]}.get(experiment, [])
    printed = nnzoo_train(f"experiment={experiment}", "debug=default", "figures=none", *own)
    assert (printed.code, printed.err) == (0, "")
    results = list(tmp_path.glob("*/**/result.json"))
    assert len(results) == (3 if experiment == "learning_rate" else 1)
    for file in results:
        assert result_of(file.parent)["epochs"] == 1


@pytest.mark.parametrize("experiment", ["anomaly", "digits_autoencoder"])
def test_an_experiment_reaches_its_numbers(experiment, composed):
    assert_expected(experiment, 0, composed)


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "seed"), SEEDS)
def test_an_experiment_reaches_its_numbers_from_every_seed(experiment, seed, composed):
    assert_expected(experiment, seed, composed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_competitive_at_size(seed, trained_result, tmp_path):
    rng = np.random.default_rng(0)
    centers = rng.uniform(-10, 10, (64, 16)).astype(np.float32)
    chosen = centers[rng.integers(64, size=100_000)]
    np.save(tmp_path / "x.npy", chosen + rng.standard_normal(chosen.shape, np.float32))
    own = [f"data.path={tmp_path / 'x.npy'}", "++model.units=64"]
    options = [*own, f"seed={seed}", "figures=none"]
    found = trained_result("experiment=competitive_at_size", *options)["metrics"]
    assert found["quantization_error"] == pytest.approx(3.938, abs=0.001)
    assert found["dead_units"] == 0


# The lesson about learning rates, a sweep


def test_the_learning_rate_lesson(nnzoo_train, tmp_path):
    printed = nnzoo_train("experiment=learning_rate", "hydra.sweep.dir=sweep")
    assert (printed.code, printed.err) == (0, "")
    assert (tmp_path / "sweep" / "sweep.png").is_file()
    losses = [[float(row["loss"]) for row in rows(tmp_path / "sweep" / job)] for job in "012"]
    high, right, low = map(np.array, losses)
    assert len(high) == len(right) == len(low) == 300
    assert right[-1] < 0.015
    assert low[0] > low[-1] > 0.57
    assert high[-100:].mean() > low[0]
    assert high[-100:].max() > 2 * high[-100:].min()  # it jumps


@pytest.mark.parametrize(
    ("arguments", "rates"),
    [
        (["-m"], ["200", "10", "0.01"]),
        (["model.optimizer.lr=1,3"], ["1", "3"]),
        (["-m", "model.optimizer.lr=5"], ["5"]),
    ],
)
def test_other_rates_replace_the_lessons(arguments, rates, nnzoo_train):
    options = ("experiment=learning_rate", "hydra.sweep.dir=sweep", "debug=default", "figures=none")
    printed = nnzoo_train(*options, *arguments)
    assert (printed.code, printed.err) == (0, "")
    with open("sweep/results.csv") as file:
        assert [row["model.optimizer.lr"] for row in csv.DictReader(file)] == rates
