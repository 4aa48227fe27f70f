"""The text of ``nnzoo train --help``, read from the catalogue's files without heavy imports."""

import ast
import re
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from nnzoo.cli.listing import GROUPS, chosen, description, merged, read, target
from nnzoo.cli.sources import arguments, attribute, keys_in, meaning, names_in, shown
from nnzoo.cli.table import WIDTH, aligned
from nnzoo.entries import entries
from nnzoo.errors import check_choice

COLUMNS = (WIDTH, 14, 14)  # maximum widths of option, default and type
HEAD = ("option", "default", "type", "meaning")
LAYERS = ("trainer", "figures", "data", "model", "experiment")  # of the config; the last one wins
SWEPT = re.compile(r"[,(*]")  # in the value of a key that is swept over

TEXT = """\
nnzoo trains a classical neural network.

usage: nnzoo train model=NAME [GROUP=NAME ...] [KEY=VALUE ...]

{groups}
keys
  seed=0                       fixes weights, data, split and order
  model.KEY=VALUE              an argument of the model
  data.KEY=VALUE               an argument of the data, such as data.batch_size=8
  data.scale=standard          scales the features; or none, minmax, frobenius, bipolar
  trainer.max_epochs=100       the length of the training; an epoch is one pass over the data
  trainer.KEY=VALUE            an argument of Lightning's Trainer
  figures.show=true            opens a window with the figures
  figures.format=pdf           png, pdf or svg
  figures.rotate=true          also writes 3-D figures as rotating GIFs
  resume=FOLDER                continues the training of a run
  start_from=FOLDER            starts from the weights of a run
  hydra.run.dir=FOLDER         the folder for the run's files

examples
  nnzoo train model=autoencoder
  nnzoo train model=autoencoder model.latent=2 data=digits seed=1
  nnzoo train model=sigmoid_classifier data=iris 'model.hidden=[8]'
  nnzoo train model=mlp data=table data.path=FILE.csv data.target=COLUMN
  nnzoo train experiment=perceptron_tutorial
  nnzoo train -m model=perceptron,autoencoder seed=1,2           (a sweep: every combination)
  nnzoo train -m model=competitive 'seed=range(0,20)'
  nnzoo train -m resume_sweep=FOLDER                             (trains its unfinished jobs)

flags
  -m             run a sweep                     --cfg job     print the config and stop
  --help         print this text                 --hydra-help  print Hydra's own flags
  --version      print the version of nnzoo

  --config-dir DIR   adds models of your own, DIR/model/NAME.yaml, as the variable NNZOO_CONF does

  nnzoo train model=NAME --help                  print all options of a model and of its data

other commands (each has a --help)
  nnzoo predict                apply the newest run's model to new points
  nnzoo evaluate               its metrics and figures, on its own or other data
  nnzoo report                 one HTML page of a run or a sweep
  nnzoo export                 the model as ONNX, torch.export or safetensors
  nnzoo list models            list models, data or experiments
"""

# Option | default, unless a YAML file sets it | type | meaning, in addition to a YAML comment
OPTIONS = """\
seed |  | int |
threads | null | int or null |
show | null | int or null |
trainer |  |  | {trainer}: the device
trainer.max_epochs |  | int | length of the training; an epoch is one pass over the data
trainer.check_val_every_n_epoch | 1 | int | epochs between two measurements of the metrics
trainer.KEY |  |  | any argument of Lightning's Trainer
model.optimizer.name |  | str | one of {OPTIMIZERS}
model.optimizer.lr | torch's | float | learning rate
model.optimizer.KEY |  |  | any argument of the optimizer's class, such as weight_decay or mu
model.scheduler.name | null | str or null | one of {SCHEDULERS}; null: constant rate
model.scheduler.KEY |  |  | any argument of torch's scheduler, such as gamma
callbacks |  |  | {callbacks}: callbacks of Lightning's Trainer
logger |  |  | {logger}: where metrics are logged in addition to metrics.csv
figures |  |  | {figures}: which figures are drawn
figures.kinds |  | list or null |
figures.format |  | str |
figures.dpi |  | int |
figures.size |  | list or null |
figures.style |  | str or null |
figures.show |  | bool |
figures.rotate |  | bool |
resume | null | str or null |
start_from | null | str or null |
resume_sweep | null | str or null |
hydra.run.dir | a new folder | str | folder for the run's files
"""
COMMON = [re.split(r" \| ?", line) for line in OPTIONS.splitlines()]

