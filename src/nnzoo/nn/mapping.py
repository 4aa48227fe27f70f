"""Functions that ``torch.func.vmap`` cannot look into, made such that it can map them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def mapped(single: Callable[..., Any], *inputs: Any, many: Callable[..., Any] | None = None) -> Any:
    """What a function gives; under ``vmap``, what another one gives for all members.

    Args:
        single: of the inputs, to one tensor or a tuple of them, without a gradient.
        inputs: tensors, and others, which all members have in common.
        many: the same with a leading dimension of members on each tensor and each result; None:
            ``single`` is called for one member after the other.
    """
    if not torch._C._are_functorch_transforms_active():  # the way through a Function takes 30 us
        with torch.no_grad():
            return single(*inputs)
    return _Mapped.apply(single, many, *inputs)  # type: ignore[no-untyped-call]


class _Mapped(torch.autograd.Function):
    @staticmethod
    def forward(single: Any, many: Any, *inputs: Any) -> Any:
        return single(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(*(output if isinstance(output, tuple) else (output,)))

    @staticmethod
    def vmap(info: Any, in_dims: Any, single: Any, many: Any, *inputs: Any) -> Any:
        members = info.batch_size
        led = [
            _led(value, dim, members) if isinstance(value, Tensor) else value
            for value, dim in zip(inputs, in_dims[2:], strict=True)
        ]
        if many is not None:
            found = many(*led)
        else:
            each = [
                single(*(v[i] if isinstance(v, Tensor) else v for v in led)) for i in range(members)
            ]
            if not isinstance(each[0], tuple):
                return torch.stack(each), 0
            found = tuple(map(torch.stack, zip(*each, strict=True)))
        return found, (0,) * len(found) if isinstance(found, tuple) else 0


def _led(value: Tensor, dim: int | None, members: int) -> Tensor:
    """A tensor with the members in front."""
    return value.expand(members, *value.shape) if dim is None else value.movedim(dim, 0)
