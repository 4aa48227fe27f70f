"""Fuzzy ART and ARTMAP: by hand, a plain search, one presentation, order, input that fails."""

import numpy as np
import pytest
import torch
from helpers import train_by_engine
from matplotlib.colors import to_hex

import nnzoo
from nnzoo import InputError, figures
from nnzoo.batch import Batch
from nnzoo.figures.style import color
from nnzoo.models import FuzzyART, FuzzyARTMAP
from nnzoo.sklearn import FuzzyARTClustering, FuzzyARTMAPClassifier


def learned(model, x, y=None):
    return model.partial_fit(torch.tensor(x, dtype=torch.float64).float(), y)


def test_boxes_by_hand():
    """A box grows to contain a point that matches, and another point starts a new box."""
    model = FuzzyART(2, vigilance=0.75)
    learned(model, [[0.25, 0.25], [0.5, 0.25]])  # match: 1 - 0.25 / 2
    assert model.boxes().tolist() == [[[0.25, 0.25], [0.5, 0.25]]]
    learned(model, [[0.5, 1.0]])  # the box would have sides of 0.25 + 0.75
    learned(model, [[0.5, 0.5]])  # of 0.25 + 0.25, the most for this vigilance
    assert model.boxes().tolist() == [[[0.25, 0.25], [0.5, 0.5]], [[0.5, 1.0], [0.5, 1.0]]]
    assert model.weights()["high"].tolist() == [[0.5, 0.5], [0.5, 1.0]]  # of boxes in use alone
    assert model.predict_labels([[0.3, 0.4], [0.6, 1.0]]) == ["category 0", "category 1"]
    assert model.winner_distance(torch.tensor([[0.0, 0.5]])).tolist() == [0.125]
    slow = learned(FuzzyART(1, beta=0.5, vigilance=0.0), [[0.0], [1.0]])
    assert slow.boxes().flatten().tolist() == [0, 0.5]


def test_match_tracking_by_hand():
    """A point in the box of another class starts one of its own, which is smaller and so wins."""
    model = FuzzyARTMAP(1)
    learned(model, [[0.0], [0.8]], [0, 0])
    assert model.boxes().flatten().tolist() == pytest.approx([0, 0.8])
    learned(model, [[0.5]], [1])
    assert model.category_classes.tolist() == [0, 1]
    assert model.decide(torch.tensor([[0.4], [0.5], [0.85]])).tolist() == [0, 1, 0]
    learned(model, [[0.7]], [1])  # the match with its own box is 0.8, with the other one 0.2
    assert model.boxes()[1].flatten().tolist() == pytest.approx([0.5, 0.7])


def plain(x, y, vigilance, alpha, beta, tracking):
    """The search of the sources, category by category, and its weights and classes."""
    w, owners = [], []
    for point, label in zip(x, y, strict=True):
        code = np.concatenate([point, 1 - point])
        needed = vigilance
        choices = [np.minimum(code, own).sum() / (alpha + own.sum()) for own in w]
        for j in np.argsort(-np.array(choices), kind="stable"):
            match = np.minimum(code, w[j]).sum() / len(point)
            if match < needed:
                continue
            if owners[j] == label:
                w[j] = beta * np.minimum(code, w[j]) + (1 - beta) * w[j]
                break
            needed = match + tracking
        else:
            w.append(code)
            owners.append(label)
    return np.array(w), owners


@pytest.mark.parametrize(
    ("vigilance", "alpha", "beta", "tracking"),
    [(0.0, 1e-3, 1.0, 1e-3), (0.6, 0.1, 0.5, 0.0), (0.85, 5.0, 1.0, 0.1), (1.0, 1e-6, 0.3, 1e-3)],
)
def test_both_equal_a_plain_search(vigilance, alpha, beta, tracking):
    x = torch.rand(150, 3, generator=torch.Generator().manual_seed(0))
    y = (x.sum(1) > 1.5).long() + (x[:, 0] > 0.7)
    numbers = {"vigilance": vigilance, "alpha": alpha, "beta": beta}
    classes = FuzzyARTMAP(3, units=3, match_tracking=tracking, **numbers).partial_fit(x, y)
    clusters = FuzzyART(3, categories=200, **numbers).partial_fit(x)
    for model, labels in ((classes, y.tolist()), (clusters, [0] * 150)):
        weight, owners = plain(x.double().numpy(), labels, *numbers.values(), tracking)
        assert model.in_use == len(weight) > 1 or vigilance == 0
        assert np.allclose(model.layer.weight[: model.in_use], weight, rtol=0, atol=1e-12)
        assert model.refused == 0
        if model is classes:
            assert model.category_classes.tolist() == owners


def test_fast_learning_is_stable_after_one_presentation():
    """The sources' theorem; no box is larger than the vigilance allows."""
    data = nnzoo.create_data("wine", scale="minmax")
    model = nnzoo.create_model("art", data, alpha=1e-6, vigilance=0.7)
    progress = train_by_engine(model, data, 5)
    assert [row["loss"] > 0 for row in progress.rows] == [True, False]
    low, high = model.layer.boxes()[: model.in_use].unbind(1)
    assert (high - low).sum(1).max() <= 0.3 * 13 + 1e-9
    assert ((high - low) >= 0).all()


