"""The catalogue in Python: list and create what the folder ``conf`` registers."""

import fnmatch
import inspect
import re
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnzoo.entries import clash, conf_dir, entries, merge, read_entry, search_path, targets
from nnzoo.errors import InputError, message, unknown
from nnzoo.limits import no_memory
from nnzoo.overrides import options_meant

if TYPE_CHECKING:
    from omegaconf import DictConfig

MODEL = "nnzoo.models.bases.model.Model"
"""The base of all models, by name: models import the catalogue."""

OF_LIGHTNING = ("trainer", "logger", "callbacks")
LIGHTNING = re.compile(r"lightning\.pytorch\.(callbacks|loggers|plugins|profilers|strategies)\.\w+")
"""Public classes of Lightning that the groups in ``OF_LIGHTNING`` may name."""


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
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf, open_dict

    users = GlobalHydra.instance().hydra  # of a Hydra application that calls nnzoo
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_dir()), **hydra_base()):
            config = compose("train", [*search_path(), *overrides], return_hydra_config=True)
    finally:
        GlobalHydra.instance().hydra = users  # Hydra replaces the instance
    with open_dict(config):
        choices = config.pop("hydra").runtime.choices
    for group in ("model", "data"):
        if OmegaConf.is_interpolation(config.run, group):  # of Hydra's, which is not set up
            config.run[group] = choices[group]
    return config


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
    return build(merge(chosen_entry("data", data), options), "data")


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
    return build_model(merge(chosen_entry("model", name), options), data)


def chosen_entry(group: str, name: str) -> dict[str, Any]:
    """Return ``read_entry`` of a name that the user chose; warn if it hides an entry of theirs.

    Raises:
        InputError: if the name is unknown, or in several of the user's folders.
    """
    node = read_entry(group, name)
    if (note := clash(group, name)) is not None:
        warnings.warn(note, stacklevel=3)
    return node


def build_model(entry: Mapping[str, Any], data: Any = None) -> Any:
    """Build the model of a config node; arguments that are null are taken from the data, if its
    ``sizes`` has them.

    Raises:
        InputError: as ``create_model``.
    """
    model_class, arguments, signatures = _parts(entry, "model")
    check_model(model_class)
    parameters: dict[str, inspect.Parameter] = {}
    for signature in signatures:  # a class that passes its options on takes what its base takes
        parameters = signature | parameters
        if "in_features" in signature:
            break
    else:
        raise InputError(
            f"the constructor of {model_class.__name__} has no argument in_features, the number of "
            "features of the data; take it and pass it on to Model"
        )
    missing = [name for name in parameters if arguments.get(name) is None]
    sizes = model_class.sizes(data) if missing and data is not None else {}
    for name in missing:
        default = parameters[name].default
        if arguments.get("initial_weight") is not None and default is None:
            continue  # a size that may be None follows from it
        if sizes.get(name) is not None:
            arguments[name] = sizes[name]
        elif default is inspect.Parameter.empty:
            instead = "" if data is not None else ", or give data to take it from"
            example = "classification" if name == "task" else 5
            raise InputError(f"model.{name} is null: write model.{name}={example}{instead}")
    try:
        model = model_class(**arguments)
    except (OverflowError, RuntimeError, TypeError) as error:
        if (too_large := no_memory(error, arguments)) is not None:
            raise too_large from None
        raise
    if data is not None and data.n_features == model.in_features:
        model.set_scaling(data)
    return model


def check_model(kind: type[Any]) -> None:
    """Raise an InputError if a class is not a model."""
    if MODEL not in [f"{base.__module__}.{base.__name__}" for base in kind.mro()]:
        name = f"{kind.__module__}.{kind.__name__}"
        raise InputError(f"{name} is not a subclass of nnzoo.models.Model")


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
        try:
            parameters = inspect.signature(base).parameters.values()
        except ValueError as error:  # of some built-in classes
            raise InputError(f"{what}._target_ {path!r}: {message(error)}") from error
        named = {p.name: p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        signatures.append(named)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    known = set().union(*signatures)
    passed_elsewhere = len(signatures) > 1 and not signatures[-1]  # by ``**kwargs``, not to a base
    for key in arguments:
        if key not in known and not passed_elsewhere:
            if what == "model" and key in ("optimizer", "scheduler"):
                raise _no_optimizer(target, key)
            raise _unknown_key(what, key, arguments[key], known)
    return target, arguments, signatures


def imported(path: str | type[Any], what: str) -> type[Any]:
    """Import the class that the ``_target_`` of a config node names, or is.

    Raises:
        InputError: if there is no such class.
    """
    if isinstance(path, type):
        return path
    module, _, name = str(path).rpartition(".")
    try:
        target = getattr(import_module(module), name)
    except Exception as error:  # the user's module may raise any
        is_import = isinstance(error, ImportError | AttributeError | ValueError)
        why = message(error) if is_import else f"{type(error).__name__}: {message(error)}"
        raise InputError(f"{what}._target_ {path!r} cannot be imported: {why}") from error
    if not isinstance(target, type):
        raise InputError(f"{what}._target_ {path!r} is not a class")
    return target


def _unknown_key(what: str, key: str, value: Any, known: set[str]) -> InputError:
    """Return the error for a key that a class does not take."""
    if what == "data" and key in ("x", "y"):
        return InputError(
            f"unknown key of data {key!r}: type points with data=xor, as in data=xor "
            "'data.x=[[0,0],[1,1]]' 'data.y=[0,1]'"
        )
    for path in options_meant(f"{what}.{key}", {what: known}):
        name, _, inner = path.removeprefix(f"{what}.").partition(".")
        python = f"{name}={ {inner: value} if inner else value!r}"
        return InputError(
            f"unknown key of {what} {key!r}; did you mean {path}, in Python {python}?"
        )
    return unknown(f"key of {what}", key, known)


def _no_optimizer(kind: type[Any], key: str) -> InputError:
    """Return the error for an optimizer or a schedule of a model that has none."""
    at_once = getattr(kind, "learns_at_once", False)
    how = "computes its weights at once from all points" if at_once else "learns by its own rule"
    return InputError(f"{kind.__name__} {how} and has no {key}; leave model.{key} out")


def is_allowed(path: Any, allow: Sequence[str]) -> bool:
    """Return whether a class is in one of some packages and modules."""
    return any(f"{path}.".startswith(f"{package}.") for package in allow)


def check_target(path: Any, what: str, allow: Sequence[str]) -> None:
    """Check a ``_target_`` that comes from a file, not from the user, before it is imported.

    Args:
        path: the ``_target_``.
        what: the node's name, such as ``data``.
        allow: packages and modules that the user allows.

    Raises:
        InputError: if it is neither in the catalogue nor in an allowed package, nor a part of
            Lightning's ``Trainer``.
    """
    group = what.partition(".")[0]
    if path in targets(group) or (group in OF_LIGHTNING and LIGHTNING.fullmatch(str(path))):
        return
    if not is_allowed(path, allow):
        package = str(path).partition(".")[0]
        raise InputError(
            f"{what}._target_ {str(path)!r} comes from a file and is not in the catalogue; it is "
            f"imported only if you allow its package: allow=[{package}]"
        )
