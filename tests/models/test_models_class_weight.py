"""Classes of unequal size: balanced accuracy, and weights of classes in the loss."""

import pytest
import torch
from helpers import difference, fit, state, train_by_engine
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from torch.func import vmap
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import nnzoo
from nnzoo.batch import Batch
from nnzoo.models.parts.class_weights import balanced_weights
from nnzoo.models.parts.measures import balanced_accuracy, class_sums
from nnzoo.runs.checkpoint import load_model
from nnzoo.runs.run import train

X = torch.tensor([[0.0, 1], [1, 0], [1, 1], [2, 1]])
Y = torch.tensor([0, 0, 0, 1])
WEIGHTS = torch.tensor([4 / 6, 4 / 6, 4 / 6, 2])  # 4 / (2 * 3) and 4 / (2 * 1)
SINGLE = {"hidden": [], "initial_weight": [0.5, -1.0], "initial_bias": [0.25]}


def inline(**options):
    return nnzoo.create_data("xor", x=X.tolist(), y=Y.tolist(), **options)


@pytest.mark.parametrize(
    ("labels", "classes"), [([0, 0, 0, 1], 2), ([2, 0, 2, 2, 1, 2, 0], 3), ([3, 0, 0], 4)]
)
def test_weights_are_those_of_scikit_learn(labels, classes):
    occurring = sorted({*labels})
    expected = torch.ones(classes, dtype=torch.float64)
    expected[occurring] = torch.from_numpy(
        compute_class_weight("balanced", classes=torch.tensor(occurring).numpy(), y=labels)
    )
    torch.testing.assert_close(balanced_weights(torch.tensor(labels), classes), expected)


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        ("bce", lambda o, t: (WEIGHTS * F.binary_cross_entropy(o, t, reduction="none")).mean()),
        ("mse", lambda o, t: (WEIGHTS * (o - t) ** 2).mean()),
        ("mae", lambda o, t: (WEIGHTS * (o - t).abs()).mean()),
        ("sse", lambda o, t: (WEIGHTS * (o - t) ** 2).sum() / 2),
    ],
)
def test_the_loss_of_one_unit_by_hand(loss, by_hand):
    model = nnzoo.create_model("mlp", inline(), loss=loss, class_weight="balanced", **SINGLE)
    assert model.class_weights.weight.tolist() == pytest.approx([4 / 6, 2])
    output = torch.sigmoid(0.5 * X[:, 0] - X[:, 1] + 0.25)
    torch.testing.assert_close(model.loss(Batch(X, Y)), by_hand(output, Y.float()))


@pytest.mark.parametrize("name", ["mlp", "sigmoid_classifier", "counterpropagation"])
def test_balanced_classes_equal_repeated_points(name):
    """A class with a third of the points has the same loss as with each point three times."""
    points = [0, 1, 2, 3, 3, 3]
    model = nnzoo.create_model(name, inline(), class_weight="balanced")
    plain = nnzoo.create_model(name, inline())
    plain.load_state_dict(model.state_dict(), strict=False)
    torch.testing.assert_close(
        model.loss(Batch(X, Y)), plain.loss(Batch(X[points], Y[points])), rtol=1e-5, atol=1e-6
    )


def test_several_classes_weigh_the_same():
    data = nnzoo.create_data("iris")
    chosen = torch.cat([torch.arange(50), torch.arange(50, 60), torch.arange(100, 125)])
    batch = Batch(data.points.x[chosen], data.points.y[chosen])
    model = nnzoo.create_model("mlp", data, class_weight="balanced")
    model.class_weights.balance(batch.y)
    losses = F.cross_entropy(model.net(batch.x), batch.y, reduction="none")
    by_class = torch.stack([losses[batch.y == k].mean() for k in range(3)])
    torch.testing.assert_close(model.loss(batch), by_class.mean())


def imbalanced(**options):
    x = torch.randn(90, 2, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] + x[:, 1] > 1.8).long()
    assert 3 <= int(y.sum()) < 12
    return nnzoo.create_data("xor", x=x.tolist(), y=y.tolist(), batch_size=16, **options)


