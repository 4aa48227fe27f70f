"""Test, prediction and batches of other forms under a plain Trainer, for every model."""

import pytest
import torch
from helpers import (
    EXPECTED,
    MODELS,
    batch_of,
    fit,
    own_data,
    own_model,
    same,
    state,
    tiny_data,
    tiny_model,
)
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader, TensorDataset

from nnzoo import InputError
from nnzoo.batch import Batch, as_batch
from nnzoo.errors import RunError

pytestmark = [pytest.mark.filterwarnings(f"ignore:{text}") for text in EXPECTED]


def quiet():
    options = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", devices=1, **options)


@pytest.mark.parametrize("name", MODELS)
def test_a_trainer_tests_and_predicts_with_the_default_data(name):
    data = own_data(name, test_fraction=0.25)
    model = own_model(name, data).eval()
    (found,) = quiet().test(model, datamodule=data, verbose=False)
    expected = model.metrics(data.test.like(model.prototype))
    wanted = {f"test_{metric}": value.item() for metric, value in expected.items()}
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-6)
    (outputs,) = quiet().predict(model, datamodule=data)
    x = data.scaling(data.points.x).to(model.prototype)
    torch.testing.assert_close(outputs, model(x))
    fit(model.train(), data)  # the data can still be trained on


def test_without_a_test_part_there_is_one_clear_error():
    data = own_data("mlp")
    with pytest.raises(InputError, match=r"the data have no test part: set data.test_frac"):
        quiet().test(own_model("mlp", data), datamodule=data, verbose=False)


def mappings(name, data):
    keys = ("x", "y") if hasattr(tiny_model(name, data), "task") else ("x",)
    points = [dict(zip(keys, row, strict=False)) for row in zip(*data.train, strict=True)]
    return points, [tuple(point.values()) if "y" in point else point["x"] for point in points]


@pytest.mark.parametrize("name", MODELS)
def test_mappings_of_x_and_y_are_batches(name):
    data = tiny_data(name)
    trained = []
    for points in mappings(name, data):
        model = tiny_model(name, data)
        torch.manual_seed(0)
        loader = DataLoader(points, batch_size=batch_of(name, 40))
        trainer = fit(model, loader, loader)
        trained.append((state(model), trainer.validate(model, loader, verbose=False)))
        outputs = torch.cat(trainer.predict(model, DataLoader(points, batch_size=40)))
        torch.testing.assert_close(outputs, model(data.train.x))
    assert same(trained[0][0], trained[1][0])
    assert trained[0][1] == trained[1][1]


def loader_of(name, change):
    """A loader of a model's tiny data, whose points are changed, in batches of 60."""
    data = tiny_data(name)
    labels = [data.train.y] if hasattr(tiny_model(name, data), "task") else []
    points = TensorDataset(change(data.train.x.clone()), *labels)
    return DataLoader(points, batch_size=batch_of(name, 60))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # NumPy's
def test_a_batch_that_is_not_finite_stops_the_training(name, bad):
    def one_bad(x):
        x[70, 1] = bad
        return x

    text = r"in epoch 0: look for NaN, infinite or very large values in the batches, or try a lower"
    with pytest.raises(RunError, match=text):
        fit(tiny_model(name), loader_of(name, one_bad), max_epochs=2)


@pytest.mark.parametrize("name", MODELS)
def test_batches_of_another_width_are_one_clear_error(name):
    loader = loader_of(name, lambda x: x[..., :3])
    text = r"the model expects 4 features per point, but the batch has the shape \(\d+,( 3,)? 3\)"
    with pytest.raises(InputError, match=text):
        fit(tiny_model(name), loader)
    for method in ("validate", "predict"):
        with pytest.raises(InputError, match=text):
            getattr(quiet(), method)(tiny_model(name), loader)


@pytest.mark.parametrize("keys", ["inputs labels", "x y weight", "y"])
def test_other_keys_are_one_clear_error(keys):
    batch = dict.fromkeys(keys.split(), torch.zeros(2, 3))
    text = "a batch must have the keys x and, with targets, y; got " + ", ".join(keys.split())
    with pytest.raises(InputError, match=text):
        as_batch(batch)
    with pytest.raises(InputError, match=text):
        fit(tiny_model("autoencoder"), DataLoader([batch]))


def test_mappings_become_batches():
    x, y = torch.zeros(2, 3), torch.ones(2)
    assert as_batch({"y": y, "x": x}) == Batch(x, y)
    assert as_batch({"x": x}) == Batch(x)
