"""A dialogue at a terminal: numbers are asked by name, and the model answers."""

import math
from collections.abc import Sequence

from nnzoo.errors import InputError
from nnzoo.models import Model
from nnzoo.training.answers import Answers
from nnzoo.training.inputs import check_size


def talk(model: Model) -> None:
    """Ask for points and answer them, until an empty line, Ctrl-D or Ctrl-C."""
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
            (answer,) = Answers(model, [row]).shown()
            for name, text in answer.items():
                if name != "input":
                    print(f"  {name}  {text}")
    except (EOFError, KeyboardInterrupt):
        print()


def _point(names: Sequence[str]) -> list[float] | None:
    """A number for each name; None: no more."""
    row = []
    for name in names:
        if (number := _number(name)) is None:
            return None
        row.append(number)
    return row


def _number(name: str) -> float | None:
    """The number typed, asked for until it is one; None: an empty line."""
    while text := input(f"{name}: ").strip():
        try:
            number = float(text)
        except ValueError:
            point = "; decimals take a point" if "," in text else ""
            print(f"  {text!r} is no number{point}")
            continue
        if math.isfinite(number):
            return number
        print(f"  {text} is no finite number")
    return None
