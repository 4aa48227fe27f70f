"""Runs on the disk: the newest one, its config and its checkpoint."""

from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.errors import InputError, message
from nnzoo.runs.checkpoint import FILES, checkpoint_file

ROOTS = ("outputs", "multirun")
NEEDED = ("data", "model", "run", "seed")


def choose_run(path: str | None) -> Path:
    """Return the named run; None: print and return the folder of the run with the newest
    checkpoint below ``outputs`` and ``multirun``.

    Raises:
        InputError: if there is none.
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
    print(f"run {newest}")
    return newest


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
