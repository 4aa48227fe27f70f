"""Layout of the outputs of many members: units before points."""

from typing import Any

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
    label_smoothing: float = 0.0,
    **options: Any,
) -> Tensor:
    if input.ndim != 2 or target.ndim != 1 or label_smoothing != 0:
        return F.cross_entropy(input, target, label_smoothing=label_smoothing, **options)
    return F.nll_loss(F.log_softmax(input.T, 0).T, target, **options)


REPLACED = {F.linear: _linear, F.cross_entropy: _cross_entropy}
"""Functions of torch that the mode computes in its own way."""
