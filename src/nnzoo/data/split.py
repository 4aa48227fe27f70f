"""Stratified split of a data set into training, validation and test parts."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nnzoo.errors import InputError


def split(
    n: int,
    labels: Tensor | None,
    seed: int,
    fractions: Mapping[str, float],
    folds: int | None = None,
    fold: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sorted indices of the training, validation and test parts.

    They depend only on the seed. Every class has its share in all parts. Except with folds, each
    class has at least one training point.

    Args:
        n: number of points.
        labels: (n,) class indices; None without classes.
        seed: seed of the random order of the points.
        fractions: ``val_fraction`` and ``test_fraction`` of the points.
        folds: number of folds of a cross-validation, instead of ``val_fraction``; None: none.
        fold: index of the fold that is the validation part, from 0.

    Raises:
        InputError: if a part would be empty.
    """
    labels = torch.zeros(n, dtype=torch.int64) if labels is None else labels
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    order = order[_ranks(labels[order]).argsort(stable=True)]
    counts = {"val_fraction": 0}
    for option, fraction in fractions.items():
        counts[option] = count = round(n * fraction)
        if fraction > 0 and not 0 < count < n:
            raise InputError(f"data.{option}={fraction} of {n} points leaves a part empty")
    test, rest = order[: counts["test_fraction"]], order[counts["test_fraction"] :]
    val, train = rest[: counts["val_fraction"]], rest[counts["val_fraction"] :]
    if folds is not None:
        by_class = rest[labels[rest].argsort(stable=True)]
        in_fold = torch.arange(len(rest)) % folds == fold
        val, train = by_class[in_fold], by_class[~in_fold]
        if len(rest) < folds:
            raise InputError(f"data.folds={folds} is more than the {len(rest)} points")
    if not len(train):
        raise InputError(f"the validation and test parts leave none of {n} points for training")
    return train.sort().values, val.sort().values, test.sort().values


def _ranks(labels: Tensor) -> Tensor:
    """Return (points,): the share of its class that comes before each point; 1 for the last one.

    In points sorted by it, any stretch has the classes in their proportions, except the end, which
    holds the last point of each class.
    """
    ranks = torch.ones(len(labels), dtype=torch.float64)
    for label in labels.unique():
        index = (labels == label).nonzero().flatten()[:-1]
        ranks[index] = (torch.arange(len(index), dtype=torch.float64) + 0.5) / (len(index) + 1)
    return ranks


def split_in_time(
    n: int, fractions: Mapping[str, float], folds: int | None = None, fold: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of the parts as ``split`` does, but in order: the validation part follows
    the training part, the test part comes last, and folds are stretches of time."""
    counts = {"val_fraction": 0} | {name: round(n * share) for name, share in fractions.items()}
    for option, fraction in fractions.items():
        if fraction > 0 and not 0 < counts[option] < n:
            raise InputError(f"data.{option}={fraction} of {n} points leaves a part empty")
    rest, test = torch.arange(n).tensor_split([n - counts["test_fraction"]])
    train, val = rest.tensor_split([max(len(rest) - counts["val_fraction"], 0)])
    if folds is not None:
        stretches = list(rest.tensor_split(folds))
        val = stretches.pop(fold)
        train = torch.cat(stretches)
        if len(rest) < folds:
            raise InputError(f"data.folds={folds} is more than the {len(rest)} points")
    if not len(train):
        raise InputError(f"the validation and test parts leave none of {n} points for training")
    return train, val, test
