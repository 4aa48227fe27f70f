"""The catalogue in Python: list and create what the folder ``conf`` registers."""

import fnmatch
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.errors import InputError, check_choice, unknown
from nnzoo.overrides import options_meant

if TYPE_CHECKING:
    from omegaconf import DictConfig

_own: list[Path] = []
"""Folders of the user that add entries."""

FROM_DATA = ("in_features", "units", "task", "clusters", "output_activation")
"""Arguments of models that are taken from the data if they are null."""


def conf_dir() -> Path:
    """Return the folder of configs: in the package in a wheel, beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parents[1] / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no folder 'conf' with a train.yaml in {package} or above it")


@contextmanager
def own_entries(folders: Sequence[Path]) -> Iterator[None]:
    """Add the user's folders, such as those of ``--config-dir``, to the catalogue in a block."""
    _own[:] = folders
    try:
        yield
    finally:
        _own.clear()


def own_folders() -> list[Path]:
    """Return the folders that ``own_entries`` has added."""
    return list(_own)


def config_file(group: str, name: str) -> Path:
    """Return the YAML file of an entry; nnzoo's own entries come first, as in Hydra."""
    files = [folder / group / f"{name}.yaml" for folder in (conf_dir(), *_own)]
    return next((file for file in files if file.is_file()), files[0])


def hydra_base() -> dict[str, str]:
    """Return ``version_base`` for Hydra 1.3, which warns without it; 1.4 warns with it."""
    import hydra

    return {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}


def composed(overrides: list[str]) -> "DictConfig":
    """Return ``conf/train.yaml`` as the command line composes it, without the run's folder.

    Raises:
        HydraException: if an override is invalid.
    """
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf, open_dict

    with initialize_config_dir(str(conf_dir()), **hydra_base()):
        config = compose("train", overrides, return_hydra_config=True)
    with open_dict(config):
        choices = config.pop("hydra").runtime.choices
    for group in ("model", "data"):
        if OmegaConf.is_interpolation(config.run, group):  # of Hydra's, which is not set up
            config.run[group] = choices[group]
    return config


def entries(group: str) -> list[str]:
    """Return the names of the entries of a Hydra group, sorted."""
    folders = (conf_dir(), *_own)
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def list_models(pattern: str = "*") -> list[str]:
    """Return the names of the models that match a shell pattern such as ``auto*``, sorted."""
    return fnmatch.filter(entries("model"), pattern)


def list_data(pattern: str = "*") -> list[str]:
    """Return the names of the data sets that match a shell pattern, sorted."""
    return fnmatch.filter(entries("data"), pattern)


def create_data(data: Any, *y: Any, **options: Any) -> Any:
    """Build a data module of the catalogue, or one from your own points.

    Args:
        data: one of ``list_data()``; or points: a DataFrame, a mapping of columns, an array,
            a tensor or lists (points, features), or the ``pathlib.Path`` of a table.
        y: targets of your own points, at most one argument; see ``nnzoo.data.own.table_of``.
        options: what differs from the entry's YAML, such as ``scale="minmax"``; for own points
            those of ``nnzoo.data.Table``.

    Returns:
        An ``nnzoo.data.DataModule``.

    Raises:
        InputError: if the name or an option is unknown, or a value is invalid.
    """
    if not isinstance(data, str):
        targets = y[0] if y else options.pop("y", None)
        return import_module("nnzoo.data.own").table_of(data, targets, options)
    if y:
        raise InputError(f"the data set {data} has its own targets; leave y out")
    return build(_merge(read_entry("data", data), options), "data")


def create_model(name: str, data: Any = None, **options: Any) -> Any:
    """Build a model of the catalogue, untrained.

    Args:
        name: one of ``list_models()``.
        data: a data module or its name; it provides the scaling, and the sizes that are null.
        options: what differs from the entry's YAML, such as ``units=5``.

    Returns:
        An ``nnzoo.models.Model``.

    Raises:
        InputError: if the name or an option is unknown, a value is invalid, or a size is neither
            given nor known from the data.
    """
    if isinstance(data, str):
        data = create_data(data)
    return build_model(_merge(read_entry("model", name), options), data)


