"""The entries of the catalogue: YAML files in the folders of nnzoo and of the user."""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError, check_choice, message
from nnzoo.overrides import literal

VARIABLE = "NNZOO_CONF"
"""Environment variable: folders of the user's entries, separated as those of ``PATH``."""

ENTRY_POINTS = "nnzoo.models"
"""Group of the entry points of packages that hold entries in a folder ``conf``."""

_typed: list[Path] = []
"""Folders of ``--config-dir``."""


@cache
def conf_dir() -> Path:
    """Return the folder of configs: in the package in a wheel, beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parents[1] / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no folder 'conf' with a train.yaml in {package} or above it")


@contextmanager
def own_entries(folders: Sequence[Path]) -> Iterator[None]:
    """Add the folders of ``--config-dir`` to the catalogue in a block."""
    _typed[:] = folders
    try:
        yield
    finally:
        _typed.clear()


def own_folders() -> list[Path]:
    """Return the user's folders: those of ``own_entries``, of the environment variable
    ``NNZOO_CONF``, and of the entry points ``nnzoo.models`` of installed packages.

    Modules beside the first two kinds of folders, and packages that hold them, become importable.

    Raises:
        InputError: if there is no such folder.
    """
    named = [Path(text).expanduser().absolute() for text in _variable()]
    for folder in named:
        if not folder.is_dir():
            raise InputError(f"{VARIABLE}: there is no folder {folder}")
    for folder in (*_typed, *named):
        if (place := str(_beside(folder))) not in sys.path:
            sys.path.append(place)
    unique = {conf_dir().resolve(): conf_dir()}
    for folder in (*_typed, *named, *_installed(tuple(sys.path))):
        unique.setdefault(folder.resolve(), folder)
    return list(unique.values())[1:]


def typed_folders() -> list[Path]:
    """Return the folders of ``own_entries``, which each command must name again."""
    return list(_typed)


def _beside(folder: Path) -> Path:
    """Return the folder of the modules beside a folder, or of the package that holds it."""
    place = folder.parent
    while (place / "__init__.py").is_file():
        place = place.parent
    return place


def _variable() -> list[str]:
    return [text for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]


@cache
def _installed(path: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the folders of entry points; ``path`` is ``sys.path``, in which they are found."""
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.value, point.name))
    return tuple(dict.fromkeys(map(_folder, points)))


def _folder(point: EntryPoint) -> Path:
    """Return the folder of an entry point; its package is found and not imported."""
    root, *inner = point.value.split(".")
    try:
        spec = find_spec(root)
    except (ImportError, ValueError):
        spec = None
    places = (spec and spec.submodule_search_locations) or ()
    for place in places:
        if (folder := Path(place, *inner, "conf")).is_dir():
            return folder
    owner = "" if point.dist is None else f" of {point.dist.name}"
    raise InputError(
        f"the entry point {point.name}{owner} names {point.value!r}, which is not a package with a "
        f"folder conf; its value in the group {ENTRY_POINTS} must be that package"
    )


def search_path() -> list[str]:
    """Return the override that makes Hydra search the user's folders; none if there are none."""
    places = ",".join(literal(f"file://{folder}") for folder in own_folders())
    return [f"hydra.searchpath=[{places}]"] if places else []


def title_of(group: str, name: str) -> str:
    """Return an entry in words: the comment ``# title: WORDS`` of its file, otherwise its name with
    spaces."""
    file = config_file(group, name)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    match = re.search(r"^# title: (.*)", text, re.M)
    return match[1] if match else name.replace("_", " ")


def entries(group: str) -> list[str]:
    """Return the names of the entries of a Hydra group, sorted."""
    folders = (conf_dir(), *own_folders())
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def config_file(group: str, name: str) -> Path:
    """Return the YAML file of an entry; nnzoo's own entries come first, as in Hydra."""
    return _files(group, name)[0]


def clash(group: str, name: str) -> str | None:
    """Return a note if an entry of the user has the name of one of nnzoo's own.

    Raises:
        InputError: if several of the user's folders have an entry of this name.
    """
    first, *others = _files(group, name)
    if not others:
        return None
    if first.is_relative_to(conf_dir()):
        return f"{group}={name} is nnzoo's own; rename {others[0]} to use it"
    raise InputError(f"{group}={name} is in {first} and in {others[0]}; rename one of them")


def _files(group: str, name: str) -> list[Path]:
    files = [folder / group / f"{name}.yaml" for folder in (conf_dir(), *own_folders())]
    return [file for file in files if file.is_file()] or files[:1]


def read_entry(group: str, name: str, part: str | None = None) -> dict[str, Any]:
    """Return the node of an entry of the group model or data, merged over the entries that its
    defaults name; ``part`` is another node that a model's entry sets, such as data.

    Raises:
        InputError: if the name is unknown, or the file is not YAML with keys.
    """
    check_choice(group, name, entries(group))
    file = read_file(config_file(group, name))
    defaults = file.pop("defaults")
    node: dict[str, Any] = {}
    for default in defaults:
        if isinstance(default, str) and default != "_self_":
            node = merge(node, read_entry(group, default, part))
    is_node = group != "model" or "_target_" in file
    if part is not None:
        return merge(node, file.get(part, {}))
    return merge(node, file.get(group, file if is_node else {}))


def read_file(path: Path) -> dict[str, Any]:
    """Return the content of an entry, with its list of defaults.

    Raises:
        InputError: if it is not YAML with keys.
    """
    if path.is_relative_to(conf_dir()):  # every load of a model reads all entries of models
        return deepcopy(_own(path, path.stat().st_mtime_ns))
    return _parsed(path)


@cache
def _own(path: Path, mtime: int) -> dict[str, Any]:
    """Return ``_parsed`` of an entry of nnzoo's own, once for each time of its last change."""
    return _parsed(path)


def _parsed(path: Path) -> dict[str, Any]:
    from omegaconf import OmegaConf

    try:
        file: Any = OmegaConf.to_container(OmegaConf.load(path))
        return {**file, "defaults": list(file.get("defaults", []))}
    except Exception as error:  # OmegaConf and its YAML parser raise many kinds
        raise InputError(f"{path} cannot be read as an entry: {message(error)}") from error


def merge(entry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with options; a mapping is merged with the entry's."""
    merged = dict(entry)
    for key, value in options.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def targets(group: str) -> list[str]:
    """Return each ``_target_`` in the entries of a group."""
    return [str(path) for name in entries(group) for path in _targets(read_entry(group, name))]


def _targets(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        for item in node.values():
            yield from _targets(item)
