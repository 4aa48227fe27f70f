"""Runs on the disk: the newest one, its config and its checkpoint."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.errors import InputError, message
from nnzoo.runs.checkpoint import FILES, checkpoint_file

ROOTS = ("outputs", "multirun")
NEEDED = ("data", "model", "run", "seed")


def choose_run(path: str | None) -> Path:
    """Return the named run; None: print and return the folder of the run with the newest
    checkpoint below ``outputs`` and ``multirun``, of a sweep its best job.

    Raises:
        InputError: if there is none, or its sweep has no best job.
    """
    if path is not None:
        return Path(path)
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
    _, newest = max(found)
    if not (newest.parent / "jobs.jsonl").is_file():
        print(f"run {newest}")
        return newest
    best, metric = _best_job(newest.parent)
    print(f"run {best}, the best job of its sweep by {metric}")
    return best


def _best_job(sweep: Path) -> tuple[Path, str]:
    """Return the folder of a sweep's completed job with the lowest value of the monitored metric,
    and that metric.

    Raises:
        InputError: if no job is completed, or the jobs monitor different metrics.
    """
    found = []
    for file in sweep.rglob("result.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["status"] == "completed" and content.get("best"):
            value = content["best"]["value"]
            found.append((math.inf if value is None else value, str(file.parent), content))
    metrics = {content["monitor"]["metric"] for *_, content in found}
    if len(metrics) != 1:
        how = "without a completed job" if not metrics else "of models with different metrics"
        raise InputError(f"{sweep}, the newest run, is a sweep {how}: name a job, run={sweep}/0")
    _, folder, _ = min(found, key=lambda item: item[:2])
    return Path(folder), metrics.pop()


class Run(NamedTuple):
    """A run on the disk.

    Attributes:
        checkpoint: of its model.
        folder: of the run, for further files.
        config: of the run; None: the checkpoint does not lie in a run's folder.
    """

    checkpoint: Path
    folder: Path
    config: dict[str, Any] | None


def read_run(path: Path) -> Run:
    """Return the run of a folder or of a checkpoint.

    Raises:
        InputError: if there is no checkpoint, or the config cannot be read.
    """
    checkpoint = checkpoint_file(path).absolute()
    folder = checkpoint.parents[1]
    file = folder / "config.yaml"
    if not file.is_file():
        return Run(checkpoint, path if path.is_dir() else path.parent, None)
    from omegaconf import OmegaConf

    try:
        config: Any = OmegaConf.to_container(OmegaConf.load(file))
        missing = [key for key in NEEDED if key not in config]
    except Exception as error:  # OmegaConf and its YAML raise many kinds
        raise InputError(f"{file} cannot be read: {message(error)}") from error
    if missing:
        raise InputError(f"{file} is not the config of a run: it lacks {', '.join(missing)}")
    return Run(checkpoint, folder, config)
