"""Prediction at a prompt: the user types numbers and sees the model's outputs."""

from nnzoo.cli.inputs import as_number, check_size
from nnzoo.cli.predictions import predict_points, to_cells
from nnzoo.errors import InputError, counted, message, printable
from nnzoo.models import Model


def prompt(model: Model) -> None:
    """Read points and print predictions until an empty line, Ctrl-D or Ctrl-C."""
    names = model.feature_names
    print(f"type {counted(len(names), 'number')} for each point; an empty line or Ctrl-D ends")
    rows: list[list[float]] = []
    if model.learns_sequences:
        print("each point is the next step of one sequence")
    try:
        while True:
            row = []
            for name in names:
                if (number := _number(name)) is None:
                    return
                row.append(number)
            rows = [*rows, row] if model.learns_sequences else [row]
            _answer(model, rows)
    except (EOFError, KeyboardInterrupt):
        print()


def _number(name: str) -> float | None:
    """Ask for a number until one is typed; return None for an empty line."""
    while text := input(f"{printable(name)}: ").strip():
        if (number := as_number(text)) is not None:
            return number
        print(f"  {text!r} is not a number{'; decimals need a point' if ',' in text else ''}")
    return None


def _answer(model: Model, rows: list[list[float]]) -> None:
    """Print what the model predicts for a point, or for the last step of a sequence."""
    try:
        check_size(rows, model)
    except InputError as error:
        print(f"  {message(error)}")
        return
    columns, (*_, output), (*_, label) = predict_points(model, rows)
    for name, text in (to_cells(columns, output, ".6f", "output") | label).items():
        print(f"  {printable(name)}  {printable(text)}")
