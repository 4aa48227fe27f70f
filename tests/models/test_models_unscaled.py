"""The note about an ordinary DataLoader of unscaled numbers."""

import warnings

import pytest
import torch
from helpers import EXPECTED, MODELS, TINY, fit, tiny_model
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
    "a rare one, standardized": torch.cat([X[:, :2], 100 * (torch.arange(64) == 5)[:, None]], 1),
    "not finite": X + torch.tensor([0.0, torch.inf, torch.nan]),
}


def notes(model, *data, **options):
    """What the user reads of unscaled features while a model trains."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for message in EXPECTED:
            warnings.filterwarnings("ignore", message=message)
        fit(model, *data, **options)
    found = [w for w in caught if issubclass(w.category, PossibleUserWarning)]
    return [str(w.message) for w in found if "not scaled" in str(w.message)]


def loader(x, labeled=True):
    return DataLoader(TensorDataset(x, Y) if labeled else x, batch_size=16)


def new(name):
    torch.manual_seed(0)
    return nnzoo.create_model(name, in_features=3, **TINY[name])


@pytest.mark.parametrize("kind", LARGE)
def test_unscaled_features_are_noted_once(kind):
    (note,) = notes(new("mlp"), loader(LARGE[kind]), max_epochs=3)
    assert "\n" not in note
    assert "standardize the features, or train on nnzoo.create_data(x, y)" in note
    if kind != "pixels":
        assert "x2 is " in note
    if "offset" in kind:
        assert "x2 is 5e+03 on average" in note


@pytest.mark.parametrize("kind", GOOD)
def test_scaled_features_are_not(kind):
    assert notes(new("mlp"), loader(GOOD[kind])) == []


@pytest.mark.parametrize("name", MODELS)
def test_models_that_learn_by_gradients_note_it(name):
    model = new(name)
    labeled = isinstance(model, Supervised)
    found = notes(model, loader(LARGE["an offset"], labeled))
    assert len(found) == (model.default_optimizer is not None)


@pytest.mark.parametrize("name", MODELS)
def test_data_of_nnzoo_are_not_noted(name):
    """They are scaled by default; who turns that off knows."""
    data = nnzoo.create_data(LARGE["an offset"], Y, scale="none")
    assert data.train.x.mean() > 1000
    assert notes(tiny_model(name, data), data) == []


def test_a_resumed_training_is_silent(tmp_path):
    data, model = loader(LARGE["an offset"]), new("mlp")
    with pytest.warns(PossibleUserWarning, match="not scaled"):
        fit(model, data).save_checkpoint(tmp_path / "a.ckpt")
    assert notes(new("mlp"), data, ckpt_path=tmp_path / "a.ckpt", max_epochs=2) == []