Row = tuple[str, str, str, str]


def help_text(typed: Sequence[str] = ()) -> str:
    """Return the general help, or the options of the model that the arguments choose.

    Args:
        typed: the arguments of ``nnzoo train``: ``model=NAME`` or ``experiment=NAME`` chooses the
            model, and these or ``data=NAME`` choose its data.

    Raises:
        InputError: if the model, data or experiment is unknown.
    """
    names = {group: chosen(typed, group) for group in LAYERS[::-1]}
    for group, name in names.items():
        if name is not None and not SWEPT.search(name) and name != "null":
            check_choice(group, name, entries(group))
    model, data = str(names["model"]), str(names["data"])
    if model not in entries("model"):
        return TEXT.format(groups="\n".join(map(_group, GROUPS)))

    layers = [read("", "train")]
    for group in LAYERS:
        name = names[group] or layers[0]["defaults"].get(group)
        if name in entries(group):
            layers.append(read(group, str(name)))
    config = merged(*layers)
    sections = [(f"model={model} ({target('model', model)})", _options("model", model, config))]
    if data in entries("data"):
        title = f"data={data}: {description('data', data)}"
        sections.append((title, _options("data", data, config)))
    sections.append(("common options", _common(model, config)))
    lines = [*wrap(f"{model}: {description('model', model)}", WIDTH), ""]
    lines += [f"usage: nnzoo train model={model} [data=NAME] [KEY=VALUE ...]", ""]
    for title, rows in sections:
        lines += [*wrap(title, WIDTH), *_table([HEAD, *rows]), ""]
    return "\n".join(lines)


def _group(group: str) -> str:
    rows = [(f"{name:<27}", description(group, name)) for name in entries(group)]
    return "\n".join([f"{group}=", *_table(rows), ""])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in aligned(rows, COLUMNS)]


def _options(group: str, name: str, config: dict[str, Any]) -> list[Row]:
    """Return a row for each argument of the class of a model or data set."""
    class_name = target(group, name)
    values = config.get(group) or {}
    from_data = keys_in(class_name, "sizes") if group == "model" else set()
    rows = []
    for key, argument in arguments(class_name).items():
        if group == "model" and key in ("optimizer", "scheduler"):
            continue  # these are common options
        default = shown(values[key]) if key in values else argument.default or "required"
        if key in from_data and values.get(key) is None:
            default = "from the data"
        text = _explained(f"{group}.{key}", meaning(class_name, key), config)
        rows.append((f"{group}.{key}", default, argument.type, text))
    return rows


def _common(model: str, config: dict[str, Any]) -> list[Row]:
    """Return a row for each common option."""
    class_name = target("model", model)
    known = arguments(class_name)
    if "optimizer" in known and (node := attribute(class_name, "default_optimizer")) is not None:
        config = merged({"model": {"optimizer": ast.literal_eval(node) or {}}}, config)
    names = {group: ", ".join(entries(group)) for group in GROUPS}
    names |= {name: ", ".join(names_in(name)) for name in ("OPTIMIZERS", "SCHEDULERS")}
    return [
        (key, _value(config, key) or default, kind, _explained(key, text.format(**names), config))
        for key, default, kind, text in COMMON
        if not key.startswith("model.") or key.split(".")[1] in known
    ]


def _explained(key: str, text: str, config: dict[str, Any]) -> str:
    """Return the meaning of an option, followed by the YAML's comment on it if that adds to it."""
    comment = config["comments"].get(key, "")
    if comment.lower() in text.lower():
        return text
    return f"{text} ({comment})" if text else comment


def _value(config: Any, key: str) -> str:
    """Return a value of a config, or the chosen entry of a group, as text; empty if none is set."""
    if key in GROUPS:
        return str(config["defaults"][key])
    for part in key.split("."):
        config = config.get(part) if isinstance(config, dict) else None
    return "" if config is None or "${" in str(config) else shown(config)
