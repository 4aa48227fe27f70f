"""How many models fit into memory at once."""

import os
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nnzoo.engine.population import MEASURED_AT_ONCE
from nnzoo.models.training.least_squares import squares_bytes, uses_squares
from nnzoo.models.training.steps import step_generator
from nnzoo.runs.job import Job

MAX_MEMBERS = 256
"""Maximum number of members that train together; more are not faster."""

MAX_SHARE = 0.5
"""Maximum share of the free memory that members use."""


def max_members(job: Job, device: torch.device, processes: int) -> int:
    """Return how many jobs like this one can train at once in each of several processes."""
    model, data = job.model, job.data
    part, n = data.train.like(model.prototype), data.batch_points()
    batch = part.map(lambda values: values[:n])
    with _Results() as results:
        model.loss(batch, model.sample_noise(batch, step_generator(0, 0)))
    points = sum(values.nbytes for values in part if values is not None)
    weights = sum(parameter.nbytes for parameter in model.parameters())
    # Weights, gradients, two averages, best and last weights; the outputs for a batch and their
    # gradients; the points and shuffled copies. Measuring keeps the outputs for all points of the
    # members that are measured at once.
    need = 8 * weights + 2 * results.nbytes + 4 * points
    if uses_squares(model):
        need += squares_bytes(model, part)
    measured = results.nbytes * len(part.x) / n
    free = free_memory(device) * MAX_SHARE / processes
    fitting = max((free - MEASURED_AT_ONCE * measured) / need, free / (need + measured))
    return max(1, min(MAX_MEMBERS, int(fitting)))


def free_memory(device: torch.device) -> int:
    """Return the free bytes on a device; on a CPU, no more than SLURM gives the job."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):  # not available on every system
        free = 4 * 2**30
    given = int(os.environ.get("SLURM_MEM_PER_NODE", "0")) * 2**20
    return min(free, given) if given else free


class _Results(TorchDispatchMode):
    """Counts the bytes of the results of torch's operations, views excluded.

    Hooks on the tensors saved for gradients do not work where a loss contains a gradient.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.nbytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            self.nbytes += sum(getattr(value, "nbytes", 0) for value in tree_leaves(result))
        return result