def test_points_are_learned_in_the_order_of_the_data_unless_shuffled():
    found = []
    for options in ({"shuffle": False}, {"shuffle": False, "batch_size": None}, {}):
        data = nnzoo.create_data("iris", scale="minmax", val_fraction=0, **options)
        model = nnzoo.create_model("artmap", data)
        train_by_engine(model, data, 1)
        found.append(model.layer.weight)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_points_that_find_no_free_category_are_refused():
    model = learned(FuzzyART(1, categories=2, vigilance=1.0), [[0.0], [0.5], [1.0], [0.5]])
    assert model.diagnostics(None) == {"categories": 2, "refused": 1}
    assert model.winners([[1.0]]).tolist() == [1]
    assert model.initialize(torch.zeros(1, 1)) is None
    assert (model.in_use, int(model.refused)) == (0, 0)


def test_new_points_outside_of_the_range_count_as_at_its_bounds():
    model = learned(FuzzyART(2), [[0.0, 0.0], [1.0, 1.0]])
    assert model.winners([[-9.0, 0.2], [3.0, 0.9]]).tolist() == [0, 1]
    before = model.layer.weight.clone()
    learned(model, [[-9.0, 0.0], [1.0, 7.0]])
    assert torch.equal(before, model.layer.weight)


def test_without_complement_coding_a_box_reaches_the_upper_bounds():
    model = FuzzyART(2, complement=False, vigilance=0.6)
    learned(model, [[0.5, 0.5], [0.4, 0.6]])
    assert model.boxes().flatten().tolist() == pytest.approx([0.4, 0.5, 1, 1])
    assert model.stops_at_zero_loss is False
    far = Batch(torch.tensor([[1.0, 1.0]]))
    assert model.loss(far) == 0  # in the box
    learned(model, far.x.tolist())  # but too far for the vigilance
    assert model.in_use == 2
    learned(model, [[0.0, 0.0]])  # |A| is 0, so each category matches
    assert model.boxes()[0, 0].tolist() == [0, 0]


def test_the_figure_has_a_box_for_each_category():
    corners = [[[0, 0], [2, 1]], [[1, 1], [1, 1]]]
    names = {"feature_names": ["a", "b"], "class_names": ["no", "yes"], "title": "t"}
    points = [[0, 0], [2, 1], [1, 1]], [0, 0, 1], corners
    figure = figures.boxes(*points, [0, 1], kind="class", **names)
    *_, faces, edges = figure.axes[0].collections
    assert [path.get_extents().bounds for path in edges.get_paths()] == [(0, 0, 2, 1), (1, 1, 0, 0)]
    for part in (faces.get_facecolor(), edges.get_edgecolor()):
        assert [to_hex(one).upper() for one in part] == [color(0), color(1)]
    with pytest.raises(ValueError, match="owners must be 2 class indices"):
        figures.boxes(*points, [0], kind="class", **names)


@pytest.mark.parametrize(
    ("name", "data", "options", "text"),
    [
        ("art", "iris", {"vigilance": 1.5}, r"model\.vigilance must be a number >= 0 and <= 1"),
        ("artmap", "iris", {"vigilance": -0.1}, r"model\.vigilance must be a number >= 0"),
        ("art", "iris", {"alpha": 0}, r"model\.alpha must be a number > 0"),
        ("art", "iris", {"beta": 0}, r"model\.beta must be a number > 0 and <= 1"),
        ("art", "iris", {"categories": 0}, r"model\.categories must be a whole number"),
        ("art", "iris", {"complement": 2}, r"model\.complement must be true or false"),
        ("artmap", "iris", {"match_tracking": -1}, r"model\.match_tracking must be a number"),
        ("art", "iris", {"data.scale": "standard"}, "values must be between 0 and 1 once scaled"),
        ("artmap", "parabola", {}, "this model learns classes, but the targets of the data are"),
    ],
)
def test_input_that_fails(name, data, options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train(name, data, epochs=1, **options)


def test_a_stream_that_starts_outside_of_the_range_fails():
    with pytest.raises(InputError, match=r"one is 5; data\.scale=minmax"):
        learned(FuzzyART(1), [[0.0], [5.0]])


def test_the_estimators_learn_a_stream():
    data = nnzoo.create_data("iris", scale="minmax", val_fraction=0)
    x, y = data.train.x.numpy(), np.array(["a", "b", "c"])[data.train.y]
    classifier = FuzzyARTMAPClassifier(scale="none", random_state=0)
    clusters = FuzzyARTClustering(scale="none", vigilance=0.8, random_state=0)
    for part in (slice(0, 60), slice(60, 150)):  # the class c comes later
        classifier.partial_fit(x[part], y[part], classes=["a", "b", "c"])
        clusters.partial_fit(x[part])
    assert (classifier.predict(x[60:]) == y[60:]).mean() > 0.9
    with pytest.warns(UserWarning, match=r"25 % of the values are outside"):
        clusters.partial_fit(np.array([[0.5, 0.5, 0.5, 2]], x.dtype))
    assert set(classifier.box_classes_) == {"a", "b", "c"}
    low, high = clusters.boxes_.swapaxes(0, 1)
    assert (low >= 0).all()
    assert (high <= 1).all()
    inside = (low[:, None] <= x + 1e-6) & (x <= high[:, None] + 1e-6)
    assert inside.all(2).any(0).all()  # also the points of the first part
