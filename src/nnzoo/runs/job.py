"""A training job: its data, its model and its folder."""

import copy
import platform
from functools import cache, partial
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
from nnzoo.engine.stopping import EarlyStopping
from nnzoo.errors import InputError, check_bool, check_float, check_int, message
from nnzoo.models import Model
from nnzoo.runs.checkpoint import check_seed, read_progress, write_progress
from nnzoo.runs.files import create_run_dir, write_json
from nnzoo.runs.trainer import gradient_clip, why_not

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
        untrained: a copy of the model with its first weights, if figures are drawn.
        before: the few numbers of the untrained model.
        reason: why Lightning's loop trains the model; None: the engine does.
        folder: of the run.
        result: content of ``result.json`` so far.
        is_open: whether the job has created its folder.
        error: why it could not be opened; None: it could, or was not yet.
        member: the job as the engine sees it.

    Raises:
        InputError: if the config asks for something impossible.
    """

    def __init__(
        self, config: dict[str, Any], overrides: list[str], data: DataModule | None = None
    ) -> None:
        self.config, self.overrides = config, overrides
        self.folder = Path(config["run"]["folder"])
        self.is_open = False
        self.error: Exception | None = None
        self.seed = check_int("seed", config["seed"], low=0, high=2**32 - 1)
        pl.seed_everything(self.seed, verbose=False)
        for key in ("draw", "rotate", "show"):
            check_bool(f"figures.{key}", config["figures"][key])
        if any(text.startswith(("data.x=", "data.y=")) for text in overrides):
            config["run"]["data"] = "typed points"
        if config["resume"] is not None:
            check_seed(config["resume"], self.seed)
        self.data: DataModule = build(config["data"], "data") if data is None else data
        self.model: Model = self._build_model()
        self.monitor = self.model.monitored(self.data)
        options = config["trainer"]
        self.plan = Plan(
            epochs=check_int("trainer.max_epochs", options["max_epochs"]),
            every=options.get("check_val_every_n_epoch") or 1,
            clip=gradient_clip(config),
            every_seconds=check_float("run.every_seconds", config["run"]["every_seconds"], low=0),
        )
        self.reason = why_not(config, self.model, self.data)
        callbacks = config["callbacks"] or {}
        built = [build(node, f"callbacks.{name}") for name, node in callbacks.items()]
        self.callbacks = [callback for callback in built if not isinstance(callback, EarlyStopping)]
        self.stopping = next((own for own in built if isinstance(own, EarlyStopping)), None)
        self._check_stopping()
        if self.reason is None:  # Lightning calls it by itself
            self.model.initialize(self.data.start_points())
        progress = Progress(self.plan.epochs, seed=self.seed)
        if config["resume"] is not None:
            by_lightning = self.reason is not None
            progress = read_progress(config["resume"], self.model, self.plan.epochs, by_lightning)
        self.before = self.few_numbers()
        self.untrained = copy.deepcopy(self.model) if config["figures"]["draw"] else None
        self.model.train()
        if progress.weights:
            self.model.load_state_dict(progress.weights)
        if self.stopping is not None and progress.stopping is not None:
            vars(self.stopping).update(progress.stopping)
        write = partial(write_progress, self.folder, self.model, self.data)
        self.member = Member(
            self.model, self.data, self.seed, progress, write, stopping=self.stopping
        )
        self.result = self._first_result()

    def _build_model(self) -> Model:
        is_double = self.config["trainer"].get("precision") in ("64-true", "64", 64)
        former = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64 if is_double else torch.float32)
        try:
            model: Model = build_model(self.config["model"], self.data)
        finally:
            torch.set_default_dtype(former)
        model.check(self.data)
        return model

    @torch.no_grad()
    def _check_stopping(self) -> None:
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
        run, label = self.config["run"], self.model.monitor_label
        if self.monitor != self.model.monitor:
            label = f"validation {label}"
        return {
            **{key: run[key] for key in ("job", "hash") if key in run},
            "status": "completed",
            "error": None,
            "model": run["model"],
            "data": run["data"],
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
            "versions": versions(),
            "paths": {},
        }

    def few_numbers(self) -> tuple[dict[str, Any] | None, list[Any] | None]:
        """Return the weights, and the outputs for the training points in eval mode; None: they are
        too many."""
        model, x = self.model.eval(), self.data.raw[0].x
        weights = model.weights()
        few_weights = sum(weight.numel() for weight in weights.values()) <= FEW
        return (
            {name: weight.tolist() for name, weight in weights.items()} if few_weights else None,
            model.predict(x).tolist() if x.numel() <= FEW else None,
        )

    def open(self, device: torch.device) -> None:
        """Create the folder; the training starts now.

        Raises:
            InputError: if the folder holds a run already, or cannot be written.
        """
        create_run_dir(self.folder)
        self.is_open = True
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast
        content = yaml.dump(self.config, Dumper=dumper, sort_keys=False, allow_unicode=True)
        (self.folder / "config.yaml").write_text(content)
        gpu = f" {torch.cuda.get_device_name(device)}" if device.type == "cuda" else ""
        self.result["device"] = f"{device}{gpu}"

    def fail(self, error: BaseException) -> dict[str, Any]:
        """Return the result of a failed training; write it if the job has its folder."""
        self.result |= {"status": "failed", "error": message(error) or type(error).__name__}
        if self.is_open:
            write_json(self.folder / "result.json", self.result)
        return self.result


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
