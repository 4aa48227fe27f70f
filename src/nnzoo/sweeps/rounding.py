"""Operations on many models at once, rounded as they are for a model by itself."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

A = torch.ops.aten

CURVED = frozenset(
    getattr(A, name).default
    for name in (
        *("elu", "elu_backward", "exp", "expm1", "log", "log1p", "mish", "mish_backward"),
        *("sigmoid", "silu", "silu_backward", "softplus", "softplus_backward", "tanh"),
    )
)
"""Operations that a processor's vectors reckon otherwise than single numbers."""

STRIDE = 32
"""Numbers of which any vector loop of torch takes a whole part at a time."""

NARROW = 4
"""Columns below which a product comes out alike either way round, and faster the first way."""


class AsAlone(TorchDispatchMode):
    """Within it, what is reckoned of many models on a CPU is rounded as of each model by itself.

    - Vector loops leave the end of a tensor to instructions for single numbers, whose exponential
      differs in the last bit: where a model's numbers do not fill vectors, models lie apart.
    - A layer by itself gets the gradient of its weight as ``G^T X``, the mapped one as
      ``(X^T G)^T``, which some libraries add up in another order.

    What remains are the products of the smallest batches, and of layers with a single unit.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        first = args[0] if args else None
        if isinstance(first, Tensor) and first.device.type == "cpu":
            if func is A.bmm.default:
                return _product(*args)
            if func in CURVED and first.ndim > 1 and first.shape[1:].numel() % STRIDE:
                apart = [_apart(a) if isinstance(a, Tensor) else a for a in args]
                return func(*apart, **(kwargs or {})).view(first.shape)
        return func(*args, **(kwargs or {}))


def _product(a: Tensor, b: Tensor) -> Any:
    """``a @ b``, by way of its transpose where ``a`` is one itself."""
    if a.stride(2) == a.shape[1] > 1 == a.stride(1) and a.shape[1] >= NARROW:
        return A.bmm.default(b.transpose(1, 2), a.transpose(1, 2)).transpose(1, 2)
    return A.bmm.default(a, b)


def _apart(values: Tensor) -> Any:
    """The same numbers, (models, numbers), with a gap after each model's."""
    return A.constant_pad_nd.default(values.flatten(1), (0, 1))[:, :-1]