def build_model(entry: Mapping[str, Any], data: Any = None) -> Any:
    """Build the model of a config node; sizes that are null are taken from the data.

    Raises:
        InputError: as ``create_model``.
    """
    model_class, arguments, signatures = _parts(entry, "model")
    # A class that passes its options on takes the sizes that its base takes.
    parameters = next((s for s in signatures if "in_features" in s), signatures[0])
    missing = [name for name in FROM_DATA if name in parameters and arguments.get(name) is None]
    sizes = model_class.sizes(data) if missing and data is not None else {}
    for name in missing:
        arguments.pop(name, None)
        if sizes.get(name) is not None:
            arguments[name] = sizes[name]
        elif parameters[name].default is inspect.Parameter.empty:
            instead = "" if data is not None else ", or give data to take it from"
            example = "classification" if name == "task" else 5
            raise InputError(f"model.{name} is null: write model.{name}={example}{instead}")
    model = model_class(**arguments)
    if data is not None and data.n_features == model.in_features:
        model.set_scaling(data)
    return model


def argument_names(entry: Mapping[str, Any], what: str) -> set[str]:
    """Return the names of all arguments that the class of a config node takes."""
    return set().union(*_parts(entry, what)[2])


def build(entry: Mapping[str, Any], what: str) -> Any:
    """Build the object of a config node: call its ``_target_`` with the other keys.

    Args:
        entry: ``{_target_: a.b.Class, key: value, ...}``, written by the user; call
            ``check_target`` first if it comes from a file.
        what: the node's name, for messages.

    Raises:
        InputError: if a key is not an argument of the target; the message names the closest ones.
    """
    target, arguments, _ = _parts(entry, what)
    return target(**arguments)


def _parts(
    entry: Mapping[str, Any], what: str
) -> tuple[type[Any], dict[str, Any], list[dict[str, inspect.Parameter]]]:
    """Return the class of a config node, its arguments, and the parameters by name that it takes:
    those of the class, then those of each base to which its options are passed on."""
    arguments = dict(entry)
    path = arguments.pop("_target_", None)
    if path is None:
        raise InputError(f"{what} has no _target_: choose an entry, {what.split('.')[0]}=NAME")
    target = imported(path, what)
    signatures = []
    for base in target.mro():
        parameters = inspect.signature(base).parameters.values()
        named = {p.name: p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        signatures.append(named)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    known = set().union(*signatures)
    for key in arguments:
        if key not in known:
            raise _unknown_key(what, key, arguments[key], known)
    return target, arguments, signatures


def imported(path: str, what: str) -> type[Any]:
    """Import the class that the ``_target_`` of a config node names.

    Raises:
        InputError: if there is no such class.
    """
    module, _, name = path.rpartition(".")
    try:
        target = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"{what}._target_ {path!r} cannot be imported: {error}") from error
    if not isinstance(target, type):
        raise InputError(f"{what}._target_ {path!r} is not a class")
    return target


def _unknown_key(what: str, key: str, value: Any, known: set[str]) -> InputError:
    """Return the error for a key that a class does not take."""
    for path in options_meant(f"{what}.{key}", {what: known}):
        name, _, inner = path.removeprefix(f"{what}.").partition(".")
        python = f"{name}={ {inner: value} if inner else value!r}"
        return InputError(
            f"unknown key of {what} {key!r}; did you mean {path}, in Python {python}?"
        )
    return unknown(f"key of {what}", key, known)


def check_target(path: Any, what: str, allow: Sequence[str]) -> None:
    """Check a ``_target_`` that comes from a file, not from the user, before it is imported.

    Args:
        path: the ``_target_``.
        what: the node's name, such as ``data``.
        allow: packages and modules that the user allows.

    Raises:
        InputError: if it is neither in the catalogue nor in an allowed package.
    """
    group = what.partition(".")[0]
    if any(path in _targets(read_entry(group, name)) for name in entries(group)):
        return
    if not any(f"{path}.".startswith(f"{package}.") for package in allow):
        package = str(path).partition(".")[0]
        raise InputError(
            f"{what}._target_ {str(path)!r} comes from a file and is not in the catalogue; it is "
            f"imported only if you allow its package: allow=[{package}]"
        )


def _targets(node: Any) -> Iterator[Any]:
    """Yield each ``_target_`` in a config node."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        for item in node.values():
            yield from _targets(item)


def read_entry(group: str, name: str) -> dict[str, Any]:
    """Return the node of an entry of the group model or data, merged over the entries that its
    defaults name.

    Raises:
        InputError: if the name is unknown.
    """
    from omegaconf import OmegaConf

    check_choice(group, name, entries(group))
    file: Any = OmegaConf.to_container(OmegaConf.load(config_file(group, name)))
    node: dict[str, Any] = {}
    for default in file.pop("defaults", []):
        if isinstance(default, str) and default != "_self_":
            node = _merge(node, read_entry(group, default))
    is_node = group != "model" or "_target_" in file
    return _merge(node, file.get(group, file if is_node else {}))


def _merge(entry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(entry)
    for key, value in options.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = {**merged[key], **value} if both else value
    return merged
