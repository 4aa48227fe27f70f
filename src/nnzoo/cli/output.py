"""Printed output of a run: a header, then metrics, weights and paths."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnzoo.cli.table import print_metrics, print_table
from nnzoo.entries import typed_folders
from nnzoo.errors import counted, printable
from nnzoo.runs.text import short_path

if TYPE_CHECKING:
    from nnzoo.runs.job import Job

LARGE_TARGET = 10
"""Targets larger than this are far from the outputs of an untrained network."""

IMBALANCE = 10
"""If the largest class has more than this many times the points of the smallest, print a note."""

RISE = 10
"""If the loss of the last epoch is more than this many times that of the first, a note says so."""


def print_header(result: Mapping[str, Any], data: Any) -> None:
    """Print notes on the data, and a line with the model, its size, the data and the device."""
    for note in data.notes:
        print(f"note: {printable(note)}")
    unscaled = data.n_targets is not None and data.target_scale == "none"
    if unscaled and data.raw[0].y.abs().max() > LARGE_TARGET:
        print("note: the targets are large and hard to learn: try data.target_scale=standard")
    print(
        f"{result['model']} ({counted(result['parameters'], 'parameter')}) on {result['data']} "
        f"({printable(data.summary)}), {result['device']}, seed {result['seed']}"
    )


def print_result(result: Mapping[str, Any], rows: list[dict[str, float]], planned: Any) -> None:
    """Print the metrics, the learned weights and outputs if they are few, and the paths;
    ``planned``: the maximum number of epochs."""
    best, last, monitor = result["best"], result["last"], result["monitor"]["metric"]
    ends, value = f"last epoch: {last['epoch']}", f"{last['value']:.6g}"
    if result["monitor"]["mode"] == "last":
        title = f"{ends} ({monitor} {value})"
    else:
        title = f"best epoch by {monitor}: {best['epoch']} ({best['value']:.6g}); {ends} ({value})"
    title += f"; {result['fit_seconds']:.2f} s"
    if isinstance(planned, int) and result["epochs"] < planned:
        title += f"; ended after {result['epochs']} of {planned} epochs"
    is_trained = result["epochs"] > 0
    print_metrics(
        title if is_trained else "not trained, with the initial weights", result["metrics"]
    )
    print_recalls(result)
    if result["weights"]:
        columns = {when: _by_unit(values) for when, values in result["weights"].items()}
        table = [
            {"weight": k} | {when: values.get(k) or "" for when, values in columns.items()}
            for k in columns["after"]
        ]
        print_table("weights", table)
    if result["outputs"]:
        print_table("outputs", result["outputs"])
    for note in notes(result, rows) if is_trained else ():
        print(f"note: {note}")
    print_paths(result["paths"])
    run = shlex.quote(short_path(result["paths"]["folder"]))
    folders = (shlex.quote(short_path(folder)) for folder in typed_folders())
    flags = "".join(f"--config-dir {folder} " for folder in folders)
    print(f"try it       nnzoo predict {flags}run={run}")


def print_recalls(result: Mapping[str, Any], own: bool = True) -> None:
    """Print the recall of each class, if there are few classes; ``own``: of the data that the model
    was trained on."""
    if result["recalls"]:
        has_val = any(name.startswith("val_") for name in result["metrics"])
        part = "validation" if has_val else "training"
        where = f", {part} part" if own or has_val else ""
        print_table(f"recall by class{where}", result["recalls"])


def data_notes(job: "Job") -> list[str]:
    """Return notes on the data that a model is about to be trained on."""
    return output_notes(job) + imbalance_notes(job.data, job.model) + job.model.notes(job.data)


def output_notes(job: "Job") -> list[str]:
    """Return a note if the data have decided on the output activation of an autoencoder, or leave
    the range of the one that it has."""
    from nnzoo.models import Reconstructor

    is_chosen = job.config["model"].get("output_activation") is not None
    output = job.model.hparams.get("output_activation")
    if output is None or not isinstance(job.model, Reconstructor):
        return []
    if output == "sigmoid" and job.model.sizes(job.data)["output_activation"] == "identity":
        return [
            "the scaled data leave [0, 1], which the outputs of model.output_activation=sigmoid "
            "cannot: use data.scale=minmax or another activation"
        ]
    if is_chosen or output != "identity":
        return []
    return ["model.output_activation is identity, since the scaled data leave [0, 1]"]


def imbalance_notes(data: Any, model: Any) -> list[str]:
    """Return a note on classes of very unequal size."""
    y = data.raw[0].y
    if data.n_classes is None or y is None:
        return []
    counts = y.reshape(-1).long().bincount()
    least, most = int(counts[counts > 0].min()), int(counts.max())
    if most <= IMBALANCE * least:
        return []
    rare, common = (data.class_names[(counts == n).nonzero()[0, 0]] for n in (least, most))
    note = (
        f"the training part has {most} points of class {printable(common)} and {least} of "
        f"{printable(rare)}: see balanced_accuracy and the recalls"
    )
    if model.hparams.get("class_weight", "") is None:
        note += "; model.class_weight=balanced gives the classes equal weight"
    return [note]


def notes(result: Mapping[str, Any], rows: list[dict[str, float]]) -> list[str]:
    """Return notes on a training that did not go well."""
    found = []
    accuracy = result["metrics"].get("accuracy")
    if result["model"] == "perceptron" and accuracy is not None and accuracy < 1:
        found.append(
            "the perceptron still makes errors: it found no boundary that separates the classes"
        )
    elif result["metrics"].get("effective_parameters", 1) < 0.5:
        found.append("all weights are near 0, as if the targets were noise: try another seed")
    elif (
        result["monitor"]["mode"] == "min"
        and (rise := _rise(rows, result["monitor"]["metric"])) is not None
    ):
        found.append(f"{rise}: try a lower learning rate")
    if result["metrics"].get("refused"):
        found.append(
            "some points were not learned, since all categories are in use: raise "
            "model.categories or lower model.vigilance"
        )
    return found


def _rise(rows: list[dict[str, float]], monitor: str) -> str | None:
    """Return in words that the loss rose in the training; None: it did not, or is not monitored."""
    losses = [row["loss"] for row in rows]
    monitored = [row[monitor] for row in rows if monitor in row]
    # A validation loss alone rises by overfitting, and a training loss alone between stages.
    if monitor not in ("loss", "val_loss") or not monitored or monitored[-1] < monitored[0]:
        return None
    first, last = losses[0], losses[-1]
    if len(losses) >= 5 and last > first and min(losses[1:]) >= first:
        return f"the loss rose over the whole training, from {first:.3g} to {last:.3g}"
    return f"the loss rose from {first:.3g} to {last:.3g}" if last > RISE * first > 0 else None


def print_paths(paths: Mapping[str, str]) -> None:
    """Print a line for each file or folder, by name."""
    for name, path in paths.items():
        print(f"{name:<12} {short_path(path)}")


def _by_unit(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return each unit's weights under its own name, with an index if there are several units."""
    named: dict[str, Any] = {}
    for name, values in weights.items():
        rows = values if isinstance(values[0], list | None) else [values]
        several = len(rows) > 1
        named |= {f"{name}[{i}]" if several else name: row for i, row in enumerate(rows)}
    return named
