"""Runs that are done: the newest, a run's config, and where its files lie."""

from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.errors import InputError
from nnzoo.zoo import checkpoint_file

ROOTS = ("outputs", "multirun")
CHECKPOINTS = ("best.ckpt", "last.ckpt")
NEEDED = ("data", "model", "run", "seed")


def chosen(path: str | None) -> Path:
    """The run that is named; without a name the newest, which is said in a line.

    Raises:
        InputError: if there is none.
    """
    if path is not None:
        return Path(path)
    found = newest()
    print(f"run {found}")
    return found


def newest() -> Path:
    """The folder of the run with the newest checkpoint below ``outputs`` and ``multirun``.

    Raises:
        InputError: if there is none.
    """
    found = [
        (file.stat().st_mtime_ns, file.parents[1])
        for root in ROOTS
        for name in CHECKPOINTS
        for file in Path(root).rglob(f"checkpoints/{name}")
    ]
    if not found:
        raise InputError(
            f"there is no run below {' or '.join(ROOTS)}; name one, run=FOLDER, or train one: "
            "python scripts/train.py model=NAME"
        )
    return max(found)[1]


class Run(NamedTuple):
    """A run as it lies on the disk.

    Attributes:
        checkpoint: of its model.
        folder: where its further files go.
        config: what was composed for it; None: of a checkpoint with no run around it.
    """

    checkpoint: Path
    folder: Path
    config: dict[str, Any] | None


def read_run(path: Path) -> Run:
    """The run of a folder or of a checkpoint.

    Raises:
        InputError: if there is no checkpoint, or a config that cannot be read.
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
        raise InputError(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if missing:
        raise InputError(f"{file} is no config of a run: it lacks {', '.join(missing)}")
    return Run(checkpoint, folder, config)
