"""The figures of a trained model show its own numbers."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import MODELS, fit, tiny_model

import nnzoo
from nnzoo import figures
from nnzoo.batch import Batch
from nnzoo.models.pictures.drawing import Drawing
from nnzoo.models.pictures.kinds import PICTURES
from nnzoo.runs.pictures import drawing_of


def drawing(model, data):
    return Drawing(model, None, data, [], "model on data")


class Line:
    """Stands for a regression: two targets, in raw units."""

    task = "regression"

    def predict(self, x):
        return torch.stack([2 * x[:, 0] + 1, -x[:, 0]], dim=1)


def numbers(x, y):
    """Stands for data with targets that are numbers."""
    return SimpleNamespace(
        raw=(Batch(x, y), None),
        n_features=x.shape[1],
        feature_names=[f"f{i}" for i in range(x.shape[1])],
        target_names=["price", "weight"],
    )


def test_every_figure_of_a_model_exists():
    for name in MODELS:
        assert set(tiny_model(name).figures) <= set(PICTURES)


def test_the_title_of_every_curve_is_in_words():
    titles = {}
    for name in MODELS:
        model = tiny_model(name)
        rows = [{"epoch": 0, model.monitor: 1.0}]
        shown = Drawing(model, None, None, rows, "model on data")
        titles[name] = PICTURES["curve"](shown).get_suptitle().removeprefix("model on data: ")
    assert titles["rbm"] == "negative pseudo-log-likelihood"
    known = {"energy distance", "loss", "mean squared error", "quantization error"}
    assert {*titles.values()} == {titles["rbm"], *known}


def test_one_feature_is_drawn_with_the_fitted_curve():
    x = torch.tensor([[4.0], [1], [2]])
    y = torch.tensor([[9.0, -4], [3, -1], [5, -2]])
    axes, other = PICTURES["fit"](drawing(Line(), numbers(x, y))).axes
    assert other.get_ylabel() == "weight"
    points, (line,) = axes.collections[0].get_offsets(), axes.lines
    assert points.tolist() == [[4, 9], [1, 3], [2, 5]]
    at, value = line.get_data()
    assert (at[0], at[-1]) == (1, 4)
    np.testing.assert_allclose(value, 2 * at + 1, rtol=1e-6)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("f0", "price")


def test_more_features_are_drawn_as_predicted_against_true():
    x = torch.tensor([[4.0, 0], [1, 0]])
    y = torch.tensor([[8.0, -4], [3, -1]])
    axes, other = PICTURES["fit"](drawing(Line(), numbers(x, y))).axes
    assert other.collections[0].get_offsets().tolist() == [[-4, -4], [-1, -1]]
    assert axes.collections[0].get_offsets().tolist() == [[8, 9], [3, 3]]
    assert axes.get_xlabel() == "true price"


def test_reconstructions_of_many_features_are_drawn_feature_by_feature():
    data = nnzoo.create_data("wine")
    model = tiny_model("sanger", data)
    axes = PICTURES["reconstruction"](drawing(model, data)).axes
    assert len(axes) == 9
    x = data.raw[0].x
    expected = torch.stack([x[:, 4], model.predict(x)[:, 4]], 1)
    np.testing.assert_allclose(axes[4].collections[0].get_offsets(), expected, rtol=1e-6)
    assert axes[4].get_ylabel() == "reconstructed magnesium"


def test_the_decision_at_its_learned_numbers_is_the_models_own():
    data = nnzoo.create_data("breast_cancer")
    model = tiny_model("perceptron", data)
    fit(model, data, max_epochs=3)
    figure = PICTURES["decision"](drawing(model, data))
    left, right = figure.axes
    share = float(model(data.train.x).mean())
    assert 0.1 < share < 0.9
    for line in left.lines[:10]:
        assert np.interp(1, *line.get_data()) == pytest.approx(share, abs=1e-6)
    threshold = right.lines[1].get_xdata()[0]
    assert threshold == pytest.approx(-float(model.layer.bias))
    assert np.interp(threshold, *right.lines[0].get_data()) == pytest.approx(share, abs=0.02)
    assert left.get_ylabel().endswith(" benign")
    assert (figure.get_suptitle(), figure.get_supxlabel()) == (
        "model on data: decision",
        "standard-scaled",
    )


@pytest.mark.parametrize("data", ["moons", "iris", "tutorial_points"])
def test_no_decision_of_two_features_or_several_units(data):
    data = nnzoo.create_data(data)
    assert PICTURES["decision"](drawing(tiny_model("perceptron", data), data)) is None


def test_no_decision_with_one_class():
    data = nnzoo.create_data("xor", x=[[0, 0, 1], [1, 0, 1]], y=[0, 0])
    assert PICTURES["decision"](drawing(tiny_model("perceptron", data), data)) is None


class Generator:
    """Stands for a generative model: samples (n, d) in raw units."""

    def sample(self, n, seed):
        assert seed == 0
        return torch.arange(n)[:, None] * torch.ones(self.d) * 100

    def __init__(self, d):
        self.d = d


def test_as_many_points_are_generated_as_the_data_have():
    data = nnzoo.create_data("gaussian_clusters")
    left, right = PICTURES["generated"](drawing(Generator(3), data)).axes
    np.testing.assert_allclose(np.column_stack(left.collections[0]._offsets3d), data.points.x)
    samples = np.column_stack(right.collections[0]._offsets3d)
    assert samples.shape == (500, 3)
    assert samples[-1].tolist() == [49900] * 3


def test_generated_points_of_many_features_are_scaled_as_the_data():
    data = nnzoo.create_data("wine")
    figure = PICTURES["generated"](drawing(Generator(13), data))
    assert figure.get_suptitle() == "model on data: real and generated"
    assert figure.get_supxlabel() == "standard-scaled · PCA of 13 features"
    shown = figure.axes[0].collections[0].get_offsets()
    assert shown.std() < 5  # one raw feature has a deviation of 300


def test_generated_images_are_drawn_raw():
    data = nnzoo.create_data("digits", scale="standard")
    figure = PICTURES["generated"](drawing(Generator(64), data))
    assert figure.axes[1].images[0].get_array().max() == 16
    first = figure.axes[8].images[0].get_array()
    assert first.min() == first.max()
    assert first.max() % 100 == 0


def test_a_3d_figure_is_rotated(nnzoo_train, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "rotate", partial(figures.rotate, frames=2))
    options = ("model=competitive", "figures.rotate=true", "trainer.max_epochs=1")
    printed = nnzoo_train(*options, "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert "nothing to rotate" not in printed.out
    files = sorted(path.name for path in (tmp_path / "run" / "figures").iterdir())
    assert files == ["clusters.gif", "clusters.png", "curve.png", "points.gif", "points.png"]


def test_without_a_3d_figure_a_note_is_printed(nnzoo_train, tmp_path):
    printed = nnzoo_train("model=perceptron", "figures.rotate=true", "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.count("no figure is in 3-D: there is nothing to rotate\n") == 1
    assert not list((tmp_path / "run" / "figures").glob("*.gif"))


def test_data_of_a_file_have_its_name_in_titles(tmp_path):
    (tmp_path / "my cars.csv").write_text("a,b\n1,2\n2,3\n3,4\n")
    data = nnzoo.create_data("table", path=str(tmp_path / "my cars.csv"))
    result = {"model": "som", "data": "table"}
    title = drawing_of(result, tiny_model("som", data), None, data, []).title
    assert title == "Self-organizing map on my cars.csv"


def test_data_of_several_kinds_have_their_kind_in_titles():
    data = nnzoo.create_data("sequence", kind="sines")
    result = {"model": "elman", "data": "sequence"}
    title = drawing_of(result, tiny_model("elman", data), None, data, []).title
    assert title == "Elman network on sequences (sines)"
