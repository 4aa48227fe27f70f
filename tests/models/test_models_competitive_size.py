"""The competitive model on many points: measured in slices, started from some, drawn from fewer."""

import pytest
import torch
from helpers import fit, same, state

import nnzoo.models.base as base
import nnzoo.models.competitive as competitive
import nnzoo.models.winner as winner
import nnzoo.training.thinning as thinning
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models.winner import Rates
from nnzoo.training.run import train

AT_SIZE = {"rule": "wta", "start": "refined", "update": "batch", "lr_end": "auto"}


def trained(seed=0, epochs=2, **options):
    data = create_data("gaussian_clusters", repeat=4, batch_size=100)
    torch.manual_seed(seed)
    model = create_model("competitive", data, **(AT_SIZE | options))
    fit(model, data, max_epochs=epochs)
    return model, data


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_clusters(seed):
    model, data = trained(seed)
    found = model.score(data)
    # The mean of 100 points with standard deviation .8 is .13 from the centre.
    assert found["centroid_distance"] < 0.2
    assert found["dead_units"] == 0


def test_the_end_of_the_rate_is_one_over_the_points_a_unit_wins(monkeypatch):
    rates = []
    at = Rates.at
    monkeypatch.setattr(Rates, "at", lambda *args: rates.append(at(*args)[0]) or at(*args))
    trained()
    # 8 passes over 500 points, for 5 units; the last step begins one step before the end.
    steps = len(rates)
    assert rates[0][0].item() == 0.5
    share = (steps - 1) / steps
    assert rates[-1][0].item() == pytest.approx(0.5 ** (1 - share) * (5 / 4000) ** share, rel=0.05)


@pytest.mark.parametrize(("start", "length"), [(0, 0.25), (-0.5, 1), (0.5, 1), (0.3, 0.1)])
def test_rates_stay_within_their_ends(start, length):
    rates = Rates(0.5, 0.0005, 0.1)
    lr, conscience = rates.at(start, length, 4)
    for k in range(4):
        done = min(max(start + length * k / 4, 0), 1)
        assert lr[k].item() == pytest.approx(0.5 * 0.001**done)
        assert conscience[k].item() == pytest.approx(max(0, 1 - done / 0.1))
    assert rates.at(start, length, 0)[0].shape == (0,)


def test_a_name_of_a_rate_that_is_none():
    with pytest.raises(InputError, match=r"model\.lr_end must be a number"):
        create_model("competitive", "gaussian_clusters", lr_end="fast")


def test_the_step_on_many_points_is_the_batch_rule(monkeypatch):
    """With the rule's own search, a training comes to the same weights."""
    fast = state(trained()[0])

    def slow(weight, x, winners, lr):
        return competitive.batch_rule(weight, weight[:, 0] * 0 + 0.2, x, lr, 0.0, rule="wta")[0]

    monkeypatch.setattr(competitive, "batch_step", slow)
    for name, value in state(trained()[0]).items():
        torch.testing.assert_close(value, fast[name])


def test_the_start_takes_some_of_many_points(monkeypatch):
    data = create_data("gaussian_clusters")
    monkeypatch.setattr(winner, "START_POINTS", 100)
    monkeypatch.setattr(competitive, "FEW_POINTS", 50)
    for start in competitive.STARTS:
        torch.manual_seed(0)
        model = create_model("competitive", data, start=start, lr=1e-12, lr_end=None)
        fit(model, data)
        assert "train" in data.__dict__
        assert model.layer.weight.isfinite().all()
        assert len(model.layer.weight.unique(dim=0)) == (1 if start == "midpoint" else 5)


@pytest.mark.parametrize(
    ("name", "data"),
    [("competitive", "gaussian_clusters"), ("autoencoder", "blobs"), ("vae", "iris")],
)
def test_in_slices_the_measures_are_the_same(monkeypatch, name, data):
    data = create_data(data, val_fraction=0.3)
    torch.manual_seed(0)
    model = create_model(name, data)
    fit(model, data, max_epochs=1)
    whole = model.score(data), model.measure(data.raw[1])
    monkeypatch.setattr(base, "SLICE", 17)
    monkeypatch.setattr(competitive, "SLICE", 17)
    monkeypatch.setattr("nnzoo.models.reconstructor.SLICE", 17)
    assert model.score(data) == pytest.approx(whole[0], rel=1e-5)
    assert model.measure(data.raw[1]) == pytest.approx(whole[1], rel=1e-5)
    logged = {}

    def log(name, value, *, batch_size, **options):
        logged.setdefault(name, []).append((value, batch_size))

    monkeypatch.setattr(model, "log", log)
    with torch.no_grad():
        model.validation_step(Batch(data.val.x), 0)
    n = len(data.val.x)
    for metric, value in whole[1].items():
        parts = logged[f"val_{metric}"]
        assert len(parts) == -(-n // 17)
        assert sum(float(v) * k for v, k in parts) / n == pytest.approx(value, rel=1e-5)
    if name != "competitive":
        before = float(model.threshold)
        model.calibrate(data)
        assert float(model.threshold) == pytest.approx(before, rel=1e-5)


@pytest.mark.parametrize("name", ["sigmoid_classifier", "gan"])
def test_what_is_no_mean_is_measured_whole(monkeypatch, name):
    data = create_data("iris")
    model = create_model(name, data)
    whole = model.score(data)
    monkeypatch.setattr(base, "SLICE", 17)
    assert model.score(data) == whole


@pytest.mark.parametrize("model", ["competitive", "autoencoder", "gan", "sigmoid_classifier"])
def test_pictures_of_many_points_take_some(monkeypatch, composed, model):
    data = "iris" if model == "sigmoid_classifier" else "blobs"
    cfg = composed(f"model={model}", f"data={data}", "trainer.max_epochs=1")
    monkeypatch.setattr(thinning, "DRAWN_FROM", 40)
    result = train(cfg, quiet=True)
    assert result["status"] == "completed"
    data = create_data(data)
    fewer, note = thinning.thinned(data)
    assert len(fewer.raw[0].x) == len(fewer.train.x) == 40
    assert note == f" (40 of {len(data.raw[0].x)} points)"
    assert same(fewer.scaling.state_dict(), data.scaling.state_dict())
    assert len(data.raw[0].x) > 40


def test_a_resumed_training_goes_on_with_the_rate(composed):
    options = ["experiment=competitive_at_size", "data=gaussian_clusters", "figures=none"]
    whole = composed(*options, "data.repeat=2", "trainer.max_epochs=4", "model.units=5")
    train(whole, quiet=True)
    run = f"{whole.run.folder}/checkpoints/last.ckpt"
    longer = composed(*options, f"resume={run}", "trainer.max_epochs=8", "model.units=5")
    result = train(longer, quiet=True)
    assert result["epochs"] == 8
    assert result["metrics"]["centroid_distance"] < 0.2
