"""Predictions, codes and scores of raw values, in the container type of the values."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnzoo.errors import InputError
from nnzoo.models import RBM, Model, Reconstructor, Supervised
from nnzoo.models.bases.winner_take_all import Winners

WHOLE = re.compile(r"0|-?[1-9]\d*")
"""The text of a class that was a whole number."""


def predict(model: Model, x: Any) -> Any:
    """Return the class, the numbers, the labels, the winner's index or the reconstruction of each
    point, depending on the model.

    Args:
        model: a trained model.
        x: raw values, (points, in_features): an array, tensor or lists; or a DataFrame. For a model
            of sequences (sequences, time, in_features), or (time, in_features) for one.

    Returns:
        (points,) or (points, columns), with a row for each step of a sequence, as an array; as a
        tensor for a tensor, and as a DataFrame for a DataFrame. Classes are integers or booleans if
        the training's were.
    """
    if isinstance(model, Supervised) and model.task == "classification":
        indices = model.decide(points_of(model, x)).reshape(-1)
        names = classes_of(model)
        return like(x, names[indices.numpy()], [*model.target_columns, "class"][:1])
    if isinstance(model, Supervised) and model.task == "multilabel":
        return like(x, model.decide(points_of(model, x)), model.output_names)
    if isinstance(model, Winners) and not isinstance(model, Supervised):
        return like(x, model.nearest_units(points_of(model, x)), ["winner"])
    outputs = model.predict(x)
    if outputs.shape[-1] == 1 and model.output_names and not isinstance(model, Reconstructor):
        outputs = outputs.squeeze(-1)
    return like(x, outputs, model.output_names)


@torch.no_grad()
def predict_proba(model: Model, x: Any) -> Any:
    """Return the probability of each class, (points, classes), in the form that ``predict`` has.

    Outputs of several sigmoid units are divided by their sum.

    Raises:
        InputError: if the model has no classes, or its outputs are not probabilities.
    """
    if not isinstance(model, Supervised) or model.task != "classification":
        raise InputError(f"{kind_of(model)} has no classes and so no class probabilities")
    if not model.gives_probabilities:
        raise InputError(f"{kind_of(model)} has no class probabilities; use predict")
    output = model(points_of(model, x))
    if model.units == 1:
        output = torch.cat([1 - output, output], dim=-1)
    return like(x, output / output.sum(-1, keepdim=True), list(map(str, classes_of(model))))


@torch.no_grad()
def encode(model: Model, x: Any) -> Any:
    """Return the latent codes, (points, latent), in the form that ``predict`` has.

    Raises:
        InputError: if the model has no encoder.
    """
    if not hasattr(model, "encoder"):
        raise InputError(f"{kind_of(model)} has no latent space; use autoencoder, rbm or vae")
    coder: Any = model
    codes = coder.encode(points_of(model, x))
    return like(x, codes, [f"latent {i}" for i in range(codes.shape[-1])])


@torch.no_grad()
def score_samples(model: Model, x: Any) -> Any:
    """Return a score of how typical each point is, (points,); higher is more typical. It is the
    negative free energy, reconstruction error or distance to the winner, in scaled units.

    Raises:
        InputError: if the model has none of them.
    """
    if isinstance(model, RBM):
        return like(x, -model.free_energy(points_of(model, x)), ["score"])
    if isinstance(model, Reconstructor):
        return like(x, -model.reconstruction_error(x), ["score"])
    if isinstance(model, Winners):
        return like(x, -model.winner_distance(points_of(model, x)), ["score"])
    names = "autoencoder, rbm, vae or competitive"
    raise InputError(f"{kind_of(model)} cannot score points; use {names}")


def points_of(model: Model, x: Any) -> Tensor:
    """Return raw values in scaled units, (points, in_features), or sequences as they are."""
    scaled = model.scaled(x)
    return scaled if model.learns_sequences else scaled.reshape(-1, model.in_features)


def classes_of(model: Supervised) -> NDArray[Any]:
    """Return the classes in the order of the model's outputs: integers or booleans if all names are
    the text of such, otherwise strings."""
    names = list(model.class_names)
    names += map(str, range(len(names), model.classes))
    if set(names) == {"False", "True"}:
        return np.array([name == "True" for name in names])
    if all(map(WHOLE.fullmatch, names)):
        return np.array(list(map(int, names)))
    return np.array(names, dtype=object)


def kind_of(model: Model) -> str:
    """Return the name of a model's class with an indefinite article."""
    name = type(model).__name__
    return f"{'an' if name[0] in 'AEIOU' or name in ('MLP', 'RBF') else 'a'} {name}"


def like(x: Any, values: Tensor | NDArray[Any], columns: Sequence[str]) -> Any:
    """Return values (points,) or (points, columns) in the container type of ``x``."""
    array = values.numpy() if isinstance(values, Tensor) else values
    if not hasattr(x, "columns"):
        is_text = array.dtype == object
        return torch.as_tensor(values) if isinstance(x, Tensor) and not is_text else array
    table = array[:, None] if array.ndim == 1 else array
    names = list(columns) or [str(i) for i in range(table.shape[1])]
    by_name = {name: table[:, i] for i, name in enumerate(names)}
    if type(x).__module__.startswith("polars"):
        return type(x)(by_name)
    import pandas as pd

    return pd.DataFrame(by_name, index=x.index)
