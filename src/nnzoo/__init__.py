"""The classical neural networks as PyTorch Lightning models that Hydra composes with data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnzoo.catalogue import create_data, create_model, list_data, list_models
    from nnzoo.entries import conf_dir
    from nnzoo.errors import InputError
    from nnzoo.runs.checkpoint import load_model
    from nnzoo.runs.trained import Run, load_run, train

__version__ = "0.1.0"

__all__ = [
    "InputError",
    "Run",
    "conf_dir",
    "create_data",
    "create_model",
    "list_data",
    "list_models",
    "load_model",
    "load_run",
    "train",
]

# The modules of the names that are not in the catalogue.
_MODULES = {
    "InputError": "errors",
    "Run": "runs.trained",
    "conf_dir": "entries",
    "load_model": "runs.checkpoint",
    "load_run": "runs.trained",
    "train": "runs.trained",
}


_ROOMS = ("data", "export", "figures", "models", "nn", "report", "sklearn", "sweeps")


def __getattr__(name: str) -> Any:
    """Import a public name or package when it is used: importing Lightning takes seconds."""
    if name in _ROOMS:
        return import_module(f"nnzoo.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'nnzoo' has no attribute {name!r}")
    return getattr(import_module(f"nnzoo.{_MODULES.get(name, 'catalogue')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
