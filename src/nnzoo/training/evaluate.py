"""``python scripts/evaluate.py``: scores of a trained model on its own or other data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.errors import InputError, one_of
from nnzoo.training.door import load_libraries, open_door, parse, value

if TYPE_CHECKING:
    from nnzoo.training.runs import Run

KEYS = ("data", "figures", "run")
FIXED = ("data.scale", "data.target_scale")
"""Keys of the scaling, which is the model's."""

HELP = """\
Scores and pictures of a trained model, on its own data or others.

usage: python scripts/evaluate.py [run=FOLDER] [data=NAME] [data.KEY=VALUE ...]

keys
  run=FOLDER        a run's folder, whose best checkpoint is taken, or a checkpoint;
                    left out: the newest run below outputs and multirun
  data=NAME         other data (python scripts/train.py --help lists them); left out: the run's own
  data.KEY=VALUE    an argument of the data
  figures=none      no pictures

The scaling saved with the model is applied to all data. Numbers go into result.json and pictures
into figures, in a new folder 'evaluation' in the run's folder.

examples
  python scripts/evaluate.py
  python scripts/evaluate.py run=outputs/perceptron/2025-01-31_12-00-00 data=xor
  python scripts/evaluate.py data=csv data.path=FILE.csv data.target=COLUMN
"""


def main() -> None:
    """Evaluate as the command line says; exit code 1 and one line on an error."""
    open_door(evaluate, HELP)


def evaluate(arguments: list[str]) -> dict[str, Any]:
    """Score a trained model as a command line says, and write the result and pictures.

    Returns:
        The content of ``result.json``.

    Raises:
        InputError: if something that was asked for cannot be done.
    """
    keys = parse(arguments, KEYS, group="data")
    draws = one_of("figures", keys.get("figures", "default"), ("default", "none")) == "default"
    options = {
        key.removeprefix("data."): value(key, text)
        for key, text in keys.items()
        if key.startswith("data.")
    }
    for key in FIXED:
        if key in keys:
            raise InputError(f"{key} cannot be set: the scaling saved with the model is applied")

    load_libraries()
    import lightning.pytorch as pl

    from nnzoo.training import report
    from nnzoo.training.files import write_json
    from nnzoo.training.fitting import fit_data
    from nnzoo.training.folders import fresh_folder
    from nnzoo.training.run import scores, versions
    from nnzoo.training.runs import chosen, read_run
    from nnzoo.zoo import build, load_model

    run = read_run(chosen(keys.get("run")))
    model = load_model(run.checkpoint)
    config = run.config or {"seed": 0, "data": {}, "run": {"model": type(model).__name__}}
    pl.seed_everything(config["seed"], verbose=False)
    untrained = type(model)(**model.hparams).to(model.dtype).eval()
    data = build(_data_node(keys.get("data"), options, run), "data")
    data.scale = (config["data"] or {}).get("scale", "none")
    notes = fit_data(data, model)
    untrained.adopt(data)
    result: dict[str, Any] = {
        "status": "completed",
        "error": None,
        "model": config["run"]["model"],
        "data": keys.get("data", config["run"].get("data")),
        "seed": config["seed"],
        "device": "cpu",
        "parameters": sum(p.numel() for p in model.parameters()),
        "checkpoint": str(run.checkpoint),
        "overrides": arguments,
        "versions": versions(),
    }
    report.print_header(result, data)
    for note in notes:
        print(note)
    result["metrics"] = scores(model, data) | model.assess(data, untrained)

    folder = Path(fresh_folder(str(run.folder / "evaluation")))
    result["paths"] = {"folder": str(folder), "result": str(folder / "result.json")}
    if draws:
        result["paths"]["figures"] = str(folder / "figures")
    write_json(folder / "result.json", result)  # before the pictures, whose failure loses no number
    if draws:
        from nnzoo.training.pictures import Drawing, draw

        title = f"{result['model']} on {result['data']}"
        draw(Drawing(model, untrained, data, [], title), folder / "figures")
    metrics = [{"metric": name, "value": number} for name, number in result["metrics"].items()]
    report.print_table(f"metrics of {run.checkpoint.name}", metrics)
    report.print_paths(result["paths"])
    return result


def _data_node(name: str | None, options: dict[str, Any], run: "Run") -> dict[str, Any]:
    """The config node of the data: an entry's, or the run's own, with options over it."""
    from nnzoo.zoo import read_entry

    if name is not None:
        seed = 0 if run.config is None else run.config["seed"]
        return {"seed": seed} | read_entry("data", name) | options
    if run.config is None:
        raise InputError(
            f"there is no config.yaml of a run beside {run.checkpoint}: name the data, data=NAME"
        )
    if run.config["data"] is None:
        raise InputError("the run's data were given from Python: name the data, data=NAME")
    node: dict[str, Any] = run.config["data"]
    return node | options


if __name__ == "__main__":
    main()
