"""The competitive model: starts, schedule and scores, by hand."""

import itertools

import pytest
import torch
from helpers import fit, own_data, own_model, state, tiny_model, train_by_engine
from torch.utils.data import DataLoader

import nnzoo.models.competitive as module
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models import Clock
from nnzoo.nn.competitive import RULES
from nnzoo.runs.evaluation import evaluate

# A rate at which the weights stay where they started.
STILL = {"lr": 1e-12, "lr_end": None}


def started(data, seed=0, **options):
    """The weights that a training starts from."""
    model = own_model("competitive", data, seed, **(STILL | options))
    fit(model, data)
    return model.layer.weight.float()  # the weights are more precise than the points


def rows(x):
    return set(map(tuple, x.tolist()))


@pytest.mark.parametrize("scale", ["none", "minmax"])
def test_midpoint_is_the_middle_of_each_features_range(scale):
    data = own_data("competitive", scale=scale)
    x = data.train.x
    middle = ((x.amax(0) + x.amin(0)) / 2).expand(5, -1)
    torch.testing.assert_close(started(data, start="midpoint"), middle)


def test_a_batch_updates_midpoint_has_units_that_can_part():
    data = own_data("competitive")
    x = data.train.x
    low, high = x.amin(0), x.amax(0)
    weight = started(data, start="midpoint", update="batch")
    assert len(rows(weight)) == 5
    assert ((weight - (low + high) / 2).abs() < 0.05 * (high - low)).all()


@pytest.mark.parametrize("start", ["sample", "kmeans++"])
def test_other_starts_are_different_training_rows_chosen_by_the_seed(start):
    data = own_data("competitive", val_fraction=0.5)
    weight = started(data, start=start)
    assert len(rows(weight)) == 5
    assert rows(weight) <= rows(data.train.x)
    assert rows(weight) == rows(started(data, start=start))
    assert rows(weight) != rows(started(data, seed=1, start=start))


@pytest.mark.parametrize("start", ["midpoint", "sample", "kmeans++"])
def test_an_ordinary_loaders_points_give_the_start_too(start):
    data = own_data("competitive")
    model = own_model("competitive", start=start, **STILL)
    fit(model, DataLoader(data.points.x, batch_size=30))
    if start == "midpoint":
        x = data.points.x
        middle = ((x.amax(0) + x.amin(0)) / 2).expand(5, -1)
        torch.testing.assert_close(model.layer.weight.float(), middle)
    else:
        assert rows(model.layer.weight.float()) <= rows(data.points.x)


@pytest.fixture
def schedule(monkeypatch):
    """The rates and consciences that the rule is called with."""
    seen = {"lr": [], "conscience": []}

    def spy(weight, state, x, lr, conscience, **options):
        seen["lr"] += torch.as_tensor(lr).reshape(-1).tolist()
        seen["conscience"] += torch.as_tensor(conscience).reshape(-1).tolist()
        return weight, state

    monkeypatch.setattr(module, "online_rule", spy)
    monkeypatch.setattr(module, "batch_rule", spy)
    return seen


OPTIONS = {"lr": 0.4, "lr_end": 0.1, "conscience_until": 0.5, "units": 2}


def wanted(n):
    """The rate from .4 to .1 and the conscience from 1 to 0 over n points or batches."""
    return {
        "lr": pytest.approx([0.4 * 0.25 ** (i / n) for i in range(n)]),
        "conscience": pytest.approx([max(0, 1 - i / (n / 2)) for i in range(n)], abs=1e-6),
    }


def ten_points(**options):
    return create_data("gaussian_clusters", points_per_cluster=2, **options)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("by_engine", [True, False])
def test_the_rate_falls_and_the_conscience_goes_with_every_point(schedule, batch_size, by_engine):
    data = ten_points(batch_size=batch_size)
    model = create_model("competitive", data, **OPTIONS)
    if by_engine:
        train_by_engine(model, data, 4)
    else:
        fit(model, data, max_epochs=4)
    assert schedule == wanted(40)


def test_a_batch_update_has_one_rate_for_all_its_points(schedule):
    data = ten_points(batch_size=5)
    fit(create_model("competitive", data, update="batch", **OPTIONS), data, max_epochs=4)
    assert schedule == wanted(8)


def test_a_training_limited_by_steps_alone_goes_through_the_whole_schedule(schedule):
    data = ten_points(batch_size=5)
    model = create_model("competitive", data, update="batch", **OPTIONS)
    fit(model, data, max_epochs=-1, max_steps=7)
    assert schedule == wanted(7)


def test_a_null_end_keeps_the_rate(schedule):
    data = ten_points()
    fit(create_model("competitive", data, lr=0.3, lr_end=None), data, max_epochs=2)
    assert schedule["lr"] == pytest.approx([0.3] * 20)


def test_an_automatic_end_is_one_over_the_points_that_a_unit_wins(schedule):
    data = ten_points(batch_size=5)
    options = {"lr": 0.5, "lr_end": "auto", "units": 2, "update": "batch"}
    fit(create_model("competitive", data, **options), data, max_epochs=4)
    end = 2 / (8 * 5)  # 2 units, 8 batches of 5 points
    assert schedule["lr"] == pytest.approx([0.5 * (end / 0.5) ** (i / 8) for i in range(8)])


