"""The warning about an ordinary DataLoader of unscaled features."""

import warnings

import pytest
import torch
from helpers import AT_ONCE, EXPECTED, OF_NUMBERS, TINY, batch_of, fit, tiny_model
from lightning.pytorch.utilities.warnings import PossibleUserWarning
from torch.utils.data import DataLoader, TensorDataset

import nnzoo
from nnzoo.models import Supervised

X = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1) > 0).long()
LARGE = {
    "an offset": X + torch.tensor([0.0, 5000.0, 0.0]),
    "a negative offset": X - torch.tensor([0.0, 5000.0, 0.0]),
    "a spread": X * torch.tensor([1.0, 300.0, 1.0]),
    "pixels": (255 * X.sigmoid()).to(torch.uint8),
}
GOOD = {
    "standardized": X,
    "between 0 and 1": X.sigmoid(),
    "a rare value, standardized": torch.cat([X[:, :2], 100 * (torch.arange(64) == 5)[:, None]], 1),
}

FINITE = {"adaline": {"lr": 1e-9, "lr_end": 1e-9}}  # whose loss would become infinite


def scale_warnings(model, *data, **options):
    """Train a model and return the warnings about unscaled features."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for message in EXPECTED:
            warnings.filterwarnings("ignore", message=message)
        fit(model, *data, **options)
    found = [w for w in caught if issubclass(w.category, PossibleUserWarning)]
    return [str(w.message) for w in found if "not scaled" in str(w.message)]


def loader(x, labeled=True, name="mlp"):
    return DataLoader(TensorDataset(x, Y) if labeled else x, batch_size=batch_of(name, 16))


def new(name):
    torch.manual_seed(0)
    return nnzoo.create_model(name, in_features=3, **TINY[name] | FINITE.get(name, {}))


@pytest.mark.parametrize("kind", LARGE)
def test_unscaled_features_are_reported_once(kind):
    (text,) = scale_warnings(new("mlp"), loader(LARGE[kind]), max_epochs=3)
    assert "\n" not in text
    assert "standardize the features, or train on nnzoo.create_data(x, y)" in text
    if kind != "pixels":
        assert ": x2 has " in text
    if "offset" in kind:
        assert "x2 has a mean absolute value of 5e+03." in text


@pytest.mark.parametrize("kind", GOOD)
def test_scaled_features_are_not_reported(kind):
    assert scale_warnings(new("mlp"), loader(GOOD[kind])) == []


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_models_that_learn_by_gradients_warn(name):
    model = new(name)
    labeled = isinstance(model, Supervised)
    found = scale_warnings(model, loader(LARGE["an offset"], labeled, name))
    assert len(found) == model.needs_scaling


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_data_modules_are_not_reported(name):
    """They are scaled by default; turning that off is deliberate."""
    options = {"batch_size": None} if name in AT_ONCE else {}
    data = nnzoo.create_data(LARGE["an offset"], Y, scale="none", **options)
    assert data.train.x.mean() > 1000
    assert scale_warnings(tiny_model(name, data, **FINITE.get(name, {})), data) == []


def test_a_resumed_training_is_silent(tmp_path):
    data, model = loader(LARGE["an offset"]), new("mlp")
    with pytest.warns(PossibleUserWarning, match="not scaled"):
        fit(model, data).save_checkpoint(tmp_path / "a.ckpt")
    assert scale_warnings(new("mlp"), data, ckpt_path=tmp_path / "a.ckpt", max_epochs=2) == []
