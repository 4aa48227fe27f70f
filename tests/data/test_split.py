"""The parts of a data set: shares of the classes, and folds."""

import pytest
import torch

from nnzoo import InputError, create_data
from nnzoo.data.split import split

LABELS = torch.tensor([0] * 60 + [1] * 30 + [2] * 9 + [3])


def parts(seed=0, val=0.2, test=0.0, **folds):
    shares = {"val_fraction": val, "test_fraction": test}
    return split(len(LABELS), LABELS, seed, shares, **folds)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("test", [0.0, 0.1])
def test_every_class_has_its_share_of_every_part(seed, test):
    train, val, tested = parts(seed, test=test)
    assert torch.cat([train, val, tested]).sort().values.tolist() == list(range(len(LABELS)))
    assert (len(val), len(tested)) == (20, round(100 * test))
    for part, share in ((val, 0.2), (tested, test)):
        counts = LABELS[part].bincount(minlength=4)
        assert (counts - share * torch.tensor([60, 30, 9, 1])).abs().max() <= 1
    assert 99 in train  # the only point of its class


@pytest.mark.parametrize("folds", [2, 5])
def test_folds_are_disjoint_and_have_all_classes_in_their_shares(folds):
    vals = [parts(folds=folds, fold=fold)[1] for fold in range(folds)]
    assert torch.cat(vals).sort().values.tolist() == list(range(len(LABELS)))
    for val in vals:
        counts = LABELS[val].bincount(minlength=4)
        assert (counts - torch.tensor([60, 30, 9, 1]) / folds).abs().max() <= 1


def test_without_classes_the_parts_are_random():
    _, val, _ = split(100, None, 0, {"val_fraction": 0.2, "test_fraction": 0.0})
    assert len(val) == 20
    assert val.diff().max() > 5


def test_a_test_part_is_apart_from_training_and_validation():
    data = create_data("iris", val_fraction=0.2, test_fraction=0.2)
    assert [len(part.x) for part in (*data.raw, data.raw_test)] == [90, 30, 30]
    assert "30 more for validation, 30 for a test" in str(data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val_fraction": 0.6, "test_fraction": 0.4}, "must be less than 1 together"),
        ({"test_fraction": 0.001}, r"data\.test_fraction=0\.001 of 150 points leaves a part empty"),
        ({"folds": 1}, r"data\.folds must be a whole number of at least 2"),
        ({"folds": 5, "fold": 5}, r"data\.fold must be a whole number from 0 to 4"),
        ({"folds": 151}, r"data\.folds=151 is more than the 150 points"),
    ],
)
def test_impossible_parts(options, message):
    with pytest.raises(InputError, match=message):
        _ = create_data("iris", **options).raw
