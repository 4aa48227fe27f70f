"""Initial weights given by hand."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.errors import InputError, check_int


def as_lists(values: Any) -> Any:
    """Return arrays and tensors, also within lists, as lists, which a checkpoint can hold."""
    if hasattr(values, "tolist"):
        return values.tolist()
    return list(map(as_lists, values)) if isinstance(values, list | tuple) else values


def number_of_units(units: int | None, initial_weight: Any) -> int:
    """Return the number of units, which that of the rows of given weights (units, in_features) is.

    Raises:
        InputError: if there is neither, or the number is less than 1.
    """
    if units is None and initial_weight is None:
        raise InputError("model.units is null: write model.units=5, or give model.initial_weight")
    if units is None:  # a single unit may have its row alone
        first = initial_weight[0] if isinstance(initial_weight, list) and initial_weight else None
        units = len(initial_weight) if isinstance(first, list) else 1
    return check_int("model.units", units)


def set_values(option: str, parameter: Tensor | None, values: Any) -> None:
    """Set a parameter to given numbers.

    Args:
        option: name of the option, for messages.
        parameter: weights (units, inputs) or biases (units,); None: the layer has none.
        values: numbers of that shape; for a single unit its row is enough. None: keep the weights.

    Raises:
        InputError: if the shape differs, the values are not finite numbers, or there is no
            parameter.
    """
    if values is None:
        return
    if parameter is None:
        raise InputError(f"{option} needs model.bias=true")
    shape = list(parameter.shape)
    try:
        given = torch.tensor(values, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{option} must be numbers of the shape {shape}: {error}") from error
    if given.numel() != parameter.numel() or given.shape[-1:] != parameter.shape[-1:]:
        raise InputError(f"{option} must have the shape {shape}, got {list(given.shape)}")
    if not given.isfinite().all():
        raise InputError(f"{option} must be finite numbers, got {values}")
    with torch.no_grad():
        parameter.copy_(given.reshape(parameter.shape))


def set_layers(layers: Sequence[nn.Linear], weights: Any, biases: Any) -> None:
    """Set the weights and biases of linear layers to given numbers.

    Args:
        layers: in order.
        weights, biases: of ``model.initial_weight`` and ``model.initial_bias``: for a single layer
            as in ``set_values``; for several a list with an entry for each, which may be None.

    Raises:
        InputError: as in ``set_values``, or if there is not one entry for each layer.
    """
    for name, values in (("weight", weights), ("bias", biases)):
        option = f"model.initial_{name}"
        if values is None:
            continue
        entries = [values] if len(layers) == 1 else values
        if not isinstance(entries, list | tuple) or len(entries) != len(layers):
            raise InputError(
                f"{option} must be a list with an entry for each of the {len(layers)} layers, "
                f"from the first hidden one to the output; got {values!r}"
            )
        for number, (layer, own) in enumerate(zip(layers, entries, strict=True)):
            which = option if len(layers) == 1 else f"{option}[{number}]"
            set_values(which, getattr(layer, name), own)
