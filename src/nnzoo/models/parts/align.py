"""Alignment of data with a trained model: the model's order of names, and its scaling."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nnzoo.catalogue import create_data
from nnzoo.errors import InputError, counted, listed
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.supervised import Supervised

NAMELESS = re.compile(r"[xy]\d*")
"""Default names, which state only a position."""

WHOLE = re.compile(r"-?\d+")


def data_for(model: Model, data: Any) -> Any:
    """Return the data module of points for a trained model, aligned with it.

    Args:
        model: a trained model.
        data: a data module, which is not modified, or its name; or what ``nnzoo.create_data``
            takes: points, with targets for a model that learns them, as a DataFrame with their
            columns or a pair (x, y).

    Raises:
        InputError: if the model cannot be applied to the data.
    """
    if isinstance(data, str):
        data = create_data(data)
    if is_module(data):
        found = data.renewed()
        _set_defaults(found, model)
    else:
        columns = [str(name) for name in getattr(data, "columns", ())]
        own = [name for name in model.target_columns if name in columns]
        # Of a model that learns no targets, classes are the colors in figures.
        target: Any = None if not own else own[0] if model.class_names else own
        options: dict[str, Any] = {"val_fraction": 0.0, "scale": "none"}
        if drop := [name for name in model.unused_columns if name in columns]:
            options["drop"] = drop
        found = create_data(data, target, **options)
    if isinstance(model, Supervised) and found.points.y is None:
        raise InputError("the model learns targets, and the data have none: give data=(x, y)")
    align_data(found, model)
    if not is_module(data):
        found.scale = "none" if model.scaling.is_identity else "model"
    return found


def is_module(data: Any) -> bool:
    """Return whether data are a data module, not points."""
    return hasattr(type(data), "n_features")  # of an instance it would read the data


def name_of(data: Any) -> str:
    """Return the name of data in the title of a figure."""
    return data if isinstance(data, str) else type(data).__name__ if is_module(data) else "points"


def align_data(data: Any, model: Model) -> list[str]:
    """Reorder features, targets and classes to match a model, and copy its scaling.

    Features and targets are matched by name if both have the same names, otherwise by position.
    Classes are matched by name alone, since their indices depend on which classes occur.

    Args:
        data: a data module whose parts have not been read yet.
        model: a trained model.

    Returns:
        Notes for the user, one line each.

    Raises:
        InputError: if the model cannot be evaluated on the data.
    """
    _set_defaults(data, model)
    notes: list[str] = []
    points = data.points
    changes: dict[str, Any] = {"feature_names": model.feature_names}
    features = _order("feature", data.feature_names, model.feature_names, notes)
    if features != list(range(len(features))):
        changes["x"] = points.x[..., features]
        changes["centroids"] = None if points.centroids is None else points.centroids[:, features]
    if isinstance(model, Supervised):
        if model.task == "classification":
            changes["y"] = _labels(points.y, data.class_names, model.class_names)
            changes["class_names"] = model.class_names or data.class_names
        else:
            changes["y"] = _numbers(points.y, data, model.target_names, notes)
            changes["target_names"] = model.target_names or data.target_names
            changes["class_names"] = ()
    data.points = replace(points, **changes)
    data.scaling.load_state_dict(model.scaling.state_dict())
    if isinstance(model, Supervised) and model.target_scaling is not None:
        assert data.target_scaling is not None
        data.target_scaling.load_state_dict(model.target_scaling.state_dict())
    model.check(data)
    return notes


def _set_defaults(data: Any, model: Model) -> None:
    """Set what data that are not read yet take from a model: values of text, steps of a piece."""
    if hasattr(data, "like") and any("=" in name for name in model.feature_names):
        data.like = model.feature_names
    if hasattr(data, "default_window"):
        data.default_window = getattr(model, "time_steps", None)


def _order(kind: str, found: Sequence[str], wanted: Sequence[str], notes: list[str]) -> list[int]:
    """Return the position of each wanted name among those found."""
    if len(found) != len(wanted):
        more = [name for name in found if name not in wanted]
        is_table = kind == "feature" and set(wanted) < set(found)
        raise InputError(
            f"the data have {counted(len(found), kind)} ({listed(found)}) and the model "
            f"{len(wanted)} ({listed(wanted)})"
            + (f"; data.drop leaves columns of a table out, here {listed(more)}" * is_table)
        )
    if len(set(wanted)) == len(wanted) and set(found) == set(wanted):
        return [list(found).index(name) for name in wanted]
    nameless = [all(map(NAMELESS.fullmatch, names)) for names in (found, wanted)]
    if len(wanted) > 1 and not any(nameless):
        notes.append(
            f"note: the data's {kind}s {listed(found)} are used, in this order, as the model's "
            f"{listed(wanted)}"
        )
    return list(range(len(wanted)))


def _labels(y: Tensor | None, found: Sequence[str], known: Sequence[str]) -> Tensor:
    """Return the class indices of the data in the model's order of classes."""
    if y is None or not found:
        has = "no targets" if y is None else "numbers to learn"
        raise InputError(
            f"the model knows the classes {listed(known)} and the data have {has}; "
            "choose data with classes"
        )
    if not known:  # it was trained from a plain loader
        return y
    if not set(found) <= set(known):
        raise InputError(
            f"the data have the classes {listed(found)} and the model knows {listed(known)}"
        )
    return torch.tensor([list(known).index(name) for name in found])[y]


def _numbers(y: Tensor | None, data: Any, known: Sequence[str], notes: list[str]) -> Tensor:
    """Return the targets of a regression or multilabel task in the model's order."""
    classes = data.class_names
    if y is not None and len(known) == 1 and classes and all(map(WHOLE.fullmatch, classes)):
        # A table reads a column of whole numbers as classes.
        return torch.tensor([[float(name)] for name in classes])[y]
    if y is None or classes:
        has = "no targets" if y is None else "classes"
        raise InputError(
            f"the model learned numbers ({listed(known)}) and the data have {has}; for a table, "
            "'data.target=[COLUMN]' means numbers"
        )
    if not known:  # it was trained from a plain loader
        return y
    return y[..., _order("target", data.target_names, known, notes)]
