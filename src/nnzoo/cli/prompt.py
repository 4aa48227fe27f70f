"""Prediction at a prompt: the user types numbers and sees the model's outputs."""

import math
from collections.abc import Sequence

from nnzoo.cli.inputs import check_size
from nnzoo.cli.predictions import Predictions
from nnzoo.errors import InputError
from nnzoo.models import Model


def prompt(model: Model) -> None:
    """Read points and print predictions until an empty line, Ctrl-D or Ctrl-C."""
    names = model.feature_names
    print(
        f"{type(model).__name__}: type {'a number' if len(names) == 1 else f'{len(names)} numbers'}"
        " for each point; an empty line or Ctrl-D ends"
    )
    try:
        while (row := _point(names)) is not None:
            try:
                check_size([row], model)
            except InputError as error:
                print(f"  {error}")
                continue
            (printed,) = Predictions(model, [row]).rows_to_print()
            for name, text in printed.items():
                if name != "input":
                    print(f"  {name}  {text}")
    except (EOFError, KeyboardInterrupt):
        print()


def _point(names: Sequence[str]) -> list[float] | None:
    """Ask for a number for each name; None: the user typed an empty line."""
    row = []
    for name in names:
        if (number := _number(name)) is None:
            return None
        row.append(number)
    return row


def _number(name: str) -> float | None:
    """Ask for a number until one is typed; None: the user typed an empty line."""
    while text := input(f"{name}: ").strip():
        try:
            number = float(text)
        except ValueError:
            point = "; decimals take a point" if "," in text else ""
            print(f"  {text!r} is not a number{point}")
            continue
        if math.isfinite(number):
            return number
        print(f"  {text} is not a finite number")
    return None
