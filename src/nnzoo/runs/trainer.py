"""The Lightning Trainer of a run, and whether the engine can train it."""

import inspect
import logging
import os
import time
import warnings
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.core.hooks import DataHooks, ModelHooks
from lightning.pytorch.profilers import Profiler

from nnzoo.data import DataModule
from nnzoo.engine import optimizers
from nnzoo.engine.interrupts import Interrupts, StopError
from nnzoo.engine.progress import Progress
from nnzoo.errors import InputError, check_choice, check_float, check_int, unknown
from nnzoo.models import Model
from nnzoo.models.training.optimizers import build_scheduler, probe_optimizers
from nnzoo.runs.bar import progress_callbacks
from nnzoo.runs.parts import build_nested, check_part

DEFAULTS: dict[str, Any] = {
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 1,  # larger values warn about short epochs
}
ENGINE_OPTIONS = {
    *DEFAULTS,
    *("accelerator", "benchmark", "check_val_every_n_epoch", "default_root_dir", "deterministic"),
    *("devices", "gradient_clip_algorithm", "gradient_clip_val", "max_epochs", "precision"),
}
"""Options of the Trainer that the engine supports; with others Lightning's loop trains."""

PRECISIONS = ("32", "32-true", "64", "64-true", 32, 64, None)
"""Values of ``trainer.precision`` that the engine supports."""

OWN_TIME = {"current_epoch", "global_step", "trainer"}
"""Attributes by which a model can read the progress of Lightning's loop."""


def build_trainer(
    config: Mapping[str, Any],
    callbacks: list[pl.Callback],
    loggers: list[Any],
    progress: Progress | None = None,
    **changes: Any,
) -> pl.Trainer:
    """Return the Lightning Trainer of a config, which shows its progress: that of a single run as
    lines where there is no bar. ``changes`` are options that replace those of the config.

    Raises:
        InputError: if a key is unknown, or a value is not valid or not possible on this machine.
    """
    options: dict[str, Any] = dict(config["trainer"])
    known = set(inspect.signature(pl.Trainer).parameters) - {"callbacks", "logger"}  # groups
    for key in options:
        if key not in known:
            raise unknown("key of trainer", key, known)
    if options.get("check_val_every_n_epoch") is not None:
        check_int("trainer.check_val_every_n_epoch", options["check_val_every_n_epoch"])
    if options.get("accumulate_grad_batches") is not None:
        check_int("trainer.accumulate_grad_batches", options["accumulate_grad_batches"])
    on_gpu = options["accelerator"] in ("gpu", "cuda")
    if on_gpu and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise InputError(
            f"trainer.accelerator is {options['accelerator']} but no GPU was found; "
            "use trainer=cpu or trainer=auto"
        )
    if torch.cuda.is_available() and options["accelerator"] != "cpu":
        options.setdefault("deterministic", True)
    shown = progress_callbacks(config, progress)
    set_here = {"logger": loggers or False, "default_root_dir": config["run"]["folder"]}
    options = DEFAULTS | set_here | options | changes
    built = {key: build_nested(value, f"trainer.{key}") for key, value in options.items()}
    if built.get("profiler") is not None:  # Lightning does not check it
        check_part(built["profiler"], "trainer.profiler", Profiler, str)
    try:
        return pl.Trainer(**built, callbacks=[*callbacks, *shown])
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise InputError(f"trainer: {error}") from error


def fit(trainer: pl.Trainer, interrupts: Interrupts, model: Any, **inputs: Any) -> float:
    """Train while signals are recorded; return the time in seconds."""
    start = time.perf_counter()
    # Lightning's own handler waits for all processes before it calls the previous one.
    trainer._signal_connector._sigterm_notifier_fn = lambda *_: None  # type: ignore[method-assign]
    try:
        with interrupts:  # Lightning exits on signals outside its loop
            trainer.fit(model, **inputs)
    except StopError:
        pass
    except SystemExit:
        if not interrupts.asked:
            raise
    return time.perf_counter() - start


