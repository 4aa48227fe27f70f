"""Early stopping."""

import pytest

from nnzoo import InputError
from nnzoo.engine.stopping import EarlyStopping


def length(values, **options):
    """After how many measurements a training ends; None: it does not."""
    stopping = EarlyStopping(**options)
    stopping.set_monitor("val_loss", ["val_loss", "val_accuracy", "val_balanced_accuracy", "r2"])
    return next((k for k, value in enumerate(values, 1) if stopping.ends(value)), None)


@pytest.mark.parametrize(
    ("values", "options", "wanted"),
    [
        ([3, 2, 2, 2, 2], {"patience": 2}, 4),
        ([3, 2, 2.5, 1, 2, 2], {"patience": 2}, 6),
        ([3, 2.9, 2.8, 2.7], {"patience": 2, "min_delta": 0.5}, 3),
        ([1, 1], {"patience": 0}, 2),
        ([3, 2, 1], {"patience": 1}, None),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "monitor": "val_accuracy"}, 4),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "monitor": "val_balanced_accuracy"}, 4),
        ([0.9, 0.8, 0.7], {"patience": 1, "monitor": "r2"}, 2),
        ([0.9, 0.8, 0.7], {"patience": 1, "monitor": "r2", "mode": "min"}, None),
        ([3, 2, 1], {"stopping_threshold": 2}, 2),
        ([0.5, 0.9], {"stopping_threshold": 0.8, "monitor": "val_accuracy"}, 2),
        ([float("nan")] * 3, {"patience": 2}, 2),
    ],
)
def test_when_a_training_ends(values, options, wanted):
    assert length(values, **options) == wanted


def test_a_resumed_training_continues_its_patience():
    one, other = EarlyStopping(patience=3), EarlyStopping(patience=3)
    for stopping in (one, other):
        stopping.set_monitor("loss", ["loss"])
    assert [one.ends(value) for value in (2, 1, 1)] == [False] * 3
    vars(other).update(one.state())
    assert [other.ends(value) for value in (1, 1)] == [False, True]


def test_what_is_not_measured_is_refused():
    with pytest.raises(InputError, match="monitor is 'los', which is not measured; choose one of "):
        EarlyStopping(monitor="los").set_monitor("loss", ["loss", "mse"])


@pytest.mark.parametrize(
    "options", [{"patience": -1}, {"min_delta": -0.1}, {"mode": "up"}, {"patience": 1.5}]
)
def test_impossible_options(options):
    with pytest.raises(InputError, match=f"callbacks.early_stopping.{next(iter(options))}"):
        EarlyStopping(**options)
