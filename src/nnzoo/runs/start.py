"""A training that starts from the weights of another one."""

from collections.abc import Mapping
from typing import Any

from nnzoo.catalogue import check_model, imported
from nnzoo.errors import InputError
from nnzoo.models import Model
from nnzoo.runs.checkpoint import load_model


def read_start(config: Mapping[str, Any]) -> Model | None:
    """Return a model with the weights from which a run starts, of the class of the run's model;
    None: it starts from random ones.

    Args:
        config: of the run, with ``start_from``; see ``nnzoo.load_model``.

    Raises:
        InputError: if no model can be loaded, or it has no weights for the class.
    """
    if (path := config["start_from"]) is None:
        return None
    check_model(kind := imported(config["model"].get("_target_"), "model"))
    try:
        return load_model(path).start_of(kind)
    except InputError as error:
        raise InputError(f"start_from={path}: {error}") from error


def with_options(node: Mapping[str, Any], start: Model) -> dict[str, Any]:
    """Return the node of a model, in which the arguments of the start stand for those that are
    missing or null, except for the numbers of inputs and targets, which are those of the data."""
    kept = dict(start.hparams)
    for key in ("in_features",) if start.task is None else ("in_features", "task", "units"):
        kept.pop(key, None)
    return {**kept, **{key: value for key, value in node.items() if value is not None}}


def check_start(path: str, start: Model, model: Model) -> None:
    """Raise an InputError if the weights of a start do not fit a model."""
    own, others = (
        {
            name: (value.shape, value.dtype.is_floating_point)
            for name, value in m.state_dict().items()
        }
        for m in (model, start)
    )
    if own == others:
        return
    differing = [key for key, value in model.hparams.items() if start.hparams.get(key) != value]
    key = next(iter(differing), "in_features")
    raise InputError(
        f"start_from={path}: its weights have other sizes, those of model.{key}="
        f"{start.hparams.get(key)}, not {model.hparams.get(key)}"
    )
