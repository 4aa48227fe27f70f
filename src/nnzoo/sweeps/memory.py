"""How many models fit into memory at once."""

import os

import torch

from nnzoo.batch import Batch
from nnzoo.sweeps.stack import MEASURED, Stack
from nnzoo.training.run import Run
from nnzoo.training.trainer import device_of

MOST = 256
"""Members that are trained at once: more would gain nothing, since they fill the processor."""
SHARE = 0.5
"""Of the free memory, what members may take."""


def fitting(run: Run, processes: int) -> int:
    """How many runs like this one are to be trained at once in each of several processes.

    Raises:
        Exception: whatever keeps the model from being mapped over members.
    """
    stack = Stack([run.model, run.model])
    x, y = run.data.train
    n = min(run.data.batch_size or len(x), len(x))
    saved = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal saved
        saved += tensor.numel() * tensor.element_size()
        return tensor

    batch = Batch(x[None, :n].expand(2, -1, -1), None if y is None else torch.stack([y[:n]] * 2))
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        if stack.alone:
            state = stack.state()
            stack.gradients(batch, [state[name].detach() for name in stack.columns.shapes])
        else:
            stack.each("begin_pass")
            stack.each("update", batch)
    raw = run.data.raw[0]
    stack.measure("measured", Batch(raw.x[:n], None if raw.y is None else raw.y[:n]), shared=True)
    outputs = saved / 2  # of one member for a batch
    points = sum(value.numel() * value.element_size() for value in (x, y) if value is not None)
    # Weights, gradient, two averages, best and last; a batch's outputs and their gradients; the
    # points raw, scaled and in order. And the outputs for all points, of those measured at once.
    weights = 4 * (stack.whole.shape[1] + stack.rest.shape[1])
    need = 8 * weights + 2 * outputs + 4 * points
    measured = outputs * len(x) / n
    free = free_memory(run) * SHARE / processes
    several = max((free - MEASURED * measured) / need, min(MEASURED, free / (need + measured)))
    return max(1, min(MOST, int(several)))


def free_memory(run: Run) -> int:
    """Bytes that are free on the device that a run is trained on."""
    device = device_of(run.config)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):  # not on every system
        return 4 * 2**30
