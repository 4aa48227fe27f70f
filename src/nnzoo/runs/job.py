"""A training job: its data, its model and its folder."""

import copy
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import yaml

from nnzoo.catalogue import build, build_model
from nnzoo.data import DataModule
from nnzoo.engine.loop import Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.errors import InputError, check_bool, check_float, check_int, message
from nnzoo.models import Model
from nnzoo.runs.checkpoint import read_progress, write_progress
from nnzoo.runs.files import create_run_dir, write_json
from nnzoo.runs.trainer import build_callbacks, build_loggers, gradient_clip, why_not

PACKAGES = ("nnzoo", "torch", "lightning", "hydra-core", "scikit-learn", "numpy")
FEW = 24
"""A result shows weights and outputs if there are at most this many numbers."""


class Job:
    """A training job. Building it sets the seed and initializes the weights.

    Args:
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        data: the data module, if it exists already.

    Attributes:
        data, model: of the config.
        untrained: a copy of the model with its first weights, if the result shows it.
        reason: why Lightning's loop trains the model; None: the engine does.
        folder: of the run.
        result: content of ``result.json`` so far.
        is_open: whether the job has created its folder.
        member: the job as the engine sees it.

    Raises:
        InputError: if the config asks for something impossible.
    """

    def __init__(
        self, config: dict[str, Any], overrides: list[str], data: DataModule | None = None
    ) -> None:
        self.config, self.overrides = config, overrides
        self.seed = check_int("seed", config["seed"], low=0, high=2**32 - 1)
        pl.seed_everything(self.seed, verbose=False)
        for key in ("draw", "rotate", "show"):
            check_bool(f"figures.{key}", config["figures"][key])
        self.data: DataModule = build(config["data"], "data") if data is None else data
        is_double = config["trainer"].get("precision") in ("64-true", "64", 64)
        with default_dtype(torch.float64 if is_double else torch.float32):
            self.model: Model = build_model(config["model"], self.data)
        self.model.check(self.data)
        self.folder = Path(config["run"]["folder"])
        self.plan = Plan(
            epochs=check_int("trainer.max_epochs", config["trainer"]["max_epochs"]),
            every=config["trainer"].get("check_val_every_n_epoch") or 1,
            clip=gradient_clip(config),
            every_seconds=check_float("run.every_seconds", config["run"]["every_seconds"], low=0),
        )
        self.reason = why_not(config, self.model, self.data)
        self.stopping, self.callbacks = build_callbacks(config)
        self._check_metrics()
        progress = Progress(self.plan.epochs)
        if self.reason is None:  # Lightning calls it by itself
            self.model.initialize(self.data.start_points())
        if config["resume"] is not None:
            by_lightning = self.reason is not None
            progress = read_progress(config["resume"], self.model, self.plan.epochs, by_lightning)
        self.untrained = copy.deepcopy(self.model) if self.shows_untrained else None
        if progress.weights:
            self.model.load_state_dict(progress.weights)
        if self.stopping is not None and progress.stopping is not None:
            vars(self.stopping).update(progress.stopping)
        self.member = Member(
            self.model, self.data, self.seed, progress, self.write, stopping=self.stopping
        )
        self.result = self._first_result()
        self.is_open = False

    @property
    def shows_untrained(self) -> bool:
        """Whether the result or the figures show the untrained model."""
        few_weights = sum(weight.numel() for weight in self.model.weights().values()) <= FEW
        few_points = self.data.raw[0].x.numel() <= FEW
        return few_weights or few_points or bool(self.config["figures"]["draw"])

    @property
    def monitor(self) -> str:
        """The metric that picks the best epoch."""
        return self.model.monitored(self.data)

    def open(self, device: torch.device) -> None:
        """Create the folder and the loggers; the training starts now.

        Raises:
            InputError: if the folder holds a run already, or cannot be written.
        """
        create_run_dir(self.folder)
        self.is_open = True
        write_yaml(self.config, self.folder / "config.yaml")
        self.result["device"] = device_name(device)
        self.loggers = build_loggers(self.config)
        if self.loggers and self.reason is None:
            for logger in self.loggers:
                logger.log_hyperparams(dict(self.model.hparams))
            self.member.log = self._log

    def write(self, progress: Progress) -> None:
        """Write the checkpoints and metrics of a training."""
        write_progress(self.folder, self.model, self.data, progress)

    def fail(self, error: BaseException) -> dict[str, Any]:
        """Return the result of a failed training; write it if the job has its folder."""
        self.result |= {"status": "failed", "error": message(error) or type(error).__name__}
        if self.is_open:
            write_json(self.folder / "result.json", self.result)
        return self.result

    def _log(self, row: dict[str, float]) -> None:
        step = int(row["step"])
        metrics = {name: value for name, value in row.items() if name != "step"}
        for logger in self.loggers:
            logger.log_metrics(metrics, step)

    @torch.no_grad()
    def _check_metrics(self) -> None:
        """Raise an InputError if early stopping monitors no measured metric, or stops too early."""
        if self.stopping is None:
            return
        part = next(self.data.scaled_slices(self.data.raw[0]))
        names = list(self.model.metrics(part.like(self.model.scaling.offset)))
        if self.data.raw[1] is not None:
            names += [f"val_{name}" for name in names]
        self.stopping.begin(self.monitor, names)
        constant = self.model.constant_until * self.plan.epochs
        waits = self.stopping.patience * self.plan.every
        if constant > 0 and self.stopping.monitor == self.monitor and waits <= constant:
            raise InputError(
                f"{self.monitor} is constant for {constant:g} epochs, until the last stage, and "
                f"early stopping waits for {self.stopping.patience} measurements: raise "
                "callbacks.early_stopping.patience above that"
            )

    def _first_result(self) -> dict[str, Any]:
        label = self.model.monitor_label
        if self.monitor != self.model.monitor:
            label = f"validation {label}"
        place = {
            key: self.config["run"][key] for key in ("job", "hash") if key in self.config["run"]
        }
        return {
            **place,
            "status": "completed",
            "error": None,
            "model": self.config["run"]["model"],
            "data": self.config["run"]["data"],
            "seed": self.seed,
            "device": "",
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "monitor": {"metric": self.monitor, "label": label, "mode": "min"},
            "best": None,
            "last": None,
            "epochs": 0,
            "fit_seconds": 0.0,
            "members": 1,
            "metrics": {},
            "weights": None,
            "outputs": None,
            "overrides": self.overrides,
            "versions": dict(versions()),
            "paths": {},
        }


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Set torch's default type in a block."""
    former = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(former)


def write_yaml(content: dict[str, Any], file: Path) -> None:
    """Write plain containers as YAML."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast
    file.write_text(yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True))


def device_name(device: torch.device) -> str:
    """Return the name of a device, with the model of a GPU."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return str(device)


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages in ``PACKAGES``."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            continue
    return found
