"""Checkpoints: written during a training, resumed from, and loaded as models."""

import io
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor

from nnzoo.engine.progress import Progress
from nnzoo.errors import InputError, message
from nnzoo.models import Model
from nnzoo.models.parts.saving import CHECKPOINT_FORMAT, NAMES, checksum
from nnzoo.runs.classes import model_class
from nnzoo.runs.files import csv_bytes, write_files, writing
from nnzoo.runs.folders import path_of
from nnzoo.runs.reading import read_torch

COLUMNS = ("epoch", "step", "loss")
"""The first columns of ``metrics.csv``."""

FILES = BEST, LAST = "best.ckpt", "last.ckpt"
"""Checkpoints of a run, the preferred one first."""

# Writing


def write_progress(
    folder: Path,
    model: Model,
    data: Any,
    progress: Progress,
    last: dict[str, Any] | None = None,
) -> None:
    """Write ``checkpoints/last.ckpt``, ``checkpoints/best.ckpt`` and ``metrics.csv`` together.

    ``last.ckpt`` contains all of the progress and is replaced first, so ``metrics.csv`` never has a
    row that ``last.ckpt`` lacks.

    Args:
        folder: the run's folder.
        model: the model in training; its weights may change.
        data: its data module.
        progress: progress of the training.
        last: the last checkpoint as Lightning's loop saves it; None: the engine trained.

    Raises:
        RunError: if a file cannot be written.
    """
    checkpoints = folder / "checkpoints"
    with writing(checkpoints):
        checkpoints.mkdir(exist_ok=True)
    files: dict[Path, bytes | memoryview] = {}
    if (best := progress.best) is not None:
        epochs = min(best.epoch + 1, progress.epochs)  # before a training there is none
        content = _content(model, data, best.weights, epochs, best.step)
        best.weights = content["state_dict"]
        files[checkpoints / "best.ckpt"] = _saved(content)
    if last is None:
        last = _content(model, data, progress.weights, progress.epochs, progress.step)
    last["nnzoo"]["training"] = progress.as_dict()
    files[checkpoints / "last.ckpt"] = _saved(last)
    files[folder / "metrics.csv"] = csv_bytes(progress.rows, COLUMNS)
    write_files(files)


def _saved(content: dict[str, Any]) -> memoryview:
    """Return what ``torch.save`` writes; its own errors hide why a file cannot be written."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getbuffer()


def _content(
    model: Model, data: Any, weights: dict[str, Tensor], epochs: int, step: int
) -> dict[str, Any]:
    """Return a checkpoint like Lightning's, without the state of its loops; calibrate the model
    before, if it has ``calibrate``."""
    if type(model).calibrate is not Model.calibrate:
        model.load_state_dict(weights)
        model.calibrate(data)
        weights = {name: value.clone() for name, value in model.state_dict().items()}
    content = {
        "epoch": epochs,
        "global_step": step,
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": dict(weights),
        "hyper_parameters": dict(model.hparams),
    }
    model.on_save_checkpoint(content)
    return content


# Reading


def load_model(path: str | Path, allow: Sequence[str] = ()) -> Model:
    """Return a trained model, in eval mode on the CPU.

    ``forward`` takes scaled values, ``predict`` raw ones.

    Args:
        path: a checkpoint, or a run's folder: its best checkpoint, otherwise the last.
        allow: packages whose classes may be imported, besides the catalogue's.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of a model of the catalogue,
            of an imported class or of an allowed package.
    """
    file = checkpoint_file(path)
    content = read_checkpoint(file)
    weights, arguments = content["state_dict"], content["hyper_parameters"]
    kind = model_class(content["nnzoo"], file, allow)
    try:
        return restored(kind, arguments, weights, content)
    except Exception as error:  # constructors raise many kinds
        raise InputError(f"{file} is damaged: {message(error)}") from error


def restored(
    kind: type[Any],
    arguments: dict[str, Any],
    weights: dict[str, Tensor],
    content: dict[str, Any],
) -> Model:
    """Return a trained model from the parts that a file holds, in eval mode on the CPU.

    Args:
        kind: the model's class.
        arguments: of its constructor.
        weights: its state_dict.
        content: of the file, with the names under ``nnzoo``, for ``on_load_checkpoint``.

    Raises:
        Exception: of any kind, if the parts do not fit together.
    """
    _check_sizes(kind, arguments, weights)
    with torch.random.fork_rng(devices=[]):  # the constructor initializes weights
        model: Model = kind(**arguments)
    model.to(dtype_of(weights)).load_state_dict(weights)
    model.on_load_checkpoint(content)
    _check_names(model)
    return model.eval()


def _check_names(model: Model) -> None:
    """Raise a TypeError if a model's names are not lists of strings, one for each feature."""
    for name in NAMES:
        names = getattr(model, name)
        if not isinstance(names, list) or not all(isinstance(own, str) for own in names):
            raise TypeError(f"{name} is {names!r}")
    if len(model.feature_names) != model.in_features:
        raise TypeError(f"it has {len(model.feature_names)} feature_names")


