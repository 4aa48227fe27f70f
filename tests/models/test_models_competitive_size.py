"""The competitive model on many points: measured in slices, started from some of them."""

import pytest
import torch
from helpers import MODELS, own_model, state, tiny_data, tiny_model, train_by_engine

import nnzoo.models.competitive as competitive
from nnzoo import InputError, create_data, create_model
from nnzoo.runs.evaluation import evaluate

AT_SIZE = {"rule": "wta", "start": "refined", "update": "batch", "lr_end": "auto"}


def trained(seed=0, epochs=8, **options):
    data = create_data("gaussian_clusters", batch_size=100)
    model = own_model("competitive", data, seed, **(AT_SIZE | options))
    train_by_engine(model, data, epochs, seed=seed)
    return model, data


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_clusters(seed):
    found = evaluate(*trained(seed))
    # The mean of 100 points with standard deviation .8 is .13 from the center.
    assert found["centroid_distance"] < 0.2
    assert found["dead_units"] == 0


def test_a_name_of_a_rate_that_is_none():
    with pytest.raises(InputError, match=r"model\.lr_end must be a number"):
        create_model("competitive", "gaussian_clusters", lr_end="fast")


def test_the_step_on_many_points_is_the_batch_rule(monkeypatch):
    """With the rule's own search, a training reaches the same weights."""
    fast = state(trained()[0])

    def slow(weight, x, winners, lr):
        return competitive.batch_rule(weight, weight[:, 0] * 0 + 0.2, x, lr, 0.0, rule="wta")[0]

    monkeypatch.setattr(competitive, "batch_step", slow)
    for name, value in state(trained()[0]).items():
        torch.testing.assert_close(value, fast[name])


def test_the_start_takes_some_of_many_points(monkeypatch):
    data = create_data("gaussian_clusters")
    monkeypatch.setattr("nnzoo.data.base.SLICE", 100)
    monkeypatch.setattr("nnzoo.nn.kmeans.START_POINTS", 50)
    assert len(data.start_batch().x) == 100
    for start in competitive.STARTS:
        model = own_model("competitive", data, start=start)
        model.initialize_from(data.start_batch())
        assert model.layer.weight.isfinite().all()
        assert len(model.layer.weight.unique(dim=0)) == (1 if start == "midpoint" else 5)


def slices(monkeypatch, size):
    for module in ("data.base", "runs.evaluation", "models.bases.reconstructor", "engine.loader"):
        monkeypatch.setattr(f"nnzoo.{module}.SLICE", size)


@pytest.mark.parametrize("name", MODELS)
def test_in_slices_the_measurements_are_the_same(monkeypatch, name):
    data = tiny_data(name, val_fraction=0.3)
    data.start_batch = lambda: data.train  # whatever the size of a slice
    results, calls = [], []
    for size in (1000, 17):
        slices(monkeypatch, size)
        model = tiny_model(name, data)
        kind = type(model)
        monkeypatch.setattr(kind, "means", counted(kind.means, calls))
        progress = train_by_engine(model, data, 1)
        results.append((progress.rows, evaluate(model, data), len(calls)))
        monkeypatch.undo()
    close = {"rel": 1e-5, "abs": 1e-7}  # the loss of dbn is a small difference of energies
    (rows, measured, few), (sliced_rows, sliced, many) = results
    assert sliced == pytest.approx(measured, **close)
    for row, other in zip(rows, sliced_rows, strict=True):
        assert row == pytest.approx(other, **close)
    assert (many - few > few) is not tiny_model(name).measured_whole
    if name in ("autoencoder", "vae"):
        before = float(model.threshold)
        model.calibrate(data)
        assert float(model.threshold) == pytest.approx(before, rel=1e-5)


def counted(method, calls):
    def call(self, batch):
        calls.append(len(batch.x))
        return method(self, batch)

    return call
