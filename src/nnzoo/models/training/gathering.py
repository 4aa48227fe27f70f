"""Gathering of batches, so that each of several processes takes the step of all their points.

The step is then that of a single process, also for a loss that is a sum or depends on the order.
"""

from functools import partial
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed
from torch.utils.data import DistributedSampler

from nnzoo.batch import Batch


def take_same_steps(trainer: Any) -> None:
    """Keep DDP from averaging gradients: they are equal, and it rejects models without any."""
    if isinstance(trainer.strategy, DDPStrategy):
        trainer.strategy.configure_ddp = lambda: None  # type: ignore[method-assign]


def share_state(module: torch.nn.Module) -> None:
    """Copy parameters and buffers from the first process to all others."""
    for value in (*module.parameters(), *module.buffers()):
        distributed.broadcast(value.detach(), 0)


def gather(batch: Batch, number: int, trainer: Any, loader: Any) -> Batch:
    """Return the points of all processes' batches, in the order of a single process.

    The loader must assign points to the processes in turn, as torch's ``DistributedSampler`` does.
    The sampler repeats points so that all processes get equally many; the repeats are left out.

    Args:
        batch: this process's batch; it may be empty.
        number: index of the batch in the epoch.
        trainer: Lightning's Trainer.
        loader: the DataLoader of the batch.
    """
    if trainer.world_size == 1:
        return batch
    own = torch.tensor([len(batch.x)], device=batch.x.device)
    counts = torch.cat(_all_gather(own)).cpu()
    exists = torch.arange(int(counts.max()))[:, None] < counts  # (rows of a process, processes)
    batch = batch.map(partial(_interleave, exists=exists))
    sampler = getattr(loader, "sampler", None)
    if isinstance(sampler, DistributedSampler) and loader.batch_size is not None:
        before = number * loader.batch_size * sampler.num_replicas
        remaining = len(sampler.dataset) - before  # type: ignore[arg-type]
        batch = batch.map(lambda values: values[:remaining])
    return batch


def _interleave(own: Tensor, exists: Tensor) -> Tensor:
    """Return the rows of all processes, one of each in turn; ``exists`` masks padding."""
    padded = own.new_zeros(len(exists), *own.shape[1:])
    padded[: len(own)] = own
    return torch.stack(_all_gather(padded), 1).flatten(0, 1)[exists.flatten().to(own.device)]


def _all_gather(own: Tensor) -> list[Tensor]:
    found = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(found, own)
    return found
