"""The classical neural networks as PyTorch Lightning models that Hydra composes with data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name -> module. Nothing heavy is imported before it is asked for: Lightning costs seconds.
_LAZY = {
    "InputError": "nnzoo.errors",
    "conf_dir": "nnzoo.zoo",
    "create_data": "nnzoo.zoo",
    "create_model": "nnzoo.zoo",
    "list_data": "nnzoo.zoo",
    "list_models": "nnzoo.zoo",
    "load_model": "nnzoo.zoo",
}

if TYPE_CHECKING:
    from nnzoo.errors import InputError
    from nnzoo.zoo import (
        conf_dir,
        create_data,
        create_model,
        list_data,
        list_models,
        load_model,
    )

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
