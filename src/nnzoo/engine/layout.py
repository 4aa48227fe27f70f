"""Layout of the outputs of many members: units before points."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class UnitsFirst(TorchFunctionMode):
    """A mode in which layers compute their outputs as (units, points) and return the transpose.

    For few units and points, products of many small matrices, and softmax above all, are faster in
    this layout, and gradients of weights need no transpose. Results are equal up to rounding.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return REPLACED.get(func, func)(*args, **(kwargs or {}))


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002
    if input.ndim != 2 or weight.ndim != 2:
        return F.linear(input, weight, bias)
    output = weight @ input.T
    return (output if bias is None else output + bias[:, None]).T


def _cross_entropy(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    **old: Any,
) -> Tensor:
    if input.ndim != 2 or target.ndim != 1 or weight is not None or label_smoothing != 0:
        options = {"ignore_index": ignore_index, "reduction": reduction, **old}
        return F.cross_entropy(input, target, weight, label_smoothing=label_smoothing, **options)
    # In torch's loss, the gradient of the outputs has another layout and is copied.
    counts = target != ignore_index
    of_class = F.log_softmax(input.T, 0).gather(0, torch.where(counts, target, 0)[None])[0]
    losses = -torch.where(counts, of_class, 0)
    if reduction == "none":
        return losses
    return losses.sum() / (counts.sum() if reduction == "mean" else 1)


REPLACED = {F.linear: _linear, F.cross_entropy: _cross_entropy}
"""Functions of torch that the mode computes in its own way."""
