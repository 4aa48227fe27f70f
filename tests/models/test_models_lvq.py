"""Prototypes: neurolab's example, starts, learned metrics, weights of classes, input that fails."""

import pytest
import torch
from helpers import train_by_engine
from sklearn.neighbors import NearestCentroid

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import GLVQ, LVQ, Clock
from nnzoo.nn.lvq import RULES

LEARNERS = [("lvq", {"rule": rule}) for rule in RULES]
LEARNERS += [("glvq", {"metric": metric}) for metric in ("euclidean", "matrix")]
CLOCK = Clock(0, 10, 1)


def trained(name, data, epochs, seed=0, **options):
    torch.manual_seed(seed)
    model = nnzoo.create_model(name, data, **options)
    train_by_engine(model, data, epochs, seed=seed, every=epochs)
    return model


@pytest.mark.parametrize(("name", "options"), LEARNERS)
def test_neurolabs_example(name, options):
    """Ten points of two classes, of which one lies between two groups of the other."""
    data = nnzoo.create_data("lvq_points")
    model = trained(name, data, 10, prototypes=2, **options)
    assert torch.equal(model.decide(data.train.x), data.train.y)
    assert model.predict_labels([0.2, 1]) == ["1"]
    assert model.predict([[0.2, 1], [-3, 0]]).tolist() == [[1], [0]]


def test_one_prototype_starts_as_the_nearest_centroid():
    data = nnzoo.create_data("wine", scale="standard", val_fraction=0)
    x, y = data.train
    for name in ("lvq", "glvq"):
        model = nnzoo.create_model(name, data, prototypes=1)
        model.initialize_from(data.start_batch())
        found = NearestCentroid().fit(x.numpy(), y.numpy())
        centroids = torch.from_numpy(found.centroids_).float()
        torch.testing.assert_close(model.layer.weight.detach().float(), centroids)
        assert model.decide(x).tolist() == found.predict(x.numpy()).tolist()


def test_prototypes_of_each_class():
    data = nnzoo.create_data("iris", scale="standard", val_fraction=0)
    for start in ("kmeans++", "sample"):
        model = nnzoo.create_model("lvq", data, prototypes=[1, 3, 2], start=start)
        model.initialize_from(data.start_batch())
        assert model.prototype_classes.tolist() == [0, 1, 1, 1, 2, 2]
        for prototype, k in zip(model.layer.weight, model.prototype_classes, strict=True):
            own = data.train.x[data.train.y == k]
            assert torch.isclose(own.double(), prototype, atol=1e-6).all(1).any()
    first = model.codebook()[3]
    assert int(model.winners(first)) == 3
    assert model.scores(data.train.x).argmax(1).equal(model.decide(data.train.x))


def test_given_prototypes_are_in_raw_units():
    data = nnzoo.create_data("iris", scale="standard")
    given = [[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]]
    for name in ("lvq", "glvq"):
        model = nnzoo.create_model(name, data, prototypes=1, initial_weight=given)
        model.set_scaling(data)
        model.initialize_from(data.start_batch())
        torch.testing.assert_close(model.codebook().double(), torch.tensor(given).double())
        assert model.predict_labels(given) == data.class_names


def test_a_matrix_finds_the_features_that_count():
    make = torch.Generator().manual_seed(0)
    y = torch.arange(200) % 2
    noise = 3 * torch.randn(200, 3, generator=make)
    x = torch.cat([y[:, None] + 0.2 * torch.randn(200, 1, generator=make), noise], 1)
    data = nnzoo.create_data((x, y), scale="standard", val_fraction=0.0)
    model = trained("glvq", data, 60, metric="matrix")
    assert (model.decide(data.train.x.float()) == data.train.y).float().mean() > 0.97
    relevances = model.weights()["relevances"].diagonal()
    assert relevances.argmax() == 0
    assert relevances[0] > 0.8


def test_weights_of_classes_scale_steps_and_losses():
    x, y = torch.tensor([[1.0], [2.0], [9.0]]), torch.tensor([0, 0, 1])
    given = {"initial_weight": [[0.0], [10.0]], "prototypes": 1}
    steps = []
    for option in (None, "balanced"):
        model = LVQ(1, class_weight=option, lr=0.1, lr_end=0.1, **given)
        if option:
            model.class_weights.balance(y)  # 0.75 and 1.5
        steps.append(model.update(Batch(x[2:], y[2:]), CLOCK)["layer.weight"][1] - 10)
        losses = [GLVQ(1, class_weight=o, **given).loss(Batch(x, y)) for o in (None, option)]
        assert all(map(torch.isfinite, losses))
    torch.testing.assert_close(steps[1], 1.5 * steps[0])
    assert float(steps[0]) == pytest.approx(-0.1)


def test_losses():
    model = LVQ(1, prototypes=1, initial_weight=[[0.0], [2.0]])
    batch = Batch(torch.tensor([[0.0], [0.9], [1.1]]), torch.tensor([0, 0, 0]))
    assert float(model.loss(batch)) == pytest.approx(1 / 3)  # the share of wrong classes
    other = GLVQ(1, prototypes=1, initial_weight=[[0.0], [2.0]])
    assert other.loss(Batch(torch.tensor([[1.0]]), torch.tensor([0]))).item() == 0.5


@pytest.mark.parametrize(
    ("name", "data", "options", "text"),
    [
        ("lvq", "iris", {"rule": "lvq2"}, r"unknown model\.rule 'lvq2'; did you mean"),
        ("lvq", "iris", {"prototypes": 0}, r"model\.prototypes must be a whole number"),
        ("lvq", "iris", {"prototypes": [1, 2]}, "a number for each of the 3 classes"),
        ("glvq", "iris", {"prototypes": 60}, "class setosa has 40 training points, fewer than"),
        ("lvq", "iris", {"start": "midpoint"}, r"unknown model\.start 'midpoint'"),
        ("lvq", "iris", {"window": 2}, r"model\.window must be a number"),
        ("lvq", "iris", {"initial_weight": [[1]]}, r"model\.initial_weight must have the shape"),
        ("glvq", "iris", {"metric": "cosine"}, r"unknown model\.metric 'cosine'"),
        ("glvq", "iris", {"slope": 0}, r"model\.slope must be a number > 0"),
        ("lvq", "parabola", {}, "this model learns classes, but the targets of the data are"),
        ("glvq", "gaussian_clusters", {}, "this model learns from labels, but the data have none"),
    ],
)
def test_input_that_fails(name, data, options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train(name, data, epochs=1, **options)
