"""Each model trains on each data set that it can learn from, by the composed config."""

import math
from functools import cache

import pytest
from helpers import (
    AT_ONCE,
    BIPOLAR,
    FROM_0_TO_1,
    MODELS,
    PATTERNS,
    kind_of,
    mostly_slow,
)
from run_folder import result_of

import nnzoo
from nnzoo.errors import InputError
from nnzoo.runs.evaluation import evaluate

# Without those that need a file or a trained model.
FROM_FILES = ("csv", "npy", "samples", "series", "table")
DATA = [name for name in nnzoo.list_data() if name not in FROM_FILES]


@cache
def loaded(name, **options):
    return nnzoo.create_data(name, **options)


def fits(model, name):
    options = {}
    if model in PATTERNS:
        options = {"scale": "bipolar"}
    if model in FROM_0_TO_1:
        options = {"scale": "minmax"}
    if model in AT_ONCE:
        options = {"batch_size": None}
    try:
        data = loaded(name, **options)
        nnzoo.create_model(model, data).check(data)
    except InputError:
        return False
    return True


PAIRS = [(model, data) for model in MODELS for data in DATA if fits(model, data)]


def test_the_catalogue_is_covered():
    kinds = {(loaded(d).n_classes is None, loaded(d).n_targets is None) for d in DATA}
    assert kinds == {(False, True), (True, False), (True, True)}
    sequences = sum(loaded(d).points.n_steps is not None for d in DATA)
    for model in set(MODELS) - {*BIPOLAR}:
        # The others have no targets, numbers as targets, or fewer points than units.
        few = sequences if kind_of(model).learns_sequences else 10
        assert sum(name == model for name, _ in PAIRS) >= few > 0


@pytest.mark.parametrize(("model", "data"), mostly_slow(PAIRS, keep=len(PAIRS) // 6))
def test_one_epoch(model, data, trained_result):
    result = trained_result(f"model={model}", f"data={data}", "debug=default", "figures=none")
    metrics = result["metrics"]
    assert all(math.isfinite(value) for value in metrics.values())
    learned = nnzoo.load_model(result["paths"]["folder"])
    expected = {"loss", learned.monitor}
    if (task := getattr(learned, "task", None)) is not None:
        expected |= {"rmse", "mae", "r2"} if task == "regression" else {"accuracy"}
    if loaded(data).raw[1] is not None and model not in PATTERNS:  # which store all points
        expected |= {f"val_{name}" for name in expected}
    assert expected <= set(metrics)
    assert result["epochs"] == 1
    assert result_of(result["paths"]["folder"]) == result
    # What is loaded is the network that the result describes.
    scale = getattr(learned, "target_scaling", None)
    own = nnzoo.create_data(data, **({"val_fraction": 0} if model in PATTERNS else {}))
    own.scaling.load_state_dict(learned.scaling.state_dict())
    if scale is not None:
        own.target_scaling.load_state_dict(scale.state_dict())
    assert evaluate(learned, own) == pytest.approx(metrics, rel=1e-4, abs=1e-6)
