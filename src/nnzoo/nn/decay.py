"""Numbers that change over a training, such as learning rates."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.errors import check_choice

DECAYS = ("exponential", "inverse", "linear")


def progress_of(start: float, length: float, n: int, device: Any = None) -> Tensor:
    """Return the progress of a training at n points in order, (n,) in float64 from 0 to 1.

    Args:
        start: progress before the first point.
        length: share of the training that the n points cover.
    """
    last = start + length * (n - 1) / max(n, 1)
    return torch.linspace(start, last, n, dtype=torch.float64, device=device).clamp(0, 1)


def decayed(progress: Tensor, start: Tensor, end: Tensor, decay: str) -> Tensor:
    """Return values that change from ``start`` to ``end`` with the progress, from 0 to 1.

    ``exponential``: ``start (end / start)^t``; ``linear``: ``start + (end - start) t``;
    ``inverse``: ``start / (1 + (start / end - 1) t)``, which changes most at first.
    """
    check_choice("model.decay", decay, DECAYS)
    if decay == "linear":
        return start + (end - start) * progress
    if decay == "inverse":
        return start / (1 + (start / end - 1) * progress)
    return start * (end / start) ** progress


def rates(
    start: float,
    length: float,
    n: int,
    lr: float | Tensor,
    lr_end: float | Tensor,
    conscience_until: float | Tensor,
) -> tuple[Tensor, Tensor]:
    """Return learning rates (n,) and conscience strengths (n,) of n points in order, in float64.

    At progress t the learning rate is ``lr (lr_end / lr)^t`` and the strength of the conscience is
    ``max(0, 1 - t / conscience_until)``, or 0 if ``conscience_until`` is 0. Works under
    ``torch.func.vmap``.

    Args:
        start: progress of the training before the first point; progress is clamped to [0, 1].
        length: share of the training that the n points cover.
        lr, lr_end: learning rates at the start and at the end, floats or 0-d tensors, above 0.
        conscience_until: progress at which the conscience is off, a float or a 0-d tensor.
    """
    lr, lr_end, until = (
        torch.as_tensor(value, dtype=torch.float64) for value in (lr, lr_end, conscience_until)
    )
    progress = progress_of(start, length, n, lr.device)
    strength = torch.where(progress < until, 1 - progress / until, 0.0)
    return decayed(progress, lr, lr_end, "exponential"), strength
