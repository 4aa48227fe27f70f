"""Batches of several processes that train one model: each takes the step of all points.

So a step is that of a single process, whatever the loss is: a sum or a mean, of rows in an order.
"""

from functools import partial
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed
from torch.utils.data import DistributedSampler

from nnzoo.batch import Batch


def take_same_steps(trainer: Any) -> None:
    """Let DDP average no gradients: they are equal, and it refuses models that have none."""
    if isinstance(trainer.strategy, DDPStrategy):
        trainer.strategy.configure_ddp = lambda: None  # type: ignore[method-assign]


def share_state(module: torch.nn.Module) -> None:
    """Give parameters and buffers the values that they have in the first process."""
    for value in (*module.parameters(), *module.buffers()):
        distributed.broadcast(value.detach(), 0)


def gather(batch: Batch, number: int, trainer: Any, loader: Any) -> Batch:
    """Return the points of all processes, in the order in which they are dealt out.

    A loader deals one point to each process in turn, as torch's ``DistributedSampler`` does. That
    repeats points so that all processes get equally many; they are left out here.

    Args:
        batch: of this process; it may be empty.
        number: of the batch in the epoch.
        trainer: of Lightning.
        loader: that the batch is from.
    """
    if trainer.world_size == 1:
        return batch
    own = torch.tensor([len(batch.x)], device=batch.x.device)
    counts = torch.cat(_from_all(own)).cpu()
    places = torch.arange(int(counts.max()))[:, None]  # (places, processes) are dealt row by row
    batch = batch.map(partial(_dealt, is_dealt=places < counts))
    sampler = getattr(loader, "sampler", None)
    if isinstance(sampler, DistributedSampler) and loader.batch_size is not None:
        before = number * loader.batch_size * sampler.num_replicas
        left = len(sampler.dataset) - before  # type: ignore[arg-type]
        batch = batch.map(lambda values: values[:left])
    return batch


def _dealt(own: Tensor, is_dealt: Tensor) -> Tensor:
    """Return rows of all processes in order, from those of this one and a mask of which exist."""
    padded = own.new_zeros(len(is_dealt), *own.shape[1:])
    padded[: len(own)] = own
    return torch.stack(_from_all(padded), 1).flatten(0, 1)[is_dealt.flatten().to(own.device)]


def _from_all(own: Tensor) -> list[Tensor]:
    found = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(found, own)
    return found
