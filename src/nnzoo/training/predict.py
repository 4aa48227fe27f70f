"""``python scripts/predict.py``: what a trained model makes of new points."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nnzoo.errors import InputError, whole
from nnzoo.training.door import load_libraries, open_door, parse, value

if TYPE_CHECKING:
    from nnzoo.models import Model

KEYS = ("input", "output", "run", "sample", "seed")

HELP = """\
What a trained model makes of new points.

usage: python scripts/predict.py [run=FOLDER] [input=... | sample=N] [output=FILE.csv]

keys
  run=FOLDER              a run's folder, whose best checkpoint is taken, or a checkpoint;
                          left out: the newest run below outputs and multirun
  'input=[1,0,0]'         a point, in the units of the data
  'input=[[1,0],[0,1]]'   several points
  'input={a: 1, b: 0}'    a point by the names of its features
  input=FILE.csv          a table: with a line of names in any order, without one in the model's
  output=FILE.csv         writes the table too, with all digits
  sample=N                draws N new points from a model that generates; seed=0 fixes them

Without input= and sample= the numbers are asked for, where there is a terminal.

examples
  python scripts/predict.py
  python scripts/predict.py run=outputs/perceptron/2025-01-31_12-00-00 'input=[0.3,0.2]'
  python scripts/predict.py input=points.csv output=decided.csv
"""


def main() -> None:
    """Predict as the command line says; exit code 1 and one line on an error."""
    open_door(predict, HELP)


def predict(arguments: list[str]) -> None:
    """Print what a model makes of the points of a command line, and write it where that says so.

    Raises:
        InputError: if something that was asked for cannot be done.
    """
    keys = parse(arguments, KEYS)
    _check(keys)
    path = _free(keys["output"]) if "output" in keys else None
    n = whole("sample", value("sample", keys["sample"])) if "sample" in keys else 0
    seed = whole("seed", value("seed", keys.get("seed", "0")), low=0, high=2**32 - 1)

    load_libraries()
    from nnzoo.training.runs import chosen
    from nnzoo.zoo import load_model

    model = load_model(chosen(keys.get("run")))
    if n:
        _sample(model, n, seed, path)
    elif "input" in keys:
        _answer(model, keys["input"], path)
    else:
        from nnzoo.training.dialogue import talk

        talk(model)


def _answer(model: "Model", text: str, path: Path | None) -> None:
    from nnzoo.training.answers import Answers, print_rows
    from nnzoo.training.inputs import read_input

    answers = Answers(model, read_input(text, model))
    if path is not None:
        answers.write(path)
    print_rows("predictions", answers.shown(), path)


def _sample(model: "Model", n: int, seed: int, path: Path | None) -> None:
    from nnzoo.training.answers import print_rows, show_samples, write_rows

    rows = model.sample(n, seed).tolist()
    if path is not None:
        write_rows(path, model.feature_names, rows)
    print_rows("samples", show_samples(model.feature_names, rows), path)


def _check(keys: dict[str, str]) -> None:
    """Raise an InputError for keys that do not go together."""
    if "input" in keys and "sample" in keys:
        raise InputError("give input= or sample=, not both")
    if "seed" in keys and "sample" not in keys:
        raise InputError("seed= is for sample=N")
    if "input" in keys or "sample" in keys:
        return
    if "output" in keys:
        raise InputError("output= needs input= or sample=N")
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(
            "give 'input=[...]', input=FILE.csv or sample=N; without them numbers are asked for "
            "at a terminal, and there is none"
        )


def _free(name: str) -> Path:
    """The path of a file that may be written."""
    path = Path(name)
    if path.exists():
        raise InputError(f"{path} exists already; name another file in output")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} in")
    return path


if __name__ == "__main__":
    main()