def gradient_clip(config: Mapping[str, Any]) -> tuple[float, str] | None:
    """Return the limit of gradients and its kind, ``norm`` or ``value``; None: no limit.

    Raises:
        InputError: if one of them is not valid.
    """
    options = config["trainer"]
    if options.get("gradient_clip_val") is None:
        return None
    kind = options.get("gradient_clip_algorithm") or "norm"
    check_choice("trainer.gradient_clip_algorithm", kind, ("norm", "value"))
    limit = check_float("trainer.gradient_clip_val", options["gradient_clip_val"], low=0)
    return (limit, kind) if limit > 0 else None


def check_optimizers(model: Model, epochs: int) -> None:
    """Raise an InputError if a model's optimizers or their schedule cannot be built."""
    for _, _, optimizer in probe_optimizers(model):
        if model.scheduler_config is not None:
            build_scheduler(optimizer, epochs, model.scheduler_config)


def has_several_devices(options: Mapping[str, Any]) -> bool:
    """Return whether options of the Trainer may ask for several devices."""
    devices = options.get("devices", "auto")
    if devices in ("auto", None):
        return options["accelerator"] != "cpu" and torch.cuda.device_count() > 1
    return devices not in (1, "1")


def why_not(config: Mapping[str, Any], model: Model, data: DataModule) -> str | None:
    """Return why Lightning's loop must train a run; None: the engine can."""
    options = config["trainer"]
    if has_several_devices(options):
        return f"trainer.devices={options['devices']} trains in several processes"
    for key, value in options.items():
        if key not in ENGINE_OPTIONS and value is not None:
            return f"trainer.{key} acts on each step"
    if options.get("precision") not in PRECISIONS:
        return f"trainer.precision={options['precision']} is not supported by the engine"
    for name, node in (config["callbacks"] or {}).items():
        if node.get("_target_") != "nnzoo.engine.stopping.EarlyStopping":
            return f"callbacks.{name} may act on each step"
    for part, name, optimizer in probe_optimizers(model):
        if part and not all(p.requires_grad for p in model.get_submodule(part).parameters()):
            return "some of its weights are frozen"
        if reason := optimizers.why_not(name, optimizer.param_groups[0]):
            return reason
    return _own_methods(type(model)) or _own_methods(type(data))


def _own_methods(kind: type) -> str | None:
    """Return why a user's class needs Lightning's loop: it has hooks, or reads its progress."""
    hooks = {name for name in {**vars(ModelHooks), **vars(DataHooks)} if name[0] != "_"}
    hooks |= {"training_step", "validation_step", "configure_optimizers", "optimizer_step"}
    for owner in kind.__mro__:
        if owner.__module__.startswith(("nnzoo.", "lightning.", "torch.", "builtins")):
            continue
        for name, value in vars(owner).items():
            if name in hooks:
                return f"{owner.__name__} has a hook {name} of its own"
            if OWN_TIME & set(getattr(getattr(value, "__code__", None), "co_names", ())):
                return f"{owner.__name__}.{name} reads the progress of Lightning's loop"
    return None


def set_threads(threads: int | None) -> None:
    """Set the number of torch's threads on the CPU; None: leave it unchanged.

    Raises:
        InputError: if it is not from 1 to four times the number of cores.
    """
    if threads is not None:
        most = 4 * (os.cpu_count() or 1)  # torch crashes with very many
        torch.set_num_threads(check_int("threads", threads, high=most))


def silence_warnings() -> None:
    """Silence Lightning's tips, and warnings about its own deprecated calls."""
    warnings.filterwarnings("ignore", r".*`isinstance\(treespec, LeafSpec\)` is deprecated")
    # Data need no validation part.
    warnings.filterwarnings("ignore", r".*You defined a `validation_step` but have no")
    warnings.filterwarnings("ignore", r".*Total length of `list` across ranks is zero")
    warnings.filterwarnings("ignore", r".*configure_optimizers` returned `None`")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch.profilers").setLevel(logging.INFO)  # their reports
