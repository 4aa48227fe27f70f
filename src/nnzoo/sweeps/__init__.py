"""Many runs at once: those that differ in their numbers alone are trained as one model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnzoo.sweeps.many import Fitted, fit_many

__all__ = ["Fitted", "fit_many"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # which import Lightning, as composing configs need not
        from nnzoo.sweeps import many

        return getattr(many, name)
    raise AttributeError(f"module 'nnzoo.sweeps' has no attribute {name!r}")
