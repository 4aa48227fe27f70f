"""What models with a competitive layer share: where its weights start, and how its rates fall."""

from itertools import islice
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import as_batch
from nnzoo.errors import InputError, number

START_BATCHES = 1000
"""The most batches of a DataLoader that a start is drawn from."""

START_POINTS = 2**16
"""The most points of a data module that a start is drawn from."""


class Rates:
    """A learning rate that falls exponentially, and a conscience that goes.

    At the share t of the training they are ``lr (lr_end / lr)^t`` and
    ``max(0, 1 - t / conscience_until)``.

    Args:
        lr: learning rate at the start.
        lr_end: learning rate at the end; None: as at the start.
        conscience_until: share of the training after which the conscience is gone.

    Raises:
        InputError: if one of them is not above 0 and at most 1.
    """

    def __init__(self, lr: float, lr_end: float | None, conscience_until: float) -> None:
        self.lr = number("model.lr", lr, above=0, high=1)
        self.lr_end = self.lr if lr_end is None else number("model.lr_end", lr_end, above=0, high=1)
        self.conscience_until = number("model.conscience_until", conscience_until, above=0, high=1)

    def at(
        self, start: float, length: float, n: int, end: float | None = None
    ) -> tuple[Tensor, Tensor]:
        """Learning rate and strength of the conscience, (n,) each, for n points in order.

        Args:
            start: share of the training that was done before the first of them; before 0 and after
                1 rates are as there.
            length: share of the training that all of them are.
            n: number of points.
            end: learning rate at the end, at most ``lr``, in place of ``lr_end``.
        """
        lr_end = self.lr_end if end is None else torch.as_tensor(self.lr).clamp(max=end)
        last = start + length * (n - 1) / max(n, 1)
        done = torch.linspace(start, last, n, dtype=torch.float64).clamp(0, 1)
        lr = self.lr * (lr_end / self.lr) ** done
        return lr, (1 - done / self.conscience_until).clamp(min=0)


def training_points(trainer: Any) -> Tensor:
    """(points, features): the inputs trained on, scaled; of an ordinary loader those of its first
    ``START_BATCHES`` batches."""
    data = getattr(trainer, "datamodule", None)
    if data is not None and hasattr(data, "raw"):
        return points_of(data)
    trainer.fit_loop.setup_data()
    return torch.cat([as_batch(b).x for b in islice(trainer.train_dataloader, START_BATCHES)])


def points_of(data: Any) -> Tensor:
    """(points, features): the inputs of a data module's training part, scaled; of more than
    ``START_POINTS`` so many random ones."""
    x = data.raw[0].x
    if len(x) <= START_POINTS:
        return data.train.x
    x = x.index_select(0, torch.randperm(len(x))[:START_POINTS])
    return x if data.scaling.is_identity else data.scaling(x)


def require_points(option: str, units: int, n: int) -> None:
    """Raise an InputError if a layer has more units than there are training points."""
    if units > n:
        raise InputError(
            f"{option} is {units} but there are only {n} training points; "
            "a unit with no point of its own learns nothing"
        )
