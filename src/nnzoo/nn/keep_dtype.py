"""Modules that keep the dtype of their tensors."""

from collections.abc import Callable
from typing import Any, Self

from torch import Tensor, nn


class KeepsDtype(nn.Module):
    """A module of which some tensors keep their dtype when it is converted to another one.

    Attributes:
        exact: names of these parameters and buffers; None: all.
    """

    exact: tuple[str, ...] | None = None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        kept: Any = None if self.exact is None else [getattr(self, name) for name in self.exact]

        def change(value: Tensor) -> Tensor:
            changed = fn(value)
            keeps = kept is None or any(value is own for own in kept)
            return value.to(changed.device) if keeps else changed

        super()._apply(change, recurse)  # type: ignore[no-untyped-call]
        return self