def _check_sizes(kind: type[Any], arguments: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Raise an error before a model is built if it would be larger than its saved weights."""
    if arguments["in_features"] != len(weights["scaling.offset"]):
        raise ValueError("its weights and its options differ in size")
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            model: Model = kind(**arguments)
    except (NotImplementedError, RuntimeError):  # the user's own class reads its weights
        if kind.__module__.startswith("nnzoo."):
            raise
        return
    model.load_state_dict(weights, assign=True)


def checkpoint_file(path: str | Path) -> Path:
    """Return the file of a checkpoint.

    Args:
        path: see ``load_model``.

    Raises:
        InputError: if there is none.
    """
    path = path_of(path, "the file or folder of a model")
    if path.is_dir():
        for name in FILES:
            if (file := path / "checkpoints" / name).is_file():
                return file
        job, hint = path / "0", ""
        if job.is_dir():
            hint = f"; it is a sweep, name one of its jobs: {job}"
        elif (path / "config.yaml").is_file():
            hint = "; its training was stopped before it wrote one, train it again"
        raise InputError(f"the folder {path} holds no checkpoints/best.ckpt or last.ckpt{hint}")
    if not path.is_file():
        raise InputError(f"there is no run or checkpoint {path}{_nearest(path)}")
    return path


def _nearest(path: Path) -> str:
    """Return a suggestion of files or folders with names similar to the missing one's."""
    missing = next(part for part in (*reversed(path.parents), path) if not part.exists())
    names = [file.name for file in missing.parent.iterdir()] if missing.parent.is_dir() else []
    close = get_close_matches(missing.name, names)
    found = [str(path).replace(str(missing), str(missing.with_name(name)), 1) for name in close]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint, on the CPU.

    Raises:
        InputError: if it cannot be read, or is not a checkpoint of an nnzoo model.
    """
    try:
        content: dict[str, Any] = read_torch(file)
        kept, weights, _ = (dict(content[k]) for k in ("nnzoo", "state_dict", "hyper_parameters"))
        is_current = bool(kept.get("format") == CHECKPOINT_FORMAT)
        if not isinstance(kept["class"], str):
            raise TypeError("the class is not a name")
        if not all(isinstance(value, Tensor) for value in weights.values()):
            raise TypeError("weights are not tensors")
        is_intact = not is_current or kept["checksum"] == checksum(weights)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error
    except Exception as error:  # torch raises many kinds for other files
        raise InputError(f"{file} is not a checkpoint of an nnzoo model") from error
    if not is_intact:
        raise InputError(f"{file} is damaged: the checksum of its weights does not match")
    if not is_current:
        raise InputError(
            f"{file} was written by another version of nnzoo and cannot be read by this one; "
            "train the model again"
        )
    return content


def dtype_of(weights: Mapping[str, Tensor]) -> torch.dtype:
    """Return the type of a model's weights, the smallest: scalings and competitive layers are
    float64 in any model."""
    floats = [value.dtype for value in weights.values() if value.is_floating_point()]
    return min(floats, key=lambda dtype: dtype.itemsize)