def test_online_does_not_depend_on_how_an_epoch_is_divided_into_steps():
    weights = []
    for batch_size in (500, 50, 10):
        data = own_data("competitive", batch_size=batch_size)
        model = own_model("competitive", data)
        train_by_engine(model, data, 2)
        weights.append(state(model)["layer.weight"])
    torch.testing.assert_close(weights[1], weights[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(weights[2], weights[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("update", ["online", "batch"])
@pytest.mark.parametrize("by_engine", [True, False])
def test_cwta_forgets_its_conscience_at_each_epoch(update, by_engine):
    data = own_data("competitive", batch_size=100)
    model = own_model("competitive", data, rule="cwta", lr=0.01, lr_end=None, update=update)
    if by_engine:
        train_by_engine(model, data, 2, weights="last")
    else:
        fit(model, data, max_epochs=2)
    assert model.state.sum() == 5 + 500  # one each, and one per point of the last epoch


def test_scores_by_hand():
    data = create_data("gaussian_clusters")
    model = create_model("competitive", data)
    shifted = data.points.centroids[[3, 0, 4, 1, 2]] + torch.tensor([0.3, 0.0, 0.4])
    model.layer.weight.copy_(shifted)
    score = evaluate(model, data)
    assert score["centroid_distance"] == pytest.approx(0.5, abs=1e-6)  # matched, each off by .5
    distances = torch.cdist(data.points.x.double(), shifted.double()).amin(1)
    assert score["quantization_error"] == pytest.approx(float(distances.mean()), rel=1e-5)
    assert score["loss"] == pytest.approx(float(distances.square().mean()), rel=1e-5)
    assert score["dead_units"] == 0
    model.layer.weight[1:3] = 1e3
    assert evaluate(model, data)["dead_units"] == 2


@pytest.mark.parametrize("scale", ["minmax", "standard", "frobenius"])
def test_errors_and_centroids_are_in_raw_units(scale):
    data = create_data("gaussian_clusters", scale=scale)
    model = create_model("competitive", data, **STILL)
    fit(model, data)  # takes the scaling over
    model.layer.weight.copy_(data.scaling(data.points.centroids))
    torch.testing.assert_close(model.centroids(), data.points.centroids.double())
    score = evaluate(model, data)
    assert score["centroid_distance"] == pytest.approx(0, abs=1e-5)
    raw, centroids = data.points.x, data.points.centroids
    winners = torch.cdist(data.train.x.double(), data.scaling(centroids).double()).argmin(1)
    error = (raw - centroids[winners]).norm(dim=1).mean()
    assert score["quantization_error"] == pytest.approx(float(error), rel=1e-4)
    assert model.predict(centroids).tolist() == torch.eye(5).tolist()


def test_labels_are_ignored_and_no_true_centroids_give_no_distance():
    data = create_data("iris", val_fraction=0)
    model = own_model("competitive", data)
    assert model.units == 3
    fit(model, data, max_epochs=2)
    assert set(evaluate(model, data)) == {"loss", "quantization_error", "dead_units"}


def test_more_units_than_points_is_an_input_error():
    data = create_data("xor")
    with pytest.raises(InputError, match=r"model\.units is 5 but there are only 4 training points"):
        fit(create_model("competitive", data, units=5), data)
    with pytest.raises(InputError, match=r"model\.units is 5 but there are only 4 training points"):
        fit(create_model("competitive", in_features=2, units=5), DataLoader(data.points.x, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "wtaa"}, r"unknown model\.rule 'wtaa'; did you mean"),
        ({"start": "random"}, r"unknown model\.start 'random'"),
        ({"update": "onlin"}, r"unknown model\.update 'onlin'; did you mean 'online'"),
        ({"lr": 0}, r"model\.lr must be a number > 0"),
        ({"lr": 1.5}, r"model\.lr must be a number > 0 and <= 1"),
        ({"lr": "fast"}, r"model\.lr must be a number"),
        ({"lr_end": 0}, r"model\.lr_end"),
        ({"lr_end": float("nan")}, r"model\.lr_end"),
        ({"conscience_until": -0.1}, r"model\.conscience_until"),
        ({"units": 0}, "units must be a whole number"),
        ({"in_features": -3}, r"model\.in_features must be a whole number"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(options, message):
    with pytest.raises(InputError, match=message):
        create_model("competitive", **({"in_features": 3, "units": 5} | options))


def test_an_empty_batch_changes_nothing():
    """A process may get no point of the last batch."""
    empty, clock = Batch(torch.zeros(0, 3)), Clock(3, 10, 5)
    for update, rule in itertools.product(("online", "batch"), RULES):
        model = tiny_model("competitive", in_features=3, update=update, rule=rule, lr_end="auto")
        model.layer.weight.normal_()
        changed = model.update(empty, clock)
        torch.testing.assert_close(changed["layer.weight"], model.layer.weight)
        torch.testing.assert_close(changed.get("state", model.state), model.state)


def test_winners_of_raw_points():
    data = create_data("iris", scale="standard")
    model = create_model("competitive", data, units=3)
    model.set_scaling(data)
    model.initialize(data.train.x)
    raw = data.points.x.numpy()
    expected = model.predict(raw).argmax(-1)
    assert len(expected.unique()) == 3
    assert torch.equal(model.winners(raw), expected)
    assert model.winners(raw[0].tolist()) == expected[0]
    with pytest.raises(InputError, match="finite"):
        model.winners([float("nan")] * 4)
