"""The Lightning Trainer of a run."""

import inspect
import logging
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import EarlyStopping
from rich.console import Console

from nnzoo.data import DataModule
from nnzoo.errors import InputError, unknown, whole
from nnzoo.models import Model
from nnzoo.training.progress import ProgressBar
from nnzoo.training.recorder import Recorder
from nnzoo.zoo import build, read_checkpoint

TRAINER_DEFAULTS: dict[str, Any] = {
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 1,  # all is logged once an epoch; more would warn of short epochs
}


def build_trainer(config: dict[str, Any], model: Model, data: DataModule) -> pl.Trainer:
    """The Lightning Trainer of a config, with its callbacks and loggers.

    Raises:
        InputError: if a key is unknown or a value is not possible on this machine.
    """
    whole("trainer.max_epochs", config["trainer"]["max_epochs"])
    callbacks = build_callbacks(config, model, data)
    if not any(isinstance(callback, Recorder) for callback in callbacks):
        raise InputError("callbacks.recorder writes the run's files and cannot be left out")
    if Console().is_terminal:
        callbacks.append(ProgressBar())
    loggers = []
    for name, node in (config["logger"] or {}).items():
        try:
            loggers.append(build(node, f"logger.{name}"))
        except ModuleNotFoundError as error:
            raise InputError(f"logger={name} needs: pip install 'nnzoo[{name}]'") from error
    trainer = trainer_with(config, callbacks, loggers)
    if trainer.world_size > 1 and model.manual:
        raise InputError(
            f"{type(model).__name__} takes steps of its own, which processes cannot share: set "
            "trainer.devices=1"
        )
    return trainer


def build_callbacks(config: dict[str, Any], model: Model, data: DataModule) -> list[pl.Callback]:
    """The callbacks of a config; one that monitors nothing monitors the model's curve.

    Raises:
        InputError: if a value is not possible.
    """
    monitor = model.curve if data.raw[1] is None else f"val_{model.curve}"
    callbacks: list[pl.Callback] = []
    for name, node in (config["callbacks"] or {}).items():
        if node.get("monitor", "") is None:
            node = node | {"monitor": monitor}
        callbacks.append(build(node, f"callbacks.{name}"))
        if isinstance(callbacks[-1], EarlyStopping):
            whole(f"callbacks.{name}.patience", callbacks[-1].patience, low=0)
    return callbacks


def trainer_with(
    config: dict[str, Any], callbacks: list[pl.Callback], loggers: list[Any]
) -> pl.Trainer:
    """The Lightning Trainer of a config with callbacks and loggers that are there already.

    Raises:
        InputError: if a key is unknown or a value is not possible on this machine.
    """
    options: dict[str, Any] = dict(config["trainer"])
    known = set(inspect.signature(pl.Trainer).parameters) - {"callbacks", "logger"}  # groups
    for key in options:
        if key not in known:
            raise unknown("key of trainer", key, known)
    on_gpu = options["accelerator"] in ("gpu", "cuda")
    if on_gpu and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise InputError(
            f"trainer.accelerator is {options['accelerator']} but no GPU was found; "
            "use trainer=cpu or trainer=auto"
        )
    if torch.cuda.is_available() and options["accelerator"] != "cpu":
        options.setdefault("deterministic", True)
    folder = config["run"]["folder"]
    set_here = {"logger": loggers or False, "default_root_dir": folder}
    options = TRAINER_DEFAULTS | set_here | options
    try:
        return pl.Trainer(**options, callbacks=callbacks)
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise InputError(f"trainer: {error}") from error


def device_of(config: dict[str, Any]) -> torch.device:
    """Where a run of a config is trained.

    Raises:
        InputError: see ``trainer_with``.
    """
    device: torch.device = trainer_with(config, [], []).strategy.root_device
    return device


def resume_point(path: str, model: Model, max_epochs: int) -> str:
    """The checkpoint to train on from: a file, or a run's folder whose last one is taken.

    Raises:
        InputError: if there is none, it is of another model, holds weights alone, or is done.
    """
    file = Path(str(path))
    file = file / "checkpoints" / "last.ckpt" if file.is_dir() else file
    checkpoint = read_checkpoint(file)
    sizes = [
        {name: weight.shape for name, weight in weights.items()}
        for weights in (checkpoint.weights, model.state_dict())
    ]
    if checkpoint.class_name != type(model).__name__ or sizes[0] != sizes[1]:
        raise InputError(f"{file} is of another model or other sizes; repeat its run's options")
    for key, now in model.hparams.items():
        # Lightning goes on with what the checkpoint says, whatever is asked for.
        if (before := checkpoint.arguments.get(key)) != now:
            raise InputError(f"{file} was trained with model.{key}={before}, not {now}")
    for name, scale in model.scaling.state_dict(prefix="scaling.").items():
        if not torch.allclose(checkpoint.weights[name].to(scale), scale):
            raise InputError(
                f"{file} was trained on data of another scale; repeat its run's options"
            )
    if "optimizer_states" not in checkpoint.content:
        raise InputError(f"{file} holds weights alone; resume from a run's last.ckpt")
    epochs = checkpoint.content["epoch"]
    if epochs >= max_epochs:
        raise InputError(
            f"{file} has {epochs} epochs behind it; trainer.max_epochs, which counts "
            f"them too, is {max_epochs}: raise it"
        )
    return str(file)


def quieten() -> None:
    """Silence Lightning's tips, and its own use of what torch deprecates."""
    warnings.filterwarnings("ignore", r".*`isinstance\(treespec, LeafSpec\)` is deprecated")
    # Data without a validation part are no oversight.
    warnings.filterwarnings("ignore", r".*You defined a `validation_step` but have no")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
