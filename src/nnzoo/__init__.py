"""The classical neural networks as PyTorch Lightning models that Hydra composes with data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name -> module. Heavy modules are imported when a name is used: Lightning takes seconds.
_LAZY = {
    "InputError": "nnzoo.errors",
    "conf_dir": "nnzoo.catalogue",
    "create_data": "nnzoo.catalogue",
    "create_model": "nnzoo.catalogue",
    "list_data": "nnzoo.catalogue",
    "list_models": "nnzoo.catalogue",
    "load_model": "nnzoo.runs.checkpoint",
}

if TYPE_CHECKING:
    from nnzoo.catalogue import (
        conf_dir,
        create_data,
        create_model,
        list_data,
        list_models,
    )
    from nnzoo.errors import InputError
    from nnzoo.runs.checkpoint import load_model

__all__ = [
    "InputError",
    "conf_dir",
    "create_data",
    "create_model",
    "list_data",
    "list_models",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'nnzoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
