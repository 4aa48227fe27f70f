"""Runs on the disk: the newest one, its config and its checkpoint."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.catalogue import check_target
from nnzoo.errors import InputError
from nnzoo.runs.checkpoint import FILES, checkpoint_file
from nnzoo.runs.reading import read_yaml

ROOTS = ("outputs", "multirun")
MANIFEST = "jobs.jsonl"
"""The file in a sweep's folder that lists its jobs, one per line."""

NEEDED: dict[str, Any] = {"data": (dict, type(None)), "model": dict, "run": dict, "seed": int}
"""Keys of a run's config, and their types."""


def is_sweep(folder: Path) -> bool:
    """Return whether a folder is that of a sweep."""
    return (folder / MANIFEST).is_file()


def newest_folder() -> Path:
    """Return the folder of the run with the newest checkpoint below ``outputs`` and ``multirun``,
    or of the sweep that it belongs to.

    Raises:
        InputError: if there is no run.
    """
    found = [
        (file.stat().st_mtime_ns, file.parents[1])
        for root in ROOTS
        for name in FILES
        for file in Path(root).rglob(f"checkpoints/{name}")
    ]
    if not found:
        raise InputError(
            f"there is no run below {' or '.join(ROOTS)}; name one, run=FOLDER, or train one: "
            "nnzoo train model=NAME"
        )
    newest = max(found)[1]
    return newest.parent if is_sweep(newest.parent) else newest


def choose_run(path: str | None) -> Path:
    """Return the named run, None: the newest one, or the best job of the sweep of that name. Print
    what was not named.

    Raises:
        InputError: if there is no run, or the sweep has no best job.
    """
    folder = newest_folder() if path is None else Path(path)
    if is_sweep(folder):
        folder, metric = _best_job(folder)
        print(f"run {folder}, the best job of the sweep by {metric}")
    elif path is None:
        print(f"run {folder}")
    return folder


def _best_job(sweep: Path) -> tuple[Path, str]:
    """Return the folder of a sweep's completed job with the lowest value of the monitored metric,
    and that metric.

    Raises:
        InputError: if no job is completed, the metrics differ, or a file is damaged.
    """
    found = []
    for file in sweep.rglob("result.json"):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["status"] == "completed" and content.get("best"):
                value, metric = content["best"]["value"], str(content["monitor"]["metric"])
                value = math.inf if value is None else float(value)
                found.append((value, str(file.parent), metric))
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise InputError(
                f"{file} is not the result of a run; name a job, such as run={sweep}/0"
            ) from error
    metrics = {metric for *_, metric in found}
    if len(metrics) != 1:
        how = "of models with different metrics" if metrics else "without a completed job"
        raise InputError(f"{sweep} is a sweep {how}: name a job, run={sweep}/0")
    _, folder, _ = min(found, key=lambda item: item[:2])
    return Path(folder), metrics.pop()


class RunFiles(NamedTuple):
    """The files of a run.

    Attributes:
        checkpoint: the checkpoint of its model.
        folder: the run's folder, for further files.
        config: the run's config; None: the checkpoint is not in a run's folder.
    """

    checkpoint: Path
    folder: Path
    config: dict[str, Any] | None


def read_run(path: Path) -> RunFiles:
    """Return the run of a folder or of a checkpoint.

    Raises:
        InputError: if there is no checkpoint, or the config cannot be read.
    """
    checkpoint = checkpoint_file(path).absolute()
    folder = checkpoint.parents[1]
    file = folder / "config.yaml"
    if not file.is_file():
        return RunFiles(checkpoint, path if path.is_dir() else path.parent, None)
    config = read_yaml(file)
    missing = [key for key in NEEDED if key not in config]
    wrong = [k for k, kind in NEEDED.items() if k in config and not isinstance(config[k], kind)]
    if missing:
        raise InputError(f"{file} is not the config of a run: it lacks {', '.join(missing)}")
    if wrong:
        raise InputError(
            f"{file} is not the config of a run: its {wrong[0]} is {config[wrong[0]]!r}"
        )
    if lacking := {"model", "data"} - {*config["run"]}:
        raise InputError(f"{file} is not the config of a run: its run lacks {min(lacking)}")
    return RunFiles(checkpoint, folder, config)


def data_node(
    config: dict[str, Any], allow: Sequence[str], typed: Mapping[str, Any], instead: str = ""
) -> dict[str, Any]:
    """Return the node of a run's own data in its config, with its class checked unless it is typed.

    Args:
        config: of the run.
        allow: packages whose classes it may name, besides the catalogue's.
        typed: keys that the user changes.
        instead: what to do without such data, for the message.

    Raises:
        InputError: if the data came from Python, or their class is not allowed.
    """
    node: dict[str, Any] | None = config["data"]
    if node is None:
        raise InputError(f"the data of this run were given from Python and are not saved{instead}")
    if "_target_" not in typed:
        check_target(node.get("_target_"), "data", allow)
    return {**node, **typed}
