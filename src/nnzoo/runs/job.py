"""A training job: its data, its model and its folder."""

import copy
import platform
from contextlib import suppress
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
from nnzoo.errors import InputError, RunError, check_bool, check_float, check_int, message
from nnzoo.models import Model
from nnzoo.models.training.least_squares import keeps_last
from nnzoo.models.training.whole_batch import check_whole, in_double
from nnzoo.runs.checkpoint import write_progress
from nnzoo.runs.figure_options import FigureOptions, figure_options
from nnzoo.runs.files import create_run_dir, write_json
from nnzoo.runs.parts import build_part
from nnzoo.runs.resume import check_seed, read_progress
from nnzoo.runs.start import check_start, read_start, with_options
from nnzoo.runs.trainer import check_optimizers, gradient_clip, has_several_devices, why_not

PACKAGES = ("nnzoo", "torch", "lightning", "hydra-core", "scikit-learn", "numpy")
RATES = "model.optimizer.lr=", "lr="
FEW = 24
"""Maximum count of weights, and of input numbers, for which a result has weights and outputs."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes no aliases, which ``read_yaml`` refuses; its C version is ten times as fast."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Job:
    """A training job. Building it sets the seed and initializes the weights.

    Args:
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        data: the data module, if it exists already.

    Attributes:
        data, model: built from the config.
        untrained: a copy of the model with its initial weights, if figures are drawn.
        start: a model with the weights from which the training starts; None: random ones.
        before: ``few_numbers`` of the model before the training.
        reason: why Lightning's loop trains the model; None: the engine does.
        folder: the run's folder.
        is_trained: whether it resumes a training that only lacks its result.
        result: content of ``result.json`` so far.
        is_open: whether the job has created its folder.
        error: why ``open`` failed; None: it did not.
        member: the job as the engine sees it.
        random_state: state of torch's generator after the job was built.

    Raises:
        InputError: if the config asks for something impossible.
    """

    def __init__(
        self, config: dict[str, Any], overrides: list[str], data: DataModule | None = None
    ) -> None:
        self.config, self.overrides = with_full_path(config), overrides
        self.folder = Path(config["run"]["folder"])
        self.is_open = False
        self.error: Exception | None = None
        self.seed = check_int("seed", config["seed"], low=0, high=2**32 - 1)
        pl.seed_everything(self.seed, verbose=False)
        for key in ("draw", "rotate", "show"):
            check_bool(f"figures.{key}", config["figures"][key])
        figures = FigureOptions(**figure_options(config["figures"]))
        if any(text.startswith(("data.x=", "data.y=")) for text in overrides):
            self.config["run"]["data"] = "typed points"
        if config["resume"] is not None:
            check_seed(config["resume"], self.seed)
        node = self.config["data"]
        self.data: DataModule = build(node, "data") if data is None else data
        if self.data.n_classes == 1:
            only = self.data.class_names[0]
            raise InputError(f"all points are of class {only}; choose data with several classes")
        self.start = read_start(self.config)
        self.model: Model = self._build_model()
        figures.check(self.model, self.data)
        self.monitor = self.model.monitored(self.data)
        options = config["trainer"]
        self.plan = Plan(
            epochs=check_int("trainer.max_epochs", options["max_epochs"], low=0),
            every=options.get("check_val_every_n_epoch") or 1,
            clip=gradient_clip(config),
            every_seconds=check_float("run.every_seconds", config["run"]["every_seconds"], low=0),
        )
        check_optimizers(self.model, max(self.plan.epochs, 1))
        if in_double(self.model):
            self._check_rate()
        built = [
            build_part(node, f"callbacks.{name}", pl.Callback, EarlyStopping)
            for name, node in (config["callbacks"] or {}).items()
        ]
        self.reason = why_not(config, self.model, self.data) if self.plan.epochs else None
        self.callbacks = [callback for callback in built if not isinstance(callback, EarlyStopping)]
        self.stopping = next((own for own in built if isinstance(own, EarlyStopping)), None)
        self._check_stopping()
        if self.reason is None:  # otherwise Lightning's loop calls it
            self.model.initialize_from(self.data.start_batch())
        progress = Progress(self.plan.epochs, options=self._shared_options())
        if (resumed := config["resume"]) is not None:
            progress = read_progress(resumed, self.model, progress, self.reason is not None)
        self.is_trained = progress.complete or progress.epochs >= max(self.plan.epochs, 1)
        self.untrained = copy.deepcopy(self.model) if config["figures"]["draw"] else None
        self.load_start()
        self.before = self.few_numbers()
        self.model.train()
        if progress.weights:
            self.model.load_state_dict(progress.weights)
        if self.stopping is not None and progress.stopping is not None:
            self.stopping.resume(**progress.stopping)
        write = partial(write_progress, self.folder, self.model, self.data)
        self.member = Member(
            self.model, self.data, self.seed, progress, write, stopping=self.stopping
        )
        self.result = self._first_result()
        self.random_state = torch.get_rng_state()

    def _build_model(self) -> Model:
        is_double = self.config["trainer"].get("precision") in ("64-true", "64", 64)
        if self.start is not None:
            self.config["model"] = with_options(self.config["model"], self.start)
        previous = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64 if is_double else torch.float32)
        try:
            model: Model = build_model(self.config["model"], self.data)
        finally:
            torch.set_default_dtype(previous)
        model.check_parts()
        model.check(self.data)
        if self.start is not None:
            check_start(self.config["start_from"], self.start, model)
        check_whole(model, self.data)
        return model

    def load_start(self) -> None:
        """Copy the weights from which the training starts into the model, if there are any."""
        if self.start is not None:
            self.model.load_state_dict(self.start.state_dict())
            self.model.set_scaling(self.data)

    def _check_rate(self) -> None:
        """Raise an InputError if an option is for steps along the gradient."""
        typed = [text for text in self.overrides if text.lstrip("+").startswith(RATES)]
        clipped = [f"trainer.gradient_clip_val={self.plan.clip[0]:g}"] if self.plan.clip else []
        for option in (*typed, *clipped):
            name = self.model.optimizer_config["name"]
            raise InputError(f"{name} has neither a rate nor a gradient to clip: remove {option}")

    @torch.no_grad()
    def _check_stopping(self) -> None:
        """Raise an InputError if early stopping monitors no measured metric, or stops too early."""
        if self.stopping is None:
            return
        part = next(self.data.scaled_slices(self.data.raw[0]))
        names = list(self.model.metrics(part.like(self.model.prototype)))
        if self.data.raw[1] is not None:
            names += [f"val_{name}" for name in names]
        self.stopping.set_monitor(self.monitor, names)
        first = self.model.compared_from * self.plan.epochs
        waits = self.stopping.patience * self.plan.every
        if first > 0 and self.stopping.monitor == self.monitor and waits <= first:
            raise InputError(
                f"{self.monitor} has no meaning in the first {first:g} epochs, in which early "
                "stopping could end the training: set callbacks.early_stopping.patience above "
                f"{first / self.plan.every:g}"
            )

    def _shared_options(self) -> dict[str, Any]:
        """Return the options, besides the model's, that a resumed training must repeat, by key."""
        data, trainer = self.data, self.config["trainer"]
        train, val = data.raw
        counts = [len(train.x), 0 if val is None else len(val.x)]
        options = {
            "seed": self.seed,
            "data.seed": data.seed,
            "data or data.val_fraction": "{} + {} points".format(*counts),
            "data.batch_size": data.batch_points(),
            "data.shuffle": data.shuffle,
            "trainer.devices": str(trainer["devices"]) if has_several_devices(trainer) else "1",
            "trainer.gradient_clip_val": self.plan.clip and self.plan.clip[0],
            "trainer.gradient_clip_algorithm": self.plan.clip and self.plan.clip[1],
        }
        if self.stopping is not None:
            options["callbacks.early_stopping.monitor"] = self.stopping.monitor
        return options

    def _first_result(self) -> dict[str, Any]:
        run, label = self.config["run"], self.model.monitor_label
        if self.monitor != self.model.monitor:
            label = f"validation {label}"
        mode = "last" if keeps_last(self.model, self.data) else "min"
        return {
            **{key: run[key] for key in ("job", "hash") if key in run},
            "status": "completed",
            "error": None,
            "model": run["model"],
            "data": run["data"],
            "seed": self.seed,
            "device": "",
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "monitor": {"metric": self.monitor, "label": label, "mode": mode},
            "best": None,
            "last": None,
            "epochs": 0,
            "fit_seconds": 0.0,
            "members": 1,
            "metrics": {},
            "recalls": None,
            "weights": None,
            "outputs": None,
            "overrides": self.overrides,
            "versions": versions(),
            "paths": {},
        }

    def few_numbers(self) -> tuple[dict[str, Any] | None, list[Any] | None]:
        """Return the weights, and the outputs for the training points in eval mode; None for more
        than ``FEW`` weights or input numbers."""
        model, x = self.model.eval(), self.data.raw[0].x
        weights = model.weights()
        few_weights = 0 < sum(weight.numel() for weight in weights.values()) <= FEW
        return (
            {name: weight.tolist() for name, weight in weights.items()} if few_weights else None,
            model.predict(x).tolist() if x.numel() <= FEW else None,
        )

    def open(self, device: torch.device) -> None:
        """Create the folder and record the device, when the training starts.

        Raises:
            InputError: if something is in the folder, or it cannot be created.
            RunError: if the config cannot be written.
        """
        if not self.is_open:
            content = yaml.dump(self.config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
            create_run_dir(self.folder, content.encode())
            self.is_open = True
        gpu = f" {torch.cuda.get_device_name(device)}" if device.type == "cuda" else ""
        self.result["device"] = f"{device}{gpu}"

    def close(self) -> None:
        """Remove what ``open`` created, since the training could not start."""
        if self.is_open:
            self.is_open = False
            with suppress(OSError):  # not empty
                (self.folder / "config.yaml").unlink()
                self.folder.rmdir()

    def fail(self, error: BaseException) -> dict[str, Any]:
        """Return the result of a failed training; write it if the job is open and the disk can."""
        self.result |= {"status": "failed", "error": message(error) or type(error).__name__}
        if self.is_open:
            with suppress(OSError, RunError):  # for example, the folder was removed
                write_json(self.folder / "result.json", self.result)
        return self.result


def with_full_path(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config whose ``data.path`` and ``start_from`` are absolute, so that they are found
    from other folders."""
    full = dict(config)
    path = (config["data"] or {}).get("path")
    if isinstance(path, str):
        full["data"] = config["data"] | {"path": _full(path)}
    if config["start_from"] is not None:
        full["start_from"] = _full(str(config["start_from"]))  # YAML reads some names as numbers
    return full


def _full(path: str) -> str:
    return str(Path(path).expanduser().absolute())


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages in ``PACKAGES``."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # nnzoo in a source tree that is not installed
            continue
    return found
