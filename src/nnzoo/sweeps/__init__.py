"""Sweeps: many jobs, which train together if their models differ only in numbers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnzoo.sweeps.many import Fitted, fit_many

__all__ = ["Fitted", "fit_many"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # imports Lightning, which composing configs does not need
        from nnzoo.sweeps import many

        return getattr(many, name)
    raise AttributeError(f"module 'nnzoo.sweeps' has no attribute {name!r}")
