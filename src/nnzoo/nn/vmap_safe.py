"""Support ``torch.func.vmap`` for functions that it cannot trace."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor


def vmap_safe(function: Callable[..., Any], *inputs: Any, batched: bool = False) -> Any:
    """Call a function without gradients; also works under ``torch.func.vmap``.

    Args:
        function: maps the inputs to a tuple of tensors.
        inputs: tensors and other values; all members share the other values.
        batched: under vmap, call the function once, with a leading member dimension on each tensor
            and each result; otherwise call it once per member and stack the results.
    """
    # The autograd Function below costs about 30 us per call, so use it only under vmap.
    if not torch._C._are_functorch_transforms_active():
        with torch.no_grad():
            return function(*inputs)
    return _VmapSafe.apply(function, batched, *inputs)  # type: ignore[no-untyped-call]


class _VmapSafe(torch.autograd.Function):
    @staticmethod
    def forward(function: Any, batched: bool, *inputs: Any) -> Any:
        return function(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(*output)

    @staticmethod
    @torch.no_grad()  # torch does this only for ``forward``
    def vmap(info: Any, in_dims: Any, function: Any, batched: bool, *inputs: Any) -> Any:
        members, values = info.batch_size, list(inputs)
        for i, (value, dim) in enumerate(zip(inputs, in_dims[2:], strict=True)):
            if isinstance(value, Tensor):
                shared = dim is None
                values[i] = value.expand(members, *value.shape) if shared else value.movedim(dim, 0)
        call = partial(vmap_safe, function)  # this vmap may itself be within another one
        if batched:
            output = call(*values)
        else:
            columns = [v if isinstance(v, Tensor) else [v] * members for v in values]
            output = tuple(map(torch.stack, zip(*map(call, *columns), strict=True)))
        return output, (0,) * len(output)
