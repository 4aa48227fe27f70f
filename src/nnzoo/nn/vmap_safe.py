"""Support ``torch.func.vmap`` for functions that it cannot trace."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def vmap_safe(
    single: Callable[..., Any], *inputs: Any, batched: Callable[..., Any] | None = None
) -> Any:
    """Call a function without gradients; also works under ``torch.func.vmap``.

    Args:
        single: maps the inputs to one tensor or a tuple of tensors.
        inputs: tensors and other values; all members share the other values.
        batched: the same function with a leading member dimension on each tensor and each result;
            None: under vmap, call ``single`` once per member and stack the results.
    """
    # The autograd Function below costs about 30 us per call, so use it only under vmap.
    if not torch._C._are_functorch_transforms_active():
        with torch.no_grad():
            return single(*inputs)
    return _VmapSafe.apply(single, batched, *inputs)  # type: ignore[no-untyped-call]


class _VmapSafe(torch.autograd.Function):
    @staticmethod
    def forward(single: Any, batched: Any, *inputs: Any) -> Any:
        return single(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(*(output if isinstance(output, tuple) else (output,)))

    @staticmethod
    def vmap(info: Any, in_dims: Any, single: Any, batched: Any, *inputs: Any) -> Any:
        members, values = info.batch_size, list(inputs)
        for i, (value, dim) in enumerate(zip(inputs, in_dims[2:], strict=True)):
            if isinstance(value, Tensor):
                members_first = value[None] if dim is None else value.movedim(dim, 0)
                values[i] = members_first.expand(members, *members_first.shape[1:])
        if batched is not None:
            output = batched(*values)
        else:
            columns = [v if isinstance(v, Tensor) else [v] * members for v in values]
            outputs = list(map(single, *columns))
            if isinstance(outputs[0], tuple):
                output = tuple(map(torch.stack, zip(*outputs, strict=True)))
            else:
                output = torch.stack(outputs)
        return output, (0,) * len(output) if isinstance(output, tuple) else 0
