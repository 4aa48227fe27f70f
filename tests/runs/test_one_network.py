"""The network of a run is that of its best epoch: reported, saved, loaded and evaluated."""

import re

import pytest
import torch
from run_folder import checkpoint, result_of, rows

import nnzoo
from nnzoo.cli.output import notes
from nnzoo.runs.evaluation import evaluate

IRIS = ("model=sigmoid_classifier", "data=iris", "figures=none")
NOT_SEPARABLE = ("model=perceptron", "data.y=[0,1,1,0]")


def test_the_best_epoch_is_reported_and_kept(nnzoo_train, nnzoo_predict, nnzoo_evaluate):
    # A rate that rises: the best epoch is not the last.
    printed = nnzoo_train(
        *IRIS,
        "trainer.max_epochs=12",
        "show=0",
        "model.scheduler={name:exponential,gamma:2.0}",
        "hydra.run.dir=run",
    )
    assert (printed.code, printed.err) == (0, "")
    losses = [float(row["val_loss"]) for row in rows("run")]
    lowest = min(range(len(losses)), key=losses.__getitem__)
    assert lowest < len(losses) - 1
    result = result_of("run")
    assert result["monitor"] == {
        "metric": "val_loss",
        "label": "validation loss: cross-entropy",
        "mode": "min",
    }
    assert result["best"] == {"epoch": lowest, "value": losses[lowest]}
    assert result["last"] == {"epoch": 11, "value": losses[-1]}
    title = printed.out.splitlines()[1]
    best = f"best epoch by val_loss: {lowest} ({losses[lowest]:.6g})"
    assert title.startswith(f"{best}; last epoch: 11 ({losses[-1]:.6g}); ")
    # The metrics are those of the best epoch, and so are the weights that other commands use.
    measured = {k: float(v) for k, v in rows("run")[lowest].items() if k[:3] in ("val", "acc")}
    assert measured == {name: result["metrics"][name] for name in measured}
    assert checkpoint("run", "best")["epoch"] == lowest + 1
    data = nnzoo.create_data("iris", scale="standard")
    assert evaluate(nnzoo.load_model("run"), data) == pytest.approx(result["metrics"])
    assert nnzoo_evaluate("run=run", "figures=none").code == 0
    assert result_of("run/evaluation")["metrics"] == pytest.approx(result["metrics"])
    assert nnzoo_predict("run=run", "input=[5,3,1.5,0.2]", "output=out.csv").code == 0
    last = checkpoint("run", "last")["state_dict"]
    best = checkpoint("run", "best")["state_dict"]
    assert not torch.equal(last["net.0.weight"], best["net.0.weight"])


def test_a_perceptron_that_does_not_separate_the_classes(nnzoo_train, nnzoo_predict):
    printed = nnzoo_train(*NOT_SEPARABLE, "figures=none", "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert "note: the perceptron still makes errors" in printed.out
    assert "separates the classes" in printed.out
    result = result_of("run")
    model = nnzoo.load_model("run")
    raw = nnzoo.create_data("tutorial_points").raw[0].x
    right = (model.predict(raw)[:, 0] == torch.tensor([0.0, 1, 1, 0])).float().mean()
    assert result["metrics"]["accuracy"] == float(right) == 0.75
    # The result describes the loaded model.
    assert result["weights"]["after"]["w"] == model.weights()["w"].tolist()
    assert [row["after"] for row in result["outputs"]] == model.predict(raw).tolist()
    losses = [float(row["loss"]) for row in rows("run")]
    assert len(losses) == 50
    assert 0 not in losses


def test_a_rising_loss_is_noted(nnzoo_train):
    printed = nnzoo_train(
        "model=mlp",
        "model.optimizer={name:sgd,lr:0.001}",
        "figures=none",
        "data.batch_size=null",
        "model.scheduler={name:exponential,gamma:1.0}",
        "trainer.max_epochs=6",
    )
    assert "the loss rose" not in printed.out
    printed = nnzoo_train(
        "model=mlp",
        "model.optimizer={name:sgd,lr:3}",
        "figures=none",
        "data.batch_size=null",
        "trainer.max_epochs=6",
    )
    text = (
        r"note: the loss rose over the whole training, from \S+ to \S+: try a lower learning rate"
    )
    assert re.search(text, printed.out)


@pytest.mark.parametrize(
    ("losses", "val_losses", "noted"),
    [
        ([2, 1, 30], None, True),
        ([2, 1, 19], None, False),
        ([2, 1, 30], [2, 1, 3], True),
        ([2, 1, 0.1], [2, 1, 30], False),  # overfitting
        ([0.1, 0.1, 2], [1, 1, 0.5], False),  # the losses of stages
        ([0, 1, 1], None, False),
    ],
)
def test_a_loss_far_above_the_first_is_noted(losses, val_losses, noted):
    table = [{"loss": loss} for loss in losses]
    if val_losses is not None:
        table = [row | {"val_loss": loss} for row, loss in zip(table, val_losses, strict=True)]
    monitor = {"metric": "loss" if val_losses is None else "val_loss", "mode": "min"}
    found = notes({"metrics": {}, "model": "mlp", "monitor": monitor}, table)
    assert found == ["the loss rose from 2 to 30: try a lower learning rate"] * noted


@pytest.mark.parametrize(("effective", "noted"), [(0.1, True), (3.0, False)])
def test_weights_of_zero_are_noted(effective, noted):
    """With Bayesian regularization, whose loss may rise."""
    result = {"metrics": {"effective_parameters": effective}, "model": "mlp"}
    result["monitor"] = {"metric": "loss", "mode": "last"}
    found = notes(result, [{"loss": 1.0}, {"loss": 30.0}])
    assert (
        found == ["all weights are near 0, as if the targets were noise: try another seed"] * noted
    )
