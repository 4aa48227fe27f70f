"""Untrusted files: no code in them runs, and none takes much more memory than its size."""

import pickletools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import torch
import yaml
from torch import Tensor

from nnzoo.errors import InputError, message

MAX_YAML = 2**22
"""Maximum size of a YAML file in bytes."""

MAX_DEPTH = 100
"""Maximum depth of nesting in a YAML file; the time to read it grows with its square."""

MAX_SHARED = 4
"""How often the bytes of a checkpoint may occur in its tensors, which may share memory."""

HARMLESS = re.compile(
    r"collections (OrderedDict|Counter)|__builtin__ set|torch (Size|device|\w+Storage)"
    r"|torch\._utils (_rebuild_tensor_v2|_rebuild_parameter)"
)
"""Globals that a checkpoint may name. torch allows more, such as ``bytearray(size)``."""


def read_yaml(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file without aliases, which could multiply its size.

    Raises:
        InputError: if it cannot be read, or is not such a file.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if file.stat().st_size > MAX_YAML:
            raise ValueError(f"it has more than {MAX_YAML} bytes")
        text = file.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it has an alias, such as *name")
        content = yaml.load(text, loader) or {}
        if not isinstance(content, dict):
            raise ValueError("it is not a mapping")
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{file} cannot be read: {message(error)}") from error
    return content


def read_torch(file: Path) -> Any:
    """Return what ``torch.save`` wrote, on the CPU, if it is plain containers and tensors.

    Raises:
        InputError: if the file is damaged, or its content is larger than the file.
        Exception: any kind, if it is not a file of ``torch.save``.
    """
    size = file.stat().st_size
    with ZipFile(file) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > size or any(
            entry.compress_type != ZIP_STORED for entry in entries
        ):
            raise _too_large(file)
        if (name := archive.testzip()) is not None:
            raise InputError(f"{file} is damaged: the checksum of {name} does not match")
        for entry in entries:
            if entry.filename.lower().endswith("data.pkl"):
                for code, argument, _ in pickletools.genops(archive.read(entry)):
                    if code.name == "GLOBAL" and not HARMLESS.fullmatch(str(argument)):
                        raise InputError(
                            f"{file} is not a checkpoint of an nnzoo model: it refers to {argument}"
                        )
    content = torch.load(file, map_location="cpu", weights_only=True)
    if is_larger(content, size):
        raise _too_large(file)
    return content


def is_larger(content: Any, size: int) -> bool:
    """Return whether containers and tensors, each counted as often as it occurs, are larger than a
    file of ``size`` bytes can hold; they may contain themselves."""
    items, numbers, waiting = 0, 0, [content]
    while waiting:
        value = waiting.pop()
        found: list[Any] = []
        if isinstance(value, Tensor):
            numbers += value.numel() * value.element_size()
        elif isinstance(value, Mapping):
            found = [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set):
            found = list(value)
        items += len(found)
        if items > size or numbers > MAX_SHARED * size:
            return True
        waiting += found
    return False


def _too_large(file: Path) -> InputError:
    return InputError(f"{file} is damaged: its content is larger than the file")
