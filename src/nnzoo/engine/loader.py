"""The data of a population: mini-batches with a leading dimension of members."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nnzoo.batch import SLICE, Batch
from nnzoo.data import DataModule
from nnzoo.data.loader import MAX_GATHERED, TensorLoader, epoch_orders

MAX_EPOCHS_AT_ONCE = 64
"""Maximum number of epochs whose points are shuffled at once."""


class PopulationLoader:
    """Mini-batches of the training parts, shuffled for each member by its own seed.

    Args:
        modules: a data module per member, which may be the same for all.
        seeds: seeds of the orders, one per member.
        like: a tensor with the dtype and device of the batches.
        in_slices: whether many points may be measured in slices.

    Attributes:
        shared: whether all members have the same data.
        sizes: numbers of points in the batches of an epoch.
    """

    def __init__(
        self, modules: Sequence[DataModule], seeds: Sequence[int], like: Tensor, in_slices: bool
    ) -> None:
        self.modules, self.seeds, self.like = list(modules), list(seeds), like
        self.in_slices = in_slices
        first = modules[0]
        self.shared = all(module is first for module in modules)
        self.shuffle, self.batch_size = first.shuffle, first.batch_points()
        self.points = len(first.raw[0].x)
        self.numbers = first.raw[0].x.numel()  # of the points
        self.sizes = [len(part) for part in torch.arange(self.points).split(self.batch_size)]
        self._kept: dict[str, Batch] = {}
        self._ordered: dict[int, Batch] = {}  # the next epochs' points

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the members at some positions."""
        self.modules = [self.modules[position] for position in positions]
        self.seeds = [self.seeds[position] for position in positions]
        if not self.shared:
            index = torch.tensor(positions, device=self.like.device)
            for name, batch in self._kept.items():
                self._kept[name] = batch.map(lambda values: values[index])
        self._ordered = {}

    def all_points(self, part: str) -> Batch:
        """Return ``train`` or ``val``: (points, ...) if shared, or (members, points, ...)."""
        if part not in self._kept:
            x, y = zip(*(getattr(data, part) for data in self.modules), strict=True)
            if self.shared:
                batch = Batch(x[0], y[0])
            else:
                batch = Batch(torch.stack(x), None if y[0] is None else torch.stack(y))
            self._kept[part] = batch.like(self.like)
        return self._kept[part]

    def slices(self, part: str) -> Iterator[Batch] | None:
        """Return the slices of a single member's part; None: it is measured whole."""
        data = self.modules[0]
        raw = data.raw[0 if part == "train" else 1]
        if len(self.modules) > 1 or raw is None or not self.in_slices or len(raw.x) <= SLICE:
            return None
        return (batch.like(self.like) for batch in data.scaled_slices(raw))

    def epoch(self, epoch: int, last: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, (members, points, ...) each.

        Args:
            epoch: number of the epoch.
            last: epoch of the next measurement; epochs before it may be shuffled at once.
        """
        for data in self.modules[:1] if self.shared else self.modules:
            data.check_source()
        if len(self.modules) == 1 and self.numbers > MAX_GATHERED:
            yield from self._one_by_one(epoch)
            return
        if self.shuffle:
            if epoch not in self._ordered:
                self._ordered = self._order(epoch, last)
            batch = self._ordered[epoch]
        else:
            batch = self.all_points("train")
            if self.shared:
                batch = batch.map(lambda values: values.expand(len(self.modules), *values.shape))
        if self.points <= self.batch_size:
            yield batch
        else:
            yield from batch.split(self.batch_size, 1)

    def _order(self, epoch: int, last: int) -> dict[int, Batch]:
        """Return the shuffled points of the next epochs, (members, points, ...) each."""
        numbers = len(self.modules) * self.numbers
        count = max(1, min(last - epoch, MAX_EPOCHS_AT_ONCE, MAX_GATHERED // numbers))
        epochs = range(epoch, epoch + count)
        points = self.all_points("train")
        alike = self.shared and len(set(self.seeds)) == 1  # such as candidates of a grid search
        seeds = self.seeds[:1] if alike else self.seeds
        order = epoch_orders(self.points, seeds, epochs).to(self.like.device)
        if self.shared:
            chosen, members = points.map(lambda values: values[order]), len(self.modules)
            x, y = chosen.map(lambda values: values.expand(members, *values.shape[1:]))
        else:
            member = torch.arange(len(order), device=order.device)[:, None, None]
            x, y = points.map(lambda values: values[member, order])
        ys = [None] * count if y is None else y.unbind(1)
        return dict(zip(epochs, map(Batch, x.unbind(1), ys), strict=True))

    def _one_by_one(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of a single member whose points are too many to shuffle at once."""
        data, scaling = self.modules[0].train_source
        seed = self.seeds[0] if self.shuffle else None
        loader = TensorLoader(
            data, self.batch_size, seed, scaling, check=self.modules[0].check_source
        )
        loader.set_epoch(epoch)
        for batch in loader:
            yield batch.like(self.like).map(lambda values: values[None])
