"""Sanger's and Oja's rules: by hand, by a loop, and against principal components."""

import numpy as np
import pytest
import torch
from helpers import own_data, own_epochs, own_model, tiny_data, tiny_model, train_by_engine
from sklearn.decomposition import PCA

from nnzoo import InputError, create_data, create_model
from nnzoo.nn import sanger_batch_rule, sanger_rule
from nnzoo.nn.sanger import RULES


def test_a_single_unit_by_hand():
    weight, lr = torch.tensor([[1.0, 0.0]]), torch.tensor([0.5, 0.5])
    # y = 1: w += 0.5 * 1 * ((1, 2) - 1 * (1, 0)), so it is (1, 1).
    # y = 2: w += 0.5 * 2 * ((0, 2) - 2 * (1, 1)), so it is (-1, 1).
    x = torch.tensor([[1.0, 2.0], [0.0, 2.0]])
    for rule in RULES:
        assert sanger_rule(weight, x, lr, rule).tolist() == [[-1.0, 1.0]]


def test_the_units_of_the_rules_by_hand():
    weight = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    x, lr = torch.tensor([[2.0, 1.0]]), torch.tensor([0.5])
    # y = (2, 1). Unit 0 of Sanger's learns from (2, 1) - 2 (1, 0); nothing is left over for unit 1.
    assert sanger_rule(weight, x, lr).tolist() == [[1.0, 1.0], [0.0, 1.0]]
    # Of Oja's, nothing is left over for both.
    assert sanger_rule(weight, x, lr, "oja").tolist() == weight.tolist()


@pytest.mark.parametrize("rule", RULES)
def test_members_together_equal_each_alone_point_by_point(rule):
    generator = torch.Generator().manual_seed(1)
    weight, x = (
        torch.randn(shape, generator=generator).double() / 2 for shape in ((3, 4, 6), (3, 20, 6))
    )
    lr = torch.linspace(0.1, 0.01, 20, dtype=torch.float64)
    together = torch.func.vmap(lambda w, p: sanger_rule(w, p, lr, rule))(weight, x)
    for found, w, points in zip(together, weight, x, strict=True):
        for point, rate in zip(points, lr, strict=True):
            w = sanger_batch_rule(w, point[None], rate, rule)
        torch.testing.assert_close(found, w, rtol=1e-10, atol=1e-10)


def angles(model, data):
    """The angles of the weights to scikit-learn's components, in degrees."""
    expected = PCA(model.encoder.out_features).fit(data.train.x.double().numpy()).components_
    weight = model.weights()["components"].double().numpy()
    cosines = np.abs((weight * expected).sum(1)) / np.linalg.norm(weight, axis=1)
    return np.degrees(np.arccos(cosines.clip(max=1)))


# Units of the inputs and their mean make no difference.
@pytest.mark.parametrize("scale", ["standard", "none"])
@pytest.mark.parametrize("update", ["online", "batch"])
def test_units_are_the_components_in_order(scale, update):
    data = create_data("iris", scale=scale, batch_size=50 if update == "online" else None)
    rates = {} if update == "online" else {"lr": 1, "lr_end": 1}
    model = create_model("sanger", data, latent=2, update=update, **rates)
    train_by_engine(model, data, 100 if update == "online" else 400, weights="last")
    found = angles(model, data)
    assert found.max() < 1
    assert model.diagnostics(data)["pca_angle"] == pytest.approx(found.max(), abs=1e-3)
    explained = PCA(2).fit(data.train.x.double().numpy()).explained_variance_
    codes = model.encode(data.train.x)
    assert codes.var(0).tolist() == pytest.approx(explained, rel=0.01)
    assert codes.mean(0).tolist() == pytest.approx([0, 0], abs=1e-4)


def test_oja_s_units_span_the_subspace_of_the_components():
    data = create_data("iris", scale="standard", batch_size=None)
    model = create_model("sanger", data, latent=2, rule="oja", update="batch", lr=1, lr_end=1)
    train_by_engine(model, data, 100, weights="last")
    weight = model.weights()["components"]
    torch.testing.assert_close(weight @ weight.T, torch.eye(2), rtol=0, atol=1e-4)
    assert model.diagnostics(data)["pca_angle"] < 0.1
    assert angles(model, data).max() > 5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "epochs"), [("wine", own_epochs("sanger")), ("digits", 20)])
def test_four_components_within_a_degree(name, epochs):
    data = own_data("sanger", val_fraction=0)
    if name == "digits":
        data = create_data(name, scale="standard", val_fraction=0)
    model = own_model("sanger", data, 7)
    train_by_engine(model, data, epochs, seed=7, weights="last")
    assert angles(model, data).max() < 1


def test_an_outlier_does_not_make_the_weights_diverge():
    x = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    x[7] *= 1e4
    model = create_model("sanger", in_features=3, latent=2)
    model.partial_fit(x)
    norms = model.weights()["components"].norm(dim=1)
    assert norms.isfinite().all()
    assert norms.max() < 2


def test_points_without_variance_keep_the_weights():
    model = create_model("sanger", in_features=4, latent=2)
    before = model.weights()["components"].clone()
    x = torch.full((5, 4), 3.0)
    model.initialize(x)
    model.partial_fit(x)
    assert model.weights()["components"].equal(before)
    torch.testing.assert_close(model.predict(x), x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent": 5}, "model.latent is 5, more than the 4 components"),
        ({"latent": 0}, "model.latent must be"),
        ({"rule": "hebb"}, "unknown model.rule 'hebb'"),
        ({"update": "epoch"}, "unknown model.update 'epoch'"),
        ({"lr": 2}, "model.lr must be"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        tiny_model("sanger", **options)


def test_no_angle_for_more_features_than_are_compared(monkeypatch):
    monkeypatch.setattr("nnzoo.models.sanger.MAX_FEATURES", 3)
    assert tiny_model("sanger").diagnostics(tiny_data("sanger")) == {}


def test_components_of_images_are_images():
    data = create_data("digits")
    model = create_model("sanger", data, latent=3)
    model.initialize(data.train.x)
    panels = model.plot("components", data=data).axes
    variances = model.encode(data.train.x).var(0, correction=0)
    for k, (axes, variance) in enumerate(zip(panels, variances, strict=False)):
        assert axes.get_title() == f"unit {k}: {variance:.3g}"
        expected = model.weights()["components"][k].reshape(8, 8)
        np.testing.assert_array_equal(axes.images[0].get_array(), expected)
    with pytest.raises(InputError, match="no figure of the kind components"):
        tiny_model("sanger").plot("components", data=tiny_data("sanger"))


def test_a_stream_of_points_is_learned_without_a_training():
    x = torch.randn(3000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([3, 2, 1])
    model = create_model("sanger", in_features=3, latent=2, lr=0.02, lr_end=0.001)
    for point in x:
        model.partial_fit(point)
    assert model.weights()["components"].abs().tolist() == [
        pytest.approx([1, 0, 0], abs=0.25),
        pytest.approx([0, 1, 0], abs=0.25),
    ]
