"""Checkpoints: written during a training, resumed from, and loaded as models."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor

from nnzoo.catalogue import imported, list_models, read_entry
from nnzoo.engine.progress import Progress
from nnzoo.engine.schedules import check_length
from nnzoo.errors import InputError, message
from nnzoo.models import Model
from nnzoo.models.base import CHECKPOINT_FORMAT
from nnzoo.runs.files import replacing, write_csv

COLUMNS = ("epoch", "step", "loss")
"""The first columns of ``metrics.csv``."""

FILES = ("best.ckpt", "last.ckpt")
"""Checkpoints of a run, the preferred one first."""

# Writing


def write_progress(
    folder: Path,
    model: Model,
    data: Any,
    progress: Progress,
    last: dict[str, Any] | None = None,
) -> None:
    """Write ``checkpoints/last.ckpt``, ``checkpoints/best.ckpt`` and ``metrics.csv``.

    Args:
        folder: of the run.
        model: of the training; its weights may change.
        data: its data module.
        progress: of the training.
        last: the last checkpoint as Lightning's loop saves it; None: it did not train.
    """
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    if (best := progress.best) is not None:
        content = _content(model, data, best.weights, best.epoch + 1, best.step)
        best.weights = content["state_dict"]
        with replacing(checkpoints / "best.ckpt") as file:
            torch.save(content, file)
    if last is None:
        last = _content(model, data, progress.weights, progress.epochs, progress.step)
    last["nnzoo"]["training"] = progress.as_dict()
    with replacing(checkpoints / "last.ckpt") as file:
        torch.save(last, file)
    write_csv(folder / "metrics.csv", progress.rows, COLUMNS)


def _content(
    model: Model, data: Any, weights: dict[str, Tensor], epochs: int, step: int
) -> dict[str, Any]:
    """Return what Lightning saves of a model, without the state of its loops, after ``calibrate``,
    if the model has one."""
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


def load_model(path: str | Path) -> Model:
    """Return a trained model, in eval mode on the CPU.

    ``forward`` takes scaled values, ``predict`` raw ones.

    Args:
        path: a checkpoint, or a run's folder: its best checkpoint, otherwise the last.

    Raises:
        InputError: if there is no such file, or it is not a checkpoint of a catalogue model or of
            an imported class.
    """
    file = checkpoint_file(path)
    content = read_checkpoint(file)
    weights = content["state_dict"]
    try:
        kind = _model_class(content["nnzoo"]["class"], file)
        with torch.random.fork_rng(devices=[]):  # the constructor initializes weights
            model: Model = kind(**content["hyper_parameters"])
        model.to(weights["scaling.offset"].dtype).load_state_dict(weights)
        model.on_load_checkpoint(content)
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{file} is damaged: {message(error)}") from error
    return model.eval()


def _model_class(name: str, file: Path) -> type[Any]:
    """Return the class of the catalogue, or the user's own, which must be imported already."""
    for entry in list_models():
        path = read_entry("model", entry).get("_target_", "")
        if path.rpartition(".")[2] == name:
            return imported(path, "model")
    kinds: list[type[Any]] = Model.__subclasses__()
    for kind in kinds:  # the list grows in the loop
        kinds += kind.__subclasses__()
    for kind in reversed(kinds):  # the latest definition
        if kind.__name__ == name:
            return kind
    raise InputError(
        f"{file} holds a model of the class {name}, which is not in the catalogue: add the folder "
        "of its entry, --config-dir DIR; in Python, import the class first"
    )


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
        raise InputError(f"there is no run or checkpoint {path}{_nearest(path)}")
    return path


def _nearest(path: Path) -> str:
    """Return a hint at files and folders with names near to that of a missing one."""
    missing = next(part for part in (*reversed(path.parents), path) if not part.exists())
    names = [file.name for file in missing.parent.iterdir()] if missing.parent.is_dir() else []
    close = get_close_matches(missing.name, names)
    found = [str(path).replace(str(missing), str(missing.with_name(name)), 1) for name in close]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint, on the CPU.

    Raises:
        InputError: if it is not a checkpoint of an nnzoo model.
    """
    try:
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        kept, *_ = (content[key] for key in ("nnzoo", "state_dict", "hyper_parameters"))
        version = kept.get("format")
    except Exception as error:  # torch raises many kinds for other files
        raise InputError(f"{file} is not a checkpoint of an nnzoo model") from error
    if version != CHECKPOINT_FORMAT:
        raise InputError(
            f"{file} was written by another version of nnzoo and cannot be read by this one; "
            "train the model again"
        )
    return content


def resume_file(path: str | Path) -> Path:
    """Return the checkpoint to resume from: the file itself, or the last one of a run's folder.

    Raises:
        InputError: if there is none.
    """
    file = Path(str(path))  # YAML reads some names as numbers
    return checkpoint_file(file / "checkpoints" / "last.ckpt" if file.is_dir() else file)


def check_seed(path: str | Path, seed: int) -> None:
    """Raise an InputError if the training of a checkpoint had another seed."""
    file = resume_file(path)
    before = (read_checkpoint(file)["nnzoo"].get("training") or {}).get("seed")
    if before not in (None, seed):
        raise InputError(f"{file} was trained with seed={before}: resume with seed={before}")


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
    file = resume_file(path)
    content = read_checkpoint(file)
    if reason := _why_not_resumed(content, model, epochs, by_lightning):
        raise InputError(f"{file} {reason}")
    progress = Progress.from_dict(content["nnzoo"]["training"], content["state_dict"])
    check_length(model.scheduler_config, progress.length, epochs)
    if model.follows_length and epochs != progress.length:
        raise InputError(
            "the rates of this model follow the length of the training, which is "
            f"{progress.length} epochs: resume with trainer.max_epochs={progress.length}, or train "
            "anew"
        )
    progress.length = epochs
    return progress


def _why_not_resumed(
    content: dict[str, Any], model: Model, epochs: int, by_lightning: bool
) -> str | None:
    """Return why a training cannot be resumed from a checkpoint; None: it can."""
    weights, kept = content["state_dict"], content["nnzoo"]
    now, before = _shapes(model.state_dict()), _shapes(weights)
    if kept["class"] != type(model).__name__ or before != now:
        return "is of another model or other sizes; repeat its run's options"
    for key, value in model.hparams.items():
        if key != "scheduler" and (former := content["hyper_parameters"].get(key)) != value:
            return f"was trained with model.{key}={former}, not {value}"
    if (dtype := weights["scaling.offset"].dtype) != model.scaling.offset.dtype:
        return f"was trained in {dtype}; repeat its run's trainer.precision"
    for name, scale in model.scaling.state_dict(prefix="scaling.").items():
        if not torch.allclose(weights[name], scale):
            return "was trained on data of another scale; repeat its run's options"
    if content["epoch"] >= epochs:
        return (
            f"has {content['epoch']} epochs behind it; trainer.max_epochs, which counts them too, "
            f"is {epochs}: raise it"
        )
    if (training := kept.get("training")) is None:
        return "holds weights alone; resume from a run's last.ckpt"
    if ("loops" in content) != by_lightning:  # Lightning's own state
        return "was trained with other options of the trainer; repeat its run's options"
    if training["complete"]:
        return (
            f"is of a training that ended by itself after {training['epochs']} epochs; there is "
            "nothing to resume"
        )
    return None


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}
