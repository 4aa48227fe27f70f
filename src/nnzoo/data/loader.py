"""Mini-batches of tensors in memory, in an order that depends only on seed and epoch."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import SequentialSampler

from nnzoo.batch import Batch
from nnzoo.nn.scaling import Scaling

MAX_HASHED = 2**16
"""Larger data sets are ordered by a torch generator, which needs less memory than sorting."""

MAX_GATHERED = 2**20
"""Maximum number of values that are gathered at once, unless a batch has more."""


def epoch_orders(points: int, seeds: Sequence[int], epochs: Sequence[int]) -> Tensor:
    """Return a random order of the points for each seed and epoch: (seeds, epochs, points)."""
    if points > MAX_HASHED:
        mixed = [(seed + 1_000_003 * epoch) % 2**63 for seed, epoch in product(seeds, epochs)]
        generator = torch.Generator()
        orders = [torch.randperm(points, generator=generator.manual_seed(one)) for one in mixed]
        return torch.stack(orders).reshape(len(seeds), len(epochs), points)
    # Sort by a hash of (seed, epoch, point): one call serves all members and epochs.
    with np.errstate(over="ignore"):
        seed, epoch = (np.asarray(values, dtype=np.uint64) for values in (seeds, epochs))
        streams = _mix(_mix(seed[:, None]) + epoch)
        point = np.arange(points, dtype=np.uint64)
        keys = _mix(streams[..., None] + point * np.uint64(0x9E3779B97F4A7C15))
    return torch.from_numpy(keys.argsort(-1))


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash integers by SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014, "Fast splittable
    pseudorandom number generators")."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class TensorLoader:
    """An iterable over the mini-batches of an epoch.

    If it shuffles, it is its own ``sampler``: Lightning sets the number of the epoch there.

    Args:
        data: all points, on the device of the training.
        batch_size: points per batch and process; the last one of an epoch may have fewer.
        seed: seed of the order; None: the given order.
        scaling: applied to ``x`` batch by batch, if the data are too large for a scaled copy.
        rank, world_size: this process gets every world_size-th point, from rank on, of each
            ``world_size * batch_size`` points; at the end of an epoch it may get none.
        check: called before points are read; may raise.
    """

    batch_sampler = None  # Lightning reads this from a loader that has a sampler

    def __init__(
        self,
        data: Batch,
        batch_size: int,
        seed: int | None,
        scaling: Scaling | None = None,
        rank: int = 0,
        world_size: int = 1,
        check: Callable[[], object] | None = None,
    ) -> None:
        self.check = check
        self.data, self.batch_size, self.seed, self.scaling = data, batch_size, seed, scaling
        self.rank, self.world_size, self.epoch = rank, world_size, 0

    @property
    def sampler(self) -> "TensorLoader | SequentialSampler":
        return SequentialSampler(self.data.x) if self.seed is None else self

    @property
    def dataset(self) -> Tensor:
        """All points, whose number Lightning's ``scale_batch_size`` does not exceed."""
        return self.data.x

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order the next iteration follows."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.data.x) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[Batch]:
        for part in self._ordered():
            for batch in part.split(self.batch_size):
                yield batch if self.scaling is None else batch._replace(x=self.scaling(batch.x))

    def _ordered(self) -> Iterator[Batch]:
        """Yield the points of the epoch in order, a whole number of batches at a time."""
        points, each = len(self.data.x), self.data.x[:1].numel()
        if self.seed is None and self.world_size == 1:
            yield self.data
            return
        order = torch.arange(points)
        if self.seed is not None:
            order = epoch_orders(points, [self.seed], [self.epoch])[0, 0]
        batches = 1  # of several processes
        if self.world_size == 1:
            batches = max(1, MAX_GATHERED // (self.batch_size * each))
        order = order.to(self.data.x.device)
        for part in order.split(self.batch_size * self.world_size * batches):
            if self.check is not None:
                self.check()
            own = part[self.rank :: self.world_size]
            yield self.data.map(partial(torch.index_select, dim=0, index=own))


def loader_for(
    trainer: Any,
    data: Batch,
    check: Callable[[], object],
    batch_size: int | None = None,
    seed: int | None = None,
    scaling: Scaling | None = None,
) -> TensorLoader:
    """Return a loader on the device of a Trainer, divided among its processes.

    Args:
        trainer: Lightning's Trainer; None: the CPU, in one process.
        batch_size: points per batch and process; None: all points in one batch.
        data, check, seed, scaling: see ``TensorLoader``.
    """
    device, rank, world_size = torch.device("cpu"), 0, 1
    if trainer is not None:
        device, rank = trainer.strategy.root_device, trainer.global_rank
        world_size = trainer.world_size
    if scaling is not None:
        scaling = copy.deepcopy(scaling).to(device)
    size = batch_size or -(-len(data.x) // world_size)
    return TensorLoader(data.to(device), size, seed, scaling, rank, world_size, check)
