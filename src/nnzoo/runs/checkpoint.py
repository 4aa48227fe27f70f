"""Checkpoints: written during a training, resumed from, and loaded as models."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import lightning
import torch
from torch import Tensor

from nnzoo.catalogue import list_models, read_entry
from nnzoo.engine.progress import Progress
from nnzoo.engine.schedules import check_length
from nnzoo.errors import InputError, message
from nnzoo.models import Model
from nnzoo.models.base import CHECKPOINT_FORMAT
from nnzoo.runs.files import write_csv

COLUMNS = ("epoch", "step", "loss")
"""The first columns of ``metrics.csv``."""

FILES = ("best.ckpt", "last.ckpt")
"""Checkpoints of a run, the preferred one first."""


class Checkpoint(NamedTuple):
    """The content of a checkpoint.

    Attributes:
        file: its path.
        class_name: of the model.
        weights: state_dict.
        arguments: of the model's constructor.
        content: all of it, as saved.
    """

    file: Path
    class_name: str
    weights: dict[str, Tensor]
    arguments: dict[str, Any]
    content: dict[str, Any]


# Writing


def write_progress(folder: Path, model: Model, data: Any, progress: Progress) -> None:
    """Write ``checkpoints/last.ckpt``, ``checkpoints/best.ckpt`` and ``metrics.csv``.

    Args:
        folder: of the run.
        model: of the training; its weights may change.
        data: its data module.
        progress: of the training.
    """
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    if progress.best is not None:
        progress.best.weights = _calibrated(model, data, progress.best.weights)
        best = progress.best
        save(content_of(model, best.weights, best.epoch + 1, best.step), checkpoints / "best.ckpt")
    weights = _calibrated(model, data, progress.weights)
    last = content_of(model, weights, progress.epochs, progress.step)
    last["nnzoo"]["training"] = progress.as_dict()
    save(last, checkpoints / "last.ckpt")
    write_csv(folder / "metrics.csv", progress.rows, COLUMNS)


def content_of(
    model: Model, weights: Mapping[str, Tensor], epochs: int, step: int
) -> dict[str, Any]:
    """Return what Lightning saves of a model, without the state of its loops."""
    content = {
        "epoch": epochs,
        "global_step": step,
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": dict(weights),
        "hyper_parameters": dict(model.hparams),
    }
    model.on_save_checkpoint(content)
    return content


def save(content: dict[str, Any], file: Path) -> None:
    """Write a checkpoint under a temporary name in the same folder, then rename it."""
    temporary = file.with_name("incomplete.ckpt")
    torch.save(content, temporary)
    os.replace(temporary, file)


def _calibrated(model: Model, data: Any, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights after ``calibrate``, if the model has one."""
    if type(model).calibrate is Model.calibrate:
        return weights
    model.load_state_dict(weights)
    model.calibrate(data)
    return {name: value.clone() for name, value in model.state_dict().items()}


# Reading


def load_model(path: str | Path) -> Model:
    """Return a trained model, in eval mode on the CPU.

    ``forward`` takes scaled values, ``predict`` raw ones.

    Args:
        path: a checkpoint, or a run's folder: its best checkpoint, otherwise the last.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of a catalogue model or of
            an imported class.
    """
    file, name, weights, arguments, content = read_checkpoint(path)
    targets = [read_entry("model", entry)["_target_"] for entry in list_models()]
    known = {target.rpartition(".")[2]: target for target in targets}
    try:
        if name in known:
            kind = getattr(import_module(known[name].rpartition(".")[0]), name)
        else:
            kind = _imported(name, file)
        with torch.random.fork_rng(devices=[]):  # the constructor initializes weights
            model: Model = kind(**arguments)
        model.to(weights["scaling.offset"].dtype).load_state_dict(weights)
        model.on_load_checkpoint(content)
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{file} is damaged: {message(error)}") from error
    return model.eval()


