"""Metrics over several batches or slices equal those of all points, and those of scikit-learn."""

import math

import pytest
import torch
from helpers import fit, train_by_engine
from sklearn import metrics as sk
from torch.utils.data import DataLoader, TensorDataset

import nnzoo
from nnzoo.batch import SLICE, Batch, add_up, over_points
from nnzoo.models.parts.measures import class_sums, regression_errors, regression_sums
from nnzoo.runs.evaluation import evaluate, recalls

POINTS, BATCH = 103, 40  # the last batch is smaller


def generator():
    return torch.Generator().manual_seed(0)


def expected_classes(model, x, y):
    decided, y = model.decide(x).numpy(), y.numpy()
    found = {"accuracy": sk.accuracy_score(y, decided)}
    if model.task == "classification":
        found["balanced_accuracy"] = sk.balanced_accuracy_score(y, decided)
    return found


def expected_numbers(output, y, names):
    output, y = output.numpy(), y.numpy()
    rmse = sk.root_mean_squared_error(y, output, multioutput="raw_values")
    found = {"rmse": rmse.mean(), "mae": sk.mean_absolute_error(y, output)}
    found["r2"] = sk.r2_score(y, output)
    each = {f"rmse_{name}": value for name, value in zip(names, rmse, strict=True)}
    return found | (each if len(names) > 1 else {})


def classes(n):
    """Return points and sorted classes of very unequal size: most batches have one or two."""
    x = torch.randn(POINTS, 3, generator=generator())
    return x, (n * torch.rand(POINTS, generator=generator()) ** 3).long().sort().values


def case(name):
    """Return a model with random weights, points, targets, and scikit-learn's metrics."""
    torch.manual_seed(1)
    x, y = classes(4)
    sizes = {"in_features": 3, "units": 4}
    if name in ("classes", "sum", "perceptron"):
        options = {"loss": "sse"} if name == "sum" else {}
        model = nnzoo.create_model(
            "perceptron" if name == "perceptron" else "mlp", **sizes, **options
        )
        if name == "perceptron":
            model.layer.weight.copy_(torch.randn(4, 3))
        return model, x, y, expected_classes(model, x, y)
    if name == "two classes":
        y = (y > 0).long()
        model = nnzoo.create_model("mlp", in_features=3, units=1)
        return model, x, y, expected_classes(model, x, y)
    if name == "labels":
        y = (torch.rand(POINTS, 4, generator=generator()) < 0.4).float()
        model = nnzoo.create_model("mlp", **sizes, task="multilabel")
        model.net[-1].bias.data.fill_(-0.5)
        return model, x, y, expected_classes(model, x, y)
    # Numbers in sorted order: batches differ in mean and spread.
    spread = torch.tensor([1.0, 200.0])[: 1 if name == "number" else 2]
    y = x[:, : len(spread)].sort(0).values * spread + (5e4 if name == "numbers far away" else 1)
    model = nnzoo.create_model("mlp", in_features=3, units=len(spread), task="regression")
    model.net[-1].bias.data += y.mean(0)
    names = [f"y{i + 1}" for i in range(len(spread))]
    return model, x, y, expected_numbers(model(x).detach().double(), y.double(), names)


CASES = ["classes", "sum", "perceptron", "two classes", "labels"]
CASES += ["number", "numbers", "numbers far away"]


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated")  # within Lightning
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.parametrize("name", CASES)
def test_under_lightning_several_batches_give_the_metrics_of_all_points(name):
    with torch.no_grad():
        model, x, y, expected = case(name)
        expected["loss"] = float(model.loss(Batch(x, y)))
        means = [
            model.metrics(Batch(*part)) for part in zip(x.split(BATCH), y.split(BATCH), strict=True)
        ]
    first = next(iter(expected))
    assert sum(float(m[first]) for m in means) / 3 != pytest.approx(expected[first], rel=1e-3)
    loader = DataLoader(TensorDataset(x, y), batch_size=BATCH)
    silent = nnzoo.create_model("perceptron", in_features=3, units=4)  # its Trainer has trained
    trainer = fit(silent, DataLoader(TensorDataset(*classes(4)), batch_size=50))
    for part, measured in (("val", trainer.validate), ("test", trainer.test)):
        for _ in range(2):  # the second time starts from zero
            (found,) = measured(model, loader, verbose=False)
            found = {key.removeprefix(f"{part}_"): value for key, value in found.items()}
            assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_slices_give_the_metrics_of_all_points(name):
    with torch.no_grad():
        model, x, y, expected = case(name)
        slices = [Batch(*part) for part in zip(x.split(BATCH), y.split(BATCH), strict=True)]
        means, sums = over_points((len(s.x), model.means(s), model.sums(s)) for s in slices)
        found = means | model.from_sums(sums)
        expected["loss"] = float(model.loss(Batch(x, y)))
    assert {key: float(value) for key, value in found.items()} == pytest.approx(expected, rel=1e-5)


def test_more_points_than_a_slice():
    """The engine and ``evaluate`` compute the metrics of large data slice by slice."""
    x = torch.randn(SLICE + 5000, 2, generator=generator())
    y = torch.stack([x.sum(1), 1000 * x[:, 0].sin() + 3e4], 1).sort(0).values
    data = nnzoo.create_data(x.numpy(), y.numpy(), batch_size=20_000, val_fraction=0)
    model = nnzoo.create_model("mlp", data, hidden=[3])
    progress = train_by_engine(model, data, 1)
    part = data.raw[0]
    assert len(part.x) > SLICE
    output = model.predict(part.x).double()
    expected = expected_numbers(output, part.y.double(), data.target_names)
    found = evaluate(model, data)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert {name: progress.rows[-1][name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_recalls_in_slices(monkeypatch):
    monkeypatch.setattr("nnzoo.data.base.SLICE", 17)
    data = nnzoo.create_data("iris")
    model = nnzoo.create_model("mlp", data)
    train_by_engine(model, data, 2)
    part = data.raw[1] or data.raw[0]
    decided = model.decide(model.scaled(part.x))
    expected = sk.recall_score(part.y, decided, average=None, zero_division=0)
    assert [row["recall"] for row in recalls(model, data)] == pytest.approx(expected.tolist())


# Sums


def test_sums_by_hand():
    correct, labels = torch.tensor([True, False, True]), torch.tensor([2, 2, 0])
    sums = class_sums(correct, labels, 4)
    assert sums["points"].tolist() == [1, 0, 2, 0]
    assert sums["hits"].tolist() == [1, 0, 1, 0]
    assert add_up(add_up({}, {"a": labels}), {"a": labels})["a"].tolist() == [4, 4, 0]


def test_targets_of_equal_values_have_no_r2():
    y = torch.tensor([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]])
    output = y + torch.tensor([0.0, 0.5])
    found = regression_errors(regression_sums(output, y), ["a", "b"])
    assert float(found["r2"]) == pytest.approx(sk.r2_score(y[:, 1].numpy(), output[:, 1].numpy()))
    assert math.isnan(regression_errors(regression_sums(output[:, :1], y[:, :1]), ["a"])["r2"])