def test_engine_and_plain_trainer_learn_the_same():
    data = imbalanced(val_fraction=0.2)
    models = []
    for _ in range(3):
        torch.manual_seed(0)
        models.append(nnzoo.create_model("mlp", data, class_weight="balanced"))
    expected = balanced_weights(data.raw[0].y, 2)
    torch.testing.assert_close(models[0].class_weights.weight.double(), expected)
    train_by_engine(models[0], data, 3, weights="last")
    torch.manual_seed(0)
    fit(models[1], data, max_epochs=3)
    assert difference(state(models[0]), state(models[1])) < 1e-4

    x, y = data.train
    loader = DataLoader(TensorDataset(x, y), batch_size=16)
    models[2].class_weights.weight.fill_(7)
    fit(models[2], loader, max_epochs=1)  # without a data module they come from the loader
    torch.testing.assert_close(models[2].class_weights.weight.double(), expected)


def test_a_sweep_a_single_run_and_their_checkpoints(composed):
    options = ("model=mlp", "data=breast_cancer", "++model.class_weight=balanced", "figures=none")
    options = (*options, "trainer.max_epochs=3", "++data.val_fraction=0.2")
    configs = [composed(*options, f"seed={seed}") for seed in (1, 2, 1)]
    together = train(configs[:2])
    assert [result.content["members"] for result in together] == [2, 2]
    (alone,) = train(configs[2:])
    one, other = (load_model(c["run"]["folder"]) for c in (configs[0], configs[2]))
    assert one.class_weights.weight.min() < 1 < one.class_weights.weight.max()
    assert difference(state(one), state(other)) < 1e-4
    assert together[0].value == pytest.approx(alone.value, rel=1e-4)
    assert "balanced classes" in alone.content["monitor"]["label"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"class_weight": "balance"}, "did you mean 'balanced'"),
        ({"class_weight": "balanced", "task": "regression"}, "is for classes and this is a reg"),
        ({"class_weight": "balanced", "task": "multilabel"}, "is for classes and this is a multi"),
    ],
)
def test_weights_that_are_not_possible(options, text):
    with pytest.raises(nnzoo.InputError, match=text):
        nnzoo.create_model("mlp", in_features=2, units=1, **options)


def test_weights_raise_the_recall_of_a_rare_class():
    found = []
    for class_weight in (None, "balanced"):
        torch.manual_seed(0)
        data = imbalanced()
        model = nnzoo.create_model("mlp", data, class_weight=class_weight, hidden=[])
        train_by_engine(model, data, 20, weights="last")
        found.append(float(model.metrics(data.train)["balanced_accuracy"]))
    assert found[1] > found[0] + 0.1


# Balanced accuracy


@pytest.mark.parametrize(("classes", "occurring"), [(2, 2), (4, 4), (5, 3)])
def test_balanced_accuracy_is_that_of_scikit_learn(classes, occurring):
    generator = torch.Generator().manual_seed(classes)
    labels = torch.randint(occurring, (40,), generator=generator)
    predicted = torch.where(torch.rand(40, generator=generator) < 0.6, labels, 0)

    def mean_recall(correct):
        return balanced_accuracy(class_sums(correct, labels, classes))

    found = mean_recall(predicted == labels)
    assert float(found) == pytest.approx(balanced_accuracy_score(labels, predicted))
    both = torch.stack([predicted == labels, predicted != labels])
    stacked = vmap(mean_recall)(both)
    assert stacked.tolist() == pytest.approx([float(found), 1 - float(found)])


def test_several_validation_batches_of_one_class_each():
    data = nnzoo.create_data("iris", val_fraction=0)  # sorted by class
    model = nnzoo.create_model("mlp", data)
    loader = DataLoader(TensorDataset(*data.train), batch_size=25)
    found = fit(model, loader, loader, max_epochs=2).callback_metrics
    with torch.no_grad():
        expected = {f"val_{name}": float(v) for name, v in model.metrics(data.train).items()}
    assert {name: float(found[name]) for name in expected} == pytest.approx(expected, rel=1e-6)
    assert 0.2 < found["val_accuracy"] < 0.9
