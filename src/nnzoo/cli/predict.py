"""``nnzoo predict``: outputs of a trained model for new points."""

import sys
from typing import Any

from nnzoo.cli.allowed import read_allowed
from nnzoo.cli.command import free_path, load_libraries, parse, read_value
from nnzoo.errors import InputError, check_int

KEYS = ("allow", "input", "output", "run", "sample", "seed")

HELP = """\
Outputs of a trained model for new points.

usage: nnzoo predict [run=FOLDER] [input=... | sample=N] [output=FILE.csv]

keys
  run=FOLDER              a run's folder (its best checkpoint is used) or a checkpoint;
                          default: the newest run below outputs and multirun; of a sweep, its
                          best job
  'input=[1,0,0]'         a point, in the units of the data
  'input=[[1,0],[0,1]]'   several points
  'input={a: 1, b: 0}'    a point, by feature name
  input=FILE.csv          a table: named columns in any order, or unnamed ones in the model's order
  output=FILE.csv         also writes the table to a file, with all digits
  sample=N                N new points from a generative model; seed=0 makes them repeatable
  --config-dir DIR        adds models of your own, DIR/model/NAME.yaml
  allow=[PACKAGE]         allows the model to be a class of a package of your own

Without input= and sample=, numbers are read from a prompt at the terminal.

examples
  nnzoo predict
  nnzoo predict run=outputs/perceptron/2025-01-31_12-00-00 'input=[0.3,0.2]'
  nnzoo predict input=points.csv output=predictions.csv
"""


def predict(arguments: list[str]) -> None:
    """Run ``nnzoo predict``.

    Raises:
        InputError: if an argument is invalid, or the run or the input cannot be read.
    """
    keys = parse(arguments, KEYS)
    _check(keys)
    allow = read_allowed(keys.get("allow"))
    path = free_path(keys["output"], ".csv") if "output" in keys else None
    n = check_int("sample", read_value("sample", keys.get("sample", "1")))
    seed = check_int("seed", read_value("seed", keys.get("seed", "0")), low=0, high=2**32 - 1)

    load_libraries()
    from nnzoo.cli.inputs import read_input
    from nnzoo.cli.predictions import predict_points, print_rows, to_cells, to_text, write_rows
    from nnzoo.cli.prompt import prompt
    from nnzoo.runs.checkpoint import load_model
    from nnzoo.runs.find import choose_run

    run = choose_run(keys.get("run"))
    model = load_model(run, allow)
    header = model.feature_names
    rows: list[list[Any]]
    if "sample" in keys:
        title = "samples"
        rows = model.sample(n, seed).tolist()
        shown = [to_cells(header, row, ".6g", "sample") for row in rows]
    elif "input" in keys:
        title = "predictions"
        points = read_input(keys["input"], model)
        columns, outputs, labels = predict_points(model, points)
        header = [*header, *columns, *labels[0]]
        predicted = list(zip(points, outputs, labels, strict=True))
        rows = [[*point, *output, *label.values()] for point, output, label in predicted]
        shown = [
            {"input": to_text(point, ".6g"), **to_cells(columns, output, ".6f", "output"), **label}
            for point, output, label in predicted
        ]
    else:
        prompt(model)
        return
    if path is not None:
        write_rows(path, header, rows)
    print_rows(title, shown, path)


def _check(keys: dict[str, str]) -> None:
    """Raise an InputError if keys cannot be combined, or a prompt is needed without a terminal."""
    if "input" in keys and "sample" in keys:
        raise InputError("give input= or sample=, not both")
    if "seed" in keys and "sample" not in keys:
        raise InputError("seed= needs sample=N")
    if "input" in keys or "sample" in keys:
        return
    if "output" in keys:
        raise InputError("output= needs input= or sample=N")
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(
            "give 'input=[...]', input=FILE.csv or sample=N; the prompt that asks for numbers "
            "needs a terminal"
        )