def checkpoint_file(path: str | Path) -> Path:
    """Return the file of a checkpoint.

    Args:
        path: see ``load_model``.

    Raises:
        InputError: if there is none.
    """
    path = Path(path)
    if path.is_dir():
        for name in FILES:
            if (file := path / "checkpoints" / name).is_file():
                return file
        job = path / "0"
        hint = f"; it is a sweep, name one of its jobs: {job}" if job.is_dir() else ""
        raise InputError(f"the folder {path} holds no checkpoints/best.ckpt or last.ckpt{hint}")
    if not path.is_file():
        raise InputError(f"there is no checkpoint {path}")
    return path


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint to the CPU.

    Args:
        path: see ``load_model``.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of an nnzoo model.
    """
    file = checkpoint_file(path)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        kept = content["nnzoo"]
        found = Checkpoint(
            file, kept["class"], content["state_dict"], content["hyper_parameters"], content
        )
    except Exception as error:  # torch raises many kinds for other files
        raise InputError(f"{file} is not a checkpoint of an nnzoo model") from error
    if kept.get("format") != CHECKPOINT_FORMAT:
        raise InputError(
            f"{file} was written by another version of nnzoo and cannot be read by this one; "
            "train the model again"
        )
    return found


def resume_file(path: str | Path) -> Path:
    """Return the checkpoint to resume from: the file itself, or the last one of a run's folder."""
    file = Path(str(path))  # YAML reads some names as numbers
    return file / "checkpoints" / "last.ckpt" if file.is_dir() else file


def read_progress(
    path: str | Path, model: Model, epochs: int, by_lightning: bool = False
) -> Progress:
    """Return the progress of a training, to resume it.

    Args:
        path: a checkpoint, or a run's folder: its last checkpoint.
        model: built with the options of the resumed run.
        epochs: of the whole training.
        by_lightning: whether Lightning's loop trains the model, instead of the engine.

    Raises:
        InputError: if there is no checkpoint, it is of another model or another loop, or the
            training is complete.
    """
    found = check_resumable(path, model, epochs)
    training = found.content["nnzoo"].get("training")
    if training is None:
        raise InputError(f"{found.file} holds weights alone; resume from a run's last.ckpt")
    if ("loops" in found.content) != by_lightning:  # Lightning's own state
        raise InputError(
            f"{found.file} was trained with other options of the trainer; repeat its run's options"
        )
    progress = Progress.from_dict(training, found.weights)
    if progress.complete:
        raise InputError(
            f"{found.file} is of a training that ended by itself after {progress.epochs} epochs; "
            "there is nothing to resume"
        )
    check_length(model.scheduler_config, progress.length, epochs)
    if model.follows_length and epochs != progress.length:
        raise InputError(
            f"the rates of {type(model).__name__} follow the length of the training, which is "
            f"{progress.length} epochs: resume with trainer.max_epochs={progress.length}, or train "
            "anew"
        )
    progress.length = epochs
    return progress


def check_resumable(path: str | Path, model: Model, epochs: int) -> Checkpoint:
    """Read a checkpoint to resume a model from; see ``read_progress``.

    Raises:
        InputError: if it does not fit the model, or the training is complete.
    """
    found = read_checkpoint(resume_file(path))
    shapes = [
        {name: weight.shape for name, weight in weights.items()}
        for weights in (found.weights, model.state_dict())
    ]
    if found.class_name != type(model).__name__ or shapes[0] != shapes[1]:
        raise InputError(
            f"{found.file} is of another model or other sizes; repeat its run's options"
        )
    for key, now in model.hparams.items():
        if key != "scheduler" and (before := found.arguments.get(key)) != now:
            raise InputError(f"{found.file} was trained with model.{key}={before}, not {now}")
    offset = found.weights["scaling.offset"]
    if offset.dtype != model.scaling.offset.dtype:
        raise InputError(
            f"{found.file} was trained in {offset.dtype}; repeat its run's trainer.precision"
        )
    for name, scale in model.scaling.state_dict(prefix="scaling.").items():
        if not torch.allclose(found.weights[name], scale):
            raise InputError(
                f"{found.file} was trained on data of another scale; repeat its run's options"
            )
    done = found.content["epoch"]
    if done >= epochs:
        raise InputError(
            f"{found.file} has {done} epochs behind it; trainer.max_epochs, which counts "
            f"them too, is {epochs}: raise it"
        )
    return found


def _imported(name: str, file: Path) -> type[Any]:
    """Return the user's model class with this name, which must be imported already."""
    kinds: list[type[Any]] = Model.__subclasses__()
    for kind in kinds:  # the list grows in the loop
        kinds += kind.__subclasses__()
    if named := [kind for kind in kinds if kind.__name__ == name]:
        return named[-1]  # the latest definition
    raise InputError(f"{file} holds a {name}, which is in no catalogue; import its class first")
