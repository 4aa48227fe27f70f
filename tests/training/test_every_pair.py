"""Each model on each data set that fits it, through the composed config."""

import json
import math

import pytest

from nnzoo import create_data, list_data, list_models
from nnzoo.training.run import train

SUPERVISED = ("perceptron", "sigmoid_classifier")
LABELLED = [name for name in list_data() if create_data(name).n_classes is not None]
UNLABELLED = [name for name in list_data() if name not in LABELLED]
PAIRS = [
    (model, data)
    for model in list_models()
    for data in (LABELLED if model in SUPERVISED else list_data())
]


def test_the_catalogue_is_covered():
    assert set(SUPERVISED) <= set(list_models())
    assert UNLABELLED == ["gaussian_clusters"]


@pytest.mark.parametrize(("model", "data"), PAIRS)
def test_two_epochs(model, data, composed):
    cfg = composed(f"model={model}", f"data={data}", "trainer.max_epochs=2", "figures=none")
    result = train(cfg, quiet=True)
    metrics = result["metrics"]
    assert all(math.isfinite(value) for value in metrics.values())
    expected = {
        "autoencoder": {"loss", "mse"},
        "competitive": {"loss", "quantization_error"},
        "perceptron": {"loss", "accuracy"},
        "sigmoid_classifier": {"loss", "accuracy"},
    }[model]
    if create_data(data).val_fraction:
        expected |= {f"val_{name}" for name in expected}
    if model == "competitive":
        expected |= {"dead_units"}
        if create_data(data).points.centroids is not None:
            expected |= {"centroid_distance"}
    assert set(metrics) == expected
    with open(f"{cfg.run.folder}/result.json") as file:
        assert json.load(file)["metrics"] == pytest.approx(metrics)
