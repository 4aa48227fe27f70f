"""Early stopping: when it ends a training, and what it may monitor."""

import pytest
from run_folder import rows

IRIS = ("model=sigmoid_classifier", "data=iris", "figures=none")


def test_early_stopping(trained_result):
    options = (*IRIS, "callbacks=early_stopping")
    patience = ("++callbacks.early_stopping.patience=2", "++callbacks.early_stopping.min_delta=10")
    result = trained_result(*options, *patience)
    assert result["epochs"] == 3
    assert len(rows(result["paths"]["folder"])) == 3


@pytest.mark.parametrize(
    ("metric", "threshold", "epochs"),
    [("accuracy", 0.0, 1), ("val_accuracy", 2.0, 3), ("loss", 1000, 1), ("val_loss", -1, 3)],
)
def test_the_direction_follows_the_metric(metric, threshold, epochs, trained_result):
    """Accuracy counts upward, a loss downward."""
    result = trained_result(
        *IRIS,
        "callbacks=early_stopping",
        "trainer.max_epochs=3",
        f"++callbacks.early_stopping.monitor={metric}",
        f"++callbacks.early_stopping.stopping_threshold={threshold}",
    )
    assert result["epochs"] == epochs


def test_early_stopping_on_a_rising_accuracy_goes_on(trained_result):
    options = (*IRIS, "callbacks=early_stopping", "trainer.max_epochs=30")
    monitored = ("++callbacks.early_stopping.monitor=accuracy",)
    result = trained_result(*options, *monitored, "++callbacks.early_stopping.patience=5")
    accuracies = [float(row["accuracy"]) for row in rows(result["paths"]["folder"])]
    assert accuracies[5] > accuracies[0]
    assert len(accuracies) > 6


def test_early_stopping_on_an_unknown_metric(nnzoo_train, tmp_path):
    monitored = "callbacks.early_stopping.monitor=val_acc"
    printed = nnzoo_train(*IRIS, "callbacks=early_stopping", monitored)
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == (
        "error: callbacks.early_stopping.monitor is 'val_acc', which is not measured; choose one "
        "of loss, accuracy, balanced_accuracy, val_loss, val_accuracy, val_balanced_accuracy\n"
    )
    assert not list(tmp_path.iterdir())
