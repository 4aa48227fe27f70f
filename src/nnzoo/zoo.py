"""The catalogue in Python: list, create and load what the folder ``conf`` registers."""

import fnmatch
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnzoo.errors import InputError, one_of, unknown

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from nnzoo.data import DataModule
    from nnzoo.models import Model

FROM_DATA = ("in_features", "units", "task", "clusters")
"""Arguments of models that are taken from the data where they are null."""


def conf_dir() -> Path:
    """The folder of configs: inside the package in a wheel, beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parents[1] / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no folder 'conf' with a train.yaml in {package} or above it")


def hydra_base() -> dict[str, str]:
    """What Hydra is to be told of its version: 1.3 warns without it, 1.4 with it."""
    import hydra

    return {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}


def composed(overrides: list[str]) -> "DictConfig":
    """``conf/train.yaml`` as the command line composes it, but for the folder and names in ``run``.

    Raises:
        HydraException: if an override is not possible.
    """
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(conf_dir()), **hydra_base()):
        return compose("train", overrides)


def entries(group: str) -> list[str]:
    """Names of the entries of a Hydra group, sorted."""
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml"))


def list_models(pattern: str = "*") -> list[str]:
    """Names of the models whose name matches a shell pattern such as ``auto*``, sorted."""
    return fnmatch.filter(entries("model"), pattern)


def list_data(pattern: str = "*") -> list[str]:
    """Names of the data sets whose name matches a shell pattern, sorted."""
    return fnmatch.filter(entries("data"), pattern)


def create_data(name: str, **options: Any) -> "DataModule":
    """A data module of the catalogue.

    Args:
        name: one of ``list_data()``.
        options: what differs from the entry's YAML, such as ``scale="minmax"``.

    Raises:
        InputError: if the name or an option is unknown, or a value is not possible.
    """
    data: DataModule = build(_merge(read_entry("data", name), options), "data")
    return data


def create_model(name: str, data: "DataModule | str | None" = None, **options: Any) -> "Model":
    """A model of the catalogue, untrained.

    Args:
        name: one of ``list_models()``.
        data: a data module or one's name, from which the scaling is taken, and sizes that are null.
        options: what differs from the entry's YAML, such as ``units=5``.

    Raises:
        InputError: if the name or an option is unknown, a value is not possible, or a size is
            neither given nor to be had from the data.
    """
    if isinstance(data, str):
        data = create_data(data)
    return build_model(read_entry("model", name), data, options)


def build_model(
    entry: Mapping[str, Any], data: Any = None, options: Mapping[str, Any] | None = None
) -> "Model":
    """The model of a config node ``{_target_: ..., ...}``; null sizes are taken from the data.

    Raises:
        InputError: as ``create_model``.
    """
    model_class, arguments = _parts(_merge(entry, options or {}), "model")
    parameters = inspect.signature(model_class).parameters
    sizes = [name for name in FROM_DATA if name in parameters and arguments.get(name) is None]
    if sizes and data is not None:
        found = model_class.sizes(data)
        arguments |= {name: found[name] for name in sizes if name in found}
    for name in sizes:
        if arguments.get(name) is None:
            arguments.pop(name, None)  # its default, if it has one
            if parameters[name].default is inspect.Parameter.empty:
                instead = "" if data is not None else ", or data to take it from"
                raise InputError(f"model.{name} is null: give it a number{instead}")
    model: Model = model_class(**arguments)
    if data is not None and data.n_features == model.in_features:
        model.adopt(data)
    return model


def build(entry: Mapping[str, Any], what: str) -> Any:
    """The object of a config node: its ``_target_`` called with the other keys.

    Args:
        entry: ``{_target_: a.b.Class, key: value, ...}``.
        what: the node's name, for messages.

    Raises:
        InputError: if a key is not an argument of the target, naming the nearest ones.
    """
    target, arguments = _parts(entry, what)
    return target(**arguments)


def _parts(entry: Mapping[str, Any], what: str) -> tuple[type[Any], dict[str, Any]]:
    """The class of a config node, and its arguments, which are checked against the class's."""
    arguments = dict(entry)
    target = _locate(arguments.pop("_target_", None), what)
    known = _arguments(target)
    for key in arguments:
        if key not in known:
            raise unknown(f"key of {what}", key, known)
    return target, arguments


