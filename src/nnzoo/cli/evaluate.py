"""``nnzoo evaluate``: metrics and figures of a trained model on its own or other data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.cli.allowed import read_allowed
from nnzoo.cli.command import load_libraries, parse, read_value
from nnzoo.errors import InputError, RunError, check_choice, printable

if TYPE_CHECKING:
    from nnzoo.runs.find import RunFiles

KEYS = ("allow", "data", "figures", "run")
HELP = """\
Metrics and figures of a trained model, on its own or other data.

usage: nnzoo evaluate [run=FOLDER] [data=NAME] [data.KEY=VALUE ...]

keys
  run=FOLDER        a run's folder (its best checkpoint is used) or a checkpoint;
                    default: the newest run below outputs and multirun; of a sweep, its best job
  data=NAME         other data (nnzoo list data); default: the run's own
  data.KEY=VALUE    an argument of the data
  figures=none      no figures
  --config-dir DIR  adds models of your own, DIR/model/NAME.yaml
  allow=[PACKAGE]   allows the run's model and data to be classes of a package of your own

The scaling saved with the model is applied to all data. The metrics (result.json) and figures are
written to a new folder 'evaluation' in the run's folder.

examples
  nnzoo evaluate
  nnzoo evaluate run=outputs/perceptron/2025-01-31_12-00-00 data=xor
  nnzoo evaluate data=table data.path=FILE.csv data.target=COLUMN
"""


def evaluate(arguments: list[str]) -> dict[str, Any]:
    """Run ``nnzoo evaluate``.

    Returns:
        The content of ``result.json``.

    Raises:
        InputError: if an argument is invalid, or the run or the data cannot be read.
    """
    keys = parse(arguments, KEYS, group="data")
    figures = check_choice("figures", keys.get("figures", "default"), ("default", "none"))
    allow = read_allowed(keys.get("allow"))
    options = {
        key.removeprefix("data."): read_value(key, text)
        for key, text in keys.items()
        if key.startswith("data.")
    }
    for key in ("data.scale", "data.target_scale"):
        if key in keys:
            raise InputError(f"{key} cannot be set: the scaling saved with the model is applied")

    load_libraries(is_report=True)
    import lightning.pytorch as pl

    from nnzoo.catalogue import build
    from nnzoo.cli.output import print_header, print_paths, print_recalls
    from nnzoo.cli.table import print_metrics
    from nnzoo.models.parts.align import align_data
    from nnzoo.runs.checkpoint import load_model
    from nnzoo.runs.evaluation import compare, recalls
    from nnzoo.runs.evaluation import evaluate as evaluate_model
    from nnzoo.runs.files import fresh_folder, read_numbers, remove_unused, write_json
    from nnzoo.runs.find import choose_run, read_run
    from nnzoo.runs.job import versions

    run = read_run(choose_run(keys.get("run")))
    model = load_model(run.checkpoint, allow)
    config = run.config or {"seed": 0, "data": {}, "run": {"model": type(model).__name__}}
    pl.seed_everything(config["seed"], verbose=False)
    untrained = type(model)(**model.hparams).to(model.dtype).eval()
    data = build(_data_node(keys.get("data"), options, run, allow), "data")
    data.scale = (config["data"] or {}).get("scale", "none")
    name = keys.get("data", config["run"].get("data"))
    notes = align_data(data, model)
    untrained.set_scaling(data)
    result: dict[str, Any] = {
        "status": "completed",
        "error": None,
        "model": config["run"]["model"],
        "data": "typed points" if "x" in options else name,
        "seed": config["seed"],
        "device": "cpu",
        "parameters": sum(p.numel() for p in model.parameters()),
        "checkpoint": str(run.checkpoint),
        "overrides": arguments,
        "versions": versions(),
    }
    print_header(result, data)
    for note in notes:
        print(printable(note))
    result["metrics"] = evaluate_model(model, data) | compare(model, untrained, data)
    result["recalls"] = recalls(model, data)

    folder = Path(fresh_folder(str(run.folder / "evaluation")))
    result["paths"] = {"folder": str(folder), "result": str(folder / "result.json")}
    if figures == "default":
        result["paths"]["figures"] = str(folder / "figures")
    try:
        write_json(folder / "result.json", result)  # before figures, which may fail
    except RunError:
        remove_unused()
        raise
    if figures == "default":
        from nnzoo.runs.figure_options import figure_options
        from nnzoo.runs.pictures import draw, drawing_of

        is_own = not options and "data" not in keys  # the training curve is of the run's own data
        rows = read_numbers(run.checkpoint.parents[1] / "metrics.csv") if is_own else []
        epochs = (config.get("trainer") or {}).get("max_epochs")
        drawing = drawing_of(result, model, untrained, data, rows, is_own, epochs)
        chosen = figure_options(config.get("figures") or {})
        draw(drawing, folder / "figures", options=chosen)
    print_metrics(f"metrics of {run.checkpoint.name}", result["metrics"])
    print_recalls(result, own="data" not in keys and not options)
    print_paths(result["paths"])
    return result


def _data_node(
    name: str | None, options: dict[str, Any], run: "RunFiles", allow: list[str]
) -> dict[str, Any]:
    """Return the config node of the data: an entry's or the run's own, updated by options."""
    from nnzoo.cli.listing import print_clash
    from nnzoo.entries import read_entry
    from nnzoo.runs.find import data_node

    if (options and name is None) or "path" in options:  # options may change which rows there are
        options = {"val_fraction": 0.0, "test_fraction": 0.0, "folds": None} | options
    if name is not None:
        print_clash("data", name)
        seed = 0 if run.config is None else run.config["seed"]
        return {"seed": seed} | read_entry("data", name) | options
    if run.config is None:
        raise InputError(
            f"{run.checkpoint} is not in a run's folder with a config.yaml; add data=NAME"
        )
    return data_node(run.config, allow, options, "; add data=NAME")
