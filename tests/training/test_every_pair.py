"""Each model on each data set that fits it, through the composed config."""

import json
import math

import pytest

from nnzoo import create_data, list_data, list_models
from nnzoo.training.run import train

CLASSES = {"counterpropagation", "mlp", "perceptron", "sigmoid_classifier", "sigmoid_neuron"}
NUMBERS = {"counterpropagation", "mlp"}  # which learn numbers, too
# Metrics by name, besides the loss and those of the task.
METRICS = {
    "autoencoder": {"mse"},
    "competitive": {"quantization_error"},
    "counterpropagation": {"quantization_error", "reconstruction_mse"},
    "gan": {"generator_loss", "energy_distance"},
    "vae": {"mse", "kl"},
}
# Without those that need a file or a trained model.
DATA = {name: create_data(name) for name in list_data() if name not in ("csv", "npy", "samples")}


def fits(model, data):
    if DATA[data].n_classes is None:
        if DATA[data].n_targets is None:
            return model not in CLASSES
        return model not in {*CLASSES, "competitive"} - NUMBERS
    return True


PAIRS = [(model, data) for model in list_models() for data in DATA if fits(model, data)]


def test_the_catalogue_is_covered():
    assert set(list_models()) == CLASSES | set(METRICS)
    kinds = {(data.n_classes is None, data.n_targets is None) for data in DATA.values()}
    assert kinds == {(False, True), (True, False), (True, True)}


@pytest.mark.parametrize(("model", "data"), PAIRS)
def test_two_epochs(model, data, composed):
    cfg = composed(f"model={model}", f"data={data}", "trainer.max_epochs=2", "figures=none")
    result = train(cfg, quiet=True)
    metrics = result["metrics"]
    assert all(math.isfinite(value) for value in metrics.values())
    regression = {"rmse", "mae", "r2"} if DATA[data].n_targets else {"accuracy"}
    expected = {"loss"} | (regression if model in CLASSES else set()) | METRICS.get(model, set())
    if DATA[data].val_fraction:
        expected |= {f"val_{name}" for name in expected}
    if model in ("competitive", "counterpropagation"):
        expected |= {"dead_units"}
        if model == "competitive" and DATA[data].points.centroids is not None:
            expected |= {"centroid_distance"}
    if model == "gan" and DATA[data].points.centroids is not None:
        expected |= {"within_3sd", "smallest_share", "largest_share"}
    assert set(metrics) == expected
    with open(f"{cfg.run.folder}/result.json") as file:
        assert json.load(file)["metrics"] == pytest.approx(metrics)
