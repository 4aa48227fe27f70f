"""Resuming a training from a checkpoint."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnzoo.engine.progress import Progress
from nnzoo.engine.schedules import check_length
from nnzoo.errors import InputError
from nnzoo.models import Model
from nnzoo.runs.checkpoint import checkpoint_file, dtype_of, read_checkpoint


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
    training = read_checkpoint(file)["nnzoo"].get("training") or {}
    before = training.get("options", {}).get("seed")
    if before not in (None, seed):
        raise InputError(f"{file} was trained with seed={before}: resume with seed={before}")


def read_progress(
    path: str | Path, model: Model, new: Progress, by_lightning: bool = False
) -> Progress:
    """Return the progress of a training, to resume it.

    A complete training is resumed only if its run has no result yet.

    Args:
        path: a checkpoint, or a run's folder: its last checkpoint.
        model: built with the options of the resumed run.
        new: the progress that the run would start with.
        by_lightning: whether Lightning's loop trains the model, instead of the engine.

    Raises:
        InputError: if there is no checkpoint, it is of another model, other options or another
            loop, or the training is complete and has a result.
    """
    file, epochs = resume_file(path), new.length
    content = read_checkpoint(file)
    reason = _why_not_resumed(content, model, new, by_lightning)
    if reason is None:
        reason = _why_complete(content["nnzoo"]["training"], epochs, file)
    if reason is not None:
        raise InputError(f"{file} {reason}")
    progress = Progress.from_dict(content["nnzoo"]["training"], content["state_dict"])
    if progress.step == 0:  # only measured: nothing depends on its length
        return replace(new, weights=progress.weights)
    check_length(model.scheduler_config, progress.length, epochs)
    if model.follows_length and epochs != progress.length:
        raise InputError(
            "the rates or stages of this model depend on the length of the training, which is "
            f"{progress.length} epochs: resume with trainer.max_epochs={progress.length}, or start "
            "a new run"
        )
    progress.length, progress.options = epochs, new.options
    return progress


def _why_not_resumed(
    content: dict[str, Any], model: Model, new: Progress, by_lightning: bool
) -> str | None:
    """Return why a training cannot be resumed from a checkpoint; None: it can."""
    weights, kept = content["state_dict"], content["nnzoo"]
    now, before = _shapes(model.state_dict()), _shapes(weights)
    if kept["class"] != type(model).__name__ or before != now:
        return "is of another model or other sizes; repeat its run's options"
    for key, value in model.hparams.items():
        if key != "scheduler" and (previous := content["hyper_parameters"].get(key)) != value:
            return f"was trained with model.{key}={previous}, not {value}"
    if (training := kept.get("training")) is None:
        return "holds only weights; resume from a run's last.ckpt"
    for option, now in new.options.items():
        if (previous := training.get("options", {}).get(option, now)) != now:
            return f"was trained with {option}={previous}, not {now}; repeat its run's options"
    if (dtype := dtype_of(weights)) != model.dtype:
        return f"was trained in {dtype}; repeat its run's trainer.precision"
    for name, scale in model.scaling.state_dict(prefix="scaling.").items():
        if not torch.allclose(weights[name], scale):
            return "was trained on data with another scaling; repeat its run's options"
    if ("loops" in content) != by_lightning:  # Lightning's own state
        return "was trained with other options of the trainer; repeat its run's options"
    return None


def _why_complete(training: dict[str, Any], epochs: int, file: Path) -> str | None:
    """Return why a training of so many epochs has nothing left to do; None: it has, at least the
    result of a run that was killed before it wrote one."""
    done = training["epochs"]
    try:
        result = json.loads((file.parents[1] / "result.json").read_text(encoding="utf-8"))
        has_result = result["status"] == "completed"
    except (OSError, ValueError, TypeError, KeyError):
        has_result = False
    if training["complete"] and has_result:
        return (
            f"is of a training that ended by itself after {done} epochs; there is nothing to resume"
        )
    if done > epochs or (done == epochs and has_result):
        return (
            f"was trained for {done} epochs; trainer.max_epochs, which includes them, "
            f"is {epochs}: raise it"
        )
    return None


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}
