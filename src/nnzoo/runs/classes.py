"""The class of a model that a file names."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnzoo.catalogue import check_model, imported, is_allowed
from nnzoo.entries import VARIABLE, targets
from nnzoo.errors import InputError
from nnzoo.models import Model

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def model_class(names: Mapping[str, Any], file: Path, allow: Sequence[str] = ()) -> type[Any]:
    """Return a class of the catalogue, one that is imported already, or one of an allowed package.

    Args:
        names: ``class`` and ``module`` of the class, from a file; nothing else of it is imported.
        file: the file, for messages.
        allow: packages and modules that may be imported.

    Raises:
        InputError: if there is no such class, or it may not be imported.
    """
    name, module = names["class"], names.get("module")
    if not isinstance(module, str) or not DOTTED.fullmatch(f"{module}.{name}"):
        module = "__main__"
    paths = dict.fromkeys(targets("model"))
    named = [path for path in paths if path.rpartition(".")[2] == name and _is_of(path, module)]
    if named:
        found = [_imported(path) for path in named]
        return next((kind for kind in found if kind.__module__ == module), found[0])
    kinds: list[type[Any]] = Model.__subclasses__()
    for kind in kinds:  # the list grows in the loop
        kinds += kind.__subclasses__()
    for kind in reversed(kinds):  # the latest definition
        if kind.__name__ == name and _is_of(kind.__module__, module):
            return kind
    if is_allowed(f"{module}.{name}", allow):
        return _imported(f"{module}.{name}")
    package = "PACKAGE" if module == "__main__" else module.partition(".")[0]
    raise InputError(
        f"{file} holds a model of the class {name}, which is not in the catalogue: allow its "
        f"package, allow=[{package}], or add the folder of its entry by --config-dir DIR or "
        f"{VARIABLE}; in Python, import the class first"
    )


def _imported(path: str) -> type[Any]:
    kind = imported(path, "model")
    check_model(kind)
    return kind


def _is_of(path: str, module: str) -> bool:
    """Return whether a class may be that of a module: both are in one package. The classes of a
    script have no package."""
    return module == "__main__" or path.partition(".")[0] in (module.partition(".")[0], "__main__")
