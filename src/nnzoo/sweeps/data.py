"""The data of many runs as one."""

from collections.abc import Iterator, Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.data import DataModule
from nnzoo.data.base import batches_in_block
from nnzoo.data.loader import Order, TensorLoader


class StackedData(pl.LightningDataModule):
    """The data of many runs, each in the order of its own seed.

    Args:
        parts: a data module a run; they may be the same one.
        seeds: of the runs.

    Attributes:
        shared: whether all runs have the same data module.
        present: the runs that are served, by their number.
    """

    def __init__(self, parts: Sequence[DataModule], seeds: Sequence[int]) -> None:
        super().__init__()
        self.parts = list(parts)
        self.shared = all(part is parts[0] for part in parts)
        self.present = list(range(len(parts)))
        self.orders = Orders(parts[0], seeds)
        self._kept: dict[str, tuple[list[int], Batch]] = {}

    @property
    def has_val(self) -> bool:
        """Whether there are validation parts."""
        return self.parts[0].val is not None

    def keep(self, positions: list[int]) -> None:
        """Go on with some of those present, by their place among them."""
        self.present = [self.present[position] for position in positions]

    def points(self, part: str) -> Batch:
        """``train``, ``raw`` (of it) or ``val`` of those present, on the Trainer's device:
        (runs present, points, ...), or (points, ...) where they are shared."""
        assert self.trainer is not None
        if part not in self._kept:
            chosen = self.parts[:1] if self.shared else self.parts
            batches = [data.raw[0] if part == "raw" else getattr(data, part) for data in chosen]
            batch = batches[0] if self.shared else _stack(batches)
            everyone = list(range(len(self.parts)))
            self._kept[part] = everyone, batch.to(self.trainer.strategy.root_device)
        held, batch = self._kept[part]
        if held != self.present and not self.shared:
            index = [held.index(number) for number in self.present]
            batch = Batch(batch.x[index], None if batch.y is None else batch.y[index])
            self._kept[part] = list(self.present), batch
        return batch

    def train_dataloader(self) -> "StackedLoader":
        """Mini-batches (runs present, points, ...) of the training parts, in blocks."""
        return StackedLoader(self)

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        return batch  # it is there already


class Orders:
    """The order of the points of each run, in place of the one ``Order`` of a single run.

    Args:
        data: a data module like that of each run.
        seeds: of the runs.
    """

    world_size = 1

    def __init__(self, data: DataModule, seeds: Sequence[int]) -> None:
        self.points, self.repeat = len(data.train.x), data.repeat
        self.each = [Order(self.points, seed, data.shuffle, data.repeat) for seed in seeds]

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose orders are wanted."""
        for order in self.each:
            order.set_epoch(epoch)

    def indices(self, index: int, runs: Sequence[int]) -> Tensor | None:
        """(runs, points) in the orders of a pass of this epoch, or None for the order given."""
        orders = [order for i in runs if (order := self.each[i].indices(index)) is not None]
        return torch.stack(orders) if orders else None


class StackedLoader(TensorLoader):
    """An iterable over blocks of mini-batches of many runs; see ``StackedData``."""

    def __init__(self, source: StackedData) -> None:
        first = source.parts[0]
        size = first.batch_size or len(first.train.x)
        numbers = len(source.parts) * size * first.n_features
        block_size = batches_in_block(numbers)
        super().__init__(first.train, size, source.orders, block_size)  # type: ignore[arg-type]
        self.source = source

    def _batches(self) -> Iterator[Batch]:
        source = self.source
        for index in range(self.repeat):
            x, y = source.points("train")
            order = source.orders.indices(index, source.present)
            if order is not None:
                order = order.to(x.device)
            served = Batch(self._served(x, order), None if y is None else self._served(y, order))
            yield from served.split(self.batch_size, 1)

    def _served(self, values: Tensor, order: Tensor | None) -> Tensor:
        """(runs present, points, ...) in order."""
        if self.source.shared:
            if order is not None:
                return values[order]
            return values.expand(len(self.source.present), *values.shape)
        if order is None:
            return values
        return values[torch.arange(len(values), device=values.device)[:, None], order]


def _stack(batches: Sequence[Batch]) -> Batch:
    y = None if batches[0].y is None else torch.stack([b.y for b in batches if b.y is not None])
    return Batch(torch.stack([batch.x for batch in batches]), y)