def load_model(path: str | Path) -> "Model":
    """A trained model, in eval mode on the CPU.

    ``forward`` takes scaled values, ``predict`` raw ones.

    Args:
        path: a checkpoint, or a run's folder, whose best checkpoint is taken, else the last.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of a model of the catalogue,
            or of one of your own that has been imported.
    """
    file, name, weights, arguments, content = read_checkpoint(path)
    targets = {
        target.rpartition(".")[2]: target
        for target in (read_entry("model", entry)["_target_"] for entry in list_models())
    }
    kind = _locate(targets[name], "model") if name in targets else _imported(name, file)
    try:
        model: Model = kind(**arguments)
        model.to(weights["scaling.offset"].dtype).load_state_dict(weights)
        model.on_load_checkpoint(content)
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{file} is damaged: {' '.join(str(error).split())}") from error
    return model.eval()


def checkpoint_file(path: str | Path) -> Path:
    """The file of a checkpoint; the path is that of ``load_model``.

    Raises:
        InputError: if there is none.
    """
    path = Path(path)
    if path.is_dir():
        for name in ("best.ckpt", "last.ckpt"):
            if (file := path / "checkpoints" / name).is_file():
                return file
        job = path / "0"
        hint = f"; it is a sweep, name one of its jobs: {job}" if job.is_dir() else ""
        raise InputError(f"the folder {path} holds no checkpoints/best.ckpt or last.ckpt{hint}")
    if not path.is_file():
        raise InputError(f"there is no checkpoint {path}")
    return path


class Checkpoint(NamedTuple):
    """What a checkpoint says of its model.

    Attributes:
        file: where it lies.
        class_name: of the model.
        weights: state_dict.
        arguments: of the model's constructor.
        content: all of it, as Lightning wrote it.
    """

    file: Path
    class_name: str
    weights: dict[str, Any]
    arguments: dict[str, Any]
    content: dict[str, Any]


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint to the CPU; the path is that of ``load_model``.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of an nnzoo model.
    """
    import torch

    file = checkpoint_file(path)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        name = content["nnzoo"]["class"]
        return Checkpoint(file, name, content["state_dict"], content["hyper_parameters"], content)
    except Exception as error:  # torch raises many kinds for a file that is not its own
        raise InputError(f"{file} is not a checkpoint of an nnzoo model") from error


def read_entry(group: str, name: str) -> dict[str, Any]:
    """The node of an entry of the groups model or data, over that of the entry that it names in its
    defaults, if any.

    Raises:
        InputError: if the name is unknown.
    """
    from omegaconf import OmegaConf

    one_of(group, name, entries(group))
    file: Any = OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
    node: dict[str, Any] = {}
    for default in file.pop("defaults", []):
        if isinstance(default, str):
            node = _merge(node, read_entry(group, default))
    return _merge(node, file["model"] if group == "model" else file)


def _merge(entry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(entry)
    for key, value in options.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _locate(target: str | None, what: str) -> type[Any]:
    if target is None:
        raise InputError(f"{what} has no _target_: choose an entry, {what.split('.')[0]}=NAME")
    module, _, name = target.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"{what}._target_ {target!r} cannot be imported: {error}") from error
    if not isinstance(found, type):
        raise InputError(f"{what}._target_ {target!r} is no class")
    return found


def _imported(name: str, file: Path) -> type[Any]:
    """The model class of one's own with this name; a checkpoint imports none by itself."""
    from nnzoo.models import Model

    kinds: list[type[Any]] = Model.__subclasses__()
    for kind in kinds:  # which grows meanwhile
        kinds += kind.__subclasses__()
    if named := [kind for kind in kinds if kind.__name__ == name]:
        return named[-1]  # the last one that was defined
    raise InputError(f"{file} holds a {name}, which is in no catalogue; import its class first")


def _arguments(target: type[Any]) -> set[str]:
    """Names of a class's arguments, those that it hands on to its bases among them."""
    known: set[str] = set()
    for base in inspect.getmro(target):
        parameters = inspect.signature(base).parameters.values()
        known |= {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return known
