"""Serving tensors in memory: slices, in an order that depends on the seed and the epoch alone."""

from collections.abc import Iterator

import torch
from torch import Tensor

from nnzoo.batch import Batch, Block
from nnzoo.nn.scaling import Scaling

GATHERED = 2**20
"""The most numbers that are brought into order at once, where a batch has fewer."""


class Order:
    """The order of the points in each pass over the data.

    Lightning finds it as the loader's ``sampler`` and tells it the epoch.

    Args:
        points: number of points.
        seed: of the shuffling.
        shuffle: False keeps the order given.
        repeat: passes in an epoch.
        rank, world_size: this process's share: every world_size-th point.
    """

    def __init__(
        self,
        points: int,
        seed: int,
        shuffle: bool,
        repeat: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.points, self.seed, self.shuffle, self.repeat = points, seed, shuffle, repeat
        self.rank, self.world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order is wanted."""
        self.epoch = epoch

    def indices(self, index: int) -> Tensor | None:
        """(points,) in the order of a pass of this epoch, or None for the order given."""
        order = None
        if self.shuffle:
            # One stream a pass: a prime step keeps those of neighbouring seeds apart.
            seed = self.seed + 1_000_003 * (self.epoch * self.repeat + index)
            generator = torch.Generator().manual_seed(seed % 2**63)
            order = torch.randperm(self.points, generator=generator)
        if self.world_size > 1:
            order = torch.arange(self.points) if order is None else order
            # Every process must have as many: the first points come again at the end.
            share = -(-self.points // self.world_size)
            order = order[torch.arange(share * self.world_size) % self.points]
            order = order[self.rank :: self.world_size]
        return order


class TensorLoader:
    """An iterable over mini-batches of tensors, or over blocks of mini-batches.

    Args:
        data: all points, on the device where they are wanted.
        batch_size: points in a batch; the last one of a pass may have fewer.
        order: of the points, and the number of passes in an epoch.
        block_size: mini-batches in a ``Block``; 1 gives plain ``Batch`` items.
        scaling: applied to ``x`` batch by batch, where the data are too large for a scaled copy.
    """

    batch_sampler = None  # Lightning asks a loader with a sampler for this too

    def __init__(
        self,
        data: Batch,
        batch_size: int,
        order: Order,
        block_size: int = 1,
        scaling: Scaling | None = None,
    ) -> None:
        self.data, self.batch_size, self.sampler = data, batch_size, order
        self.block_size, self.scaling = block_size, scaling
        self.repeat = order.repeat
        share = -(-order.points // order.world_size)
        self.steps_per_pass = -(-share // batch_size)

    def __len__(self) -> int:
        return -(-self.steps_per_pass * self.repeat // self.block_size)

    def __iter__(self) -> Iterator[Batch | Block]:
        if self.block_size == 1:
            yield from self._batches()
            return
        block = Block()
        for batch in self._batches():
            block.append(batch)
            if len(block) == self.block_size:
                yield block
                block = Block()
        if block:
            yield block

    def _batches(self) -> Iterator[Batch]:
        # Bringing a whole pass into order at once is fastest, and doubles the memory.
        batches = max(1, GATHERED // (self.batch_size * self.data.x.shape[1]))
        for index in range(self.repeat):
            order = self.sampler.indices(index)
            if order is None:
                yield from self._split(self.data)
                continue
            for part in order.to(self.data.x.device).split(self.batch_size * batches):
                y = None if self.data.y is None else self.data.y.index_select(0, part)
                yield from self._split(Batch(self.data.x.index_select(0, part), y))

    def _split(self, data: Batch) -> Iterator[Batch]:
        for batch in data.split(self.batch_size):
            yield batch if self.scaling is None else Batch(self.scaling(batch.x), batch.y)
