"""One run: config -> data -> model -> Trainer -> result, checkpoints, pictures."""

import copy
import platform
import signal
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from nnzoo.data import DataModule
from nnzoo.errors import InputError, RunError, told, whole
from nnzoo.models import Model
from nnzoo.training import report
from nnzoo.training.files import write_json
from nnzoo.training.folders import claim
from nnzoo.training.recorder import Recorder
from nnzoo.training.trainer import build_trainer, quieten, resume_point
from nnzoo.zoo import build, build_model

PACKAGES = ("nnzoo", "torch", "lightning", "hydra-core", "scikit-learn", "numpy")


class Run:
    """What a run trains, and the folder that it leaves.

    Building it sets the seed, and draws the model's first weights.

    Args:
        config: ``conf/train.yaml`` composed, in plain containers.
        overrides: what the user changed.
        data: the data module, where it is there already.

    Attributes:
        data, model: of the config.
        untrained: the model before training.
        folder: of the run.
        result: the content of ``result.json`` so far.

    Raises:
        InputError: if what was asked for cannot be done.
    """

    def __init__(
        self, config: dict[str, Any], overrides: list[str], data: DataModule | None = None
    ) -> None:
        self.config = config
        self.seed = whole("seed", config["seed"], low=0, high=2**32 - 1)
        pl.seed_everything(self.seed, verbose=False)
        for key, value in config["figures"].items():
            if not isinstance(value, bool):
                raise InputError(f"figures.{key} must be true or false, got {value!r}")
        self.data: DataModule = build(config["data"], "data") if data is None else data
        self.model = build_model(config["model"], self.data)
        self.model.check(self.data)
        self.folder = Path(config["run"]["folder"])
        self.result: dict[str, Any] = {
            "status": "completed",
            "error": None,
            "model": config["run"]["model"],
            "data": config["run"]["data"],
            "seed": self.seed,
            "device": "",
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "curve": {"metric": self.model.curve, "label": self.model.curve_label},
            "overrides": overrides,
            "versions": dict(versions()),
        }

    def open(self, device: torch.device) -> None:
        """Claim the folder for a training that begins now."""
        claim(self.folder)
        OmegaConf.save(OmegaConf.create(self.config), self.folder / "config.yaml")
        self.result["device"] = _device(device)
        self.untrained = copy.deepcopy(self.model)

    def fail(self, error: BaseException) -> None:
        """Write a result that says why there is none."""
        failed = {"status": "failed", "error": told(error), "metrics": {}}
        write_json(self.folder / "result.json", self.result | failed)

    def conclude(
        self, rows: list[dict[str, float]], initial: dict[str, Tensor], epochs: int
    ) -> dict[str, Any]:
        """Score the trained model, write ``result.json`` and draw the pictures.

        Args:
            rows: of ``metrics.csv``.
            initial: state_dict at the start of the training.
            epochs: behind the model.

        Returns:
            The content of ``result.json``.

        Raises:
            InputError: if nothing was trained.
        """
        if not rows:
            raise InputError("nothing was trained: trainer's options leave no epoch or no batch")
        model, folder = self.model.eval(), self.folder
        before = copy.deepcopy(model)
        before.load_state_dict(initial)
        self.result |= {
            "epochs": epochs,
            "passes": rows[-1]["pass"] + 1,
            "metrics": scores(model, self.data),
            "weights": _weights(before, model),
            "outputs": _outputs(before, model, self.data),
            "paths": {
                "folder": str(folder),
                "config": str(folder / "config.yaml"),
                "metrics": str(folder / "metrics.csv"),
                "best": str(folder / "checkpoints" / "best.ckpt"),
                "last": str(folder / "checkpoints" / "last.ckpt"),
            },
        }
        options = dict(self.config["figures"])
        if drawn := options.pop("draw"):
            self.result["paths"]["figures"] = str(folder / "figures")
        write_json(folder / "result.json", self.result)  # a picture that fails loses no number
        if drawn:
            from nnzoo.training.pictures import Drawing, draw

            title = f"{self.result['model']} on {self.result['data']}"
            drawing = Drawing(model, self.untrained.to(model.dtype), self.data, rows, title)
            draw(drawing, folder / "figures", **options)
        return self.result


def train(
    cfg: DictConfig,
    overrides: list[str] | None = None,
    quiet: bool = False,
    data: DataModule | None = None,
) -> dict[str, Any]:
    """Train one model and write its folder: config, metrics, checkpoints, pictures, result.

    Args:
        cfg: ``conf/train.yaml`` composed; ``cfg.run`` names the folder, the model and the data.
        overrides: what the user changed, for ``result.json``.
        quiet: print nothing but errors.
        data: the data module, where it is there already.

    Returns:
        The content of ``result.json``; nothing in all but the first of several processes.

    Raises:
        InputError: if what was asked for cannot be done.
        RunError: if the training diverged.
        KeyboardInterrupt: if it was interrupted, by Ctrl-C or SIGTERM.
    """
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    quieten()
    set_threads(config["threads"])
    run = Run(config, overrides or [], data)
    model, data = run.model, run.data
    trainer = build_trainer(config, model, data)
    checkpoint = None
    if config["resume"] is not None:
        checkpoint = resume_point(config["resume"], model, config["trainer"]["max_epochs"])
    if not trainer.is_global_zero:  # one of several processes: the first one writes
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
        return {}
    run.open(trainer.strategy.root_device)
    if not quiet:
        report.print_header(run.result, data)
    try:
        run.result["fit_seconds"] = fit(
            trainer, model, data, checkpoint, str(run.folder / "checkpoints")
        )
    except (Exception, KeyboardInterrupt) as error:
        run.fail(error)
        raise
    recorder = next(c for c in trainer.callbacks if isinstance(c, Recorder))  # type: ignore[attr-defined]
    result = run.conclude(recorder.rows, recorder.initial, trainer.current_epoch)
    if not quiet:
        report.print_result(result)
    return result


def set_threads(threads: int | None) -> None:
    """Set torch's threads on the CPU; None: as they are."""
    if threads is not None:
        torch.set_num_threads(whole("threads", threads))


def scores(model: Model, data: DataModule) -> dict[str, float]:
    """Metrics by name on the training part, and ``val_...`` on the validation part."""
    metrics = model.score(data)
    if data.raw[1] is not None:
        measured = model.measure(data.raw[1])
        metrics |= {f"val_{name}": value for name, value in measured.items()}
    return metrics


def fit(
    trainer: pl.Trainer,
    model: pl.LightningModule,
    data: pl.LightningDataModule,
    checkpoint: str | None,
    place: str,
) -> float:
    """Train; the seconds that ``Trainer.fit`` took.

    Args:
        trainer, model, data: see Lightning.
        checkpoint: to train on from, if any.
        place: of the checkpoints, for messages.

    Raises:
        RunError: if the training diverged.
        KeyboardInterrupt: if it was interrupted, by Ctrl-C or SIGTERM.
    """
    saved = f"the last good weights are in {place}"
    on_interrupt = signal.getsignal(signal.SIGINT)
    # The C library gives freed memory back to the system, and clearing what it gets again can take
    # longer than a layer. It keeps up to twice as much as the largest block that it saw freed.
    torch.empty(31 * 2**20, dtype=torch.uint8)
    start = time.perf_counter()
    try:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
    except RunError as error:
        raise RunError(f"{error}; {saved}") from error
    except SystemExit as stop:  # Lightning's answer to SIGTERM and to Ctrl-C, ignored from then on
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt(f"interrupted in epoch {trainer.current_epoch}; {saved}") from stop
    return time.perf_counter() - start


def _device(device: torch.device) -> str:
    return (
        f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)
    )


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result hangs on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            continue
    return found


def _weights(before: Model, model: Model) -> dict[str, Any] | None:
    """The learned numbers before and after, where they are few enough to be read."""
    if sum(weight.numel() for weight in model.weights().values()) > report.FEW:
        return None
    return {
        when: {name: weight.tolist() for name, weight in m.weights().items()}
        for when, m in (("before", before), ("after", model))
    }


def _outputs(old: Model, model: Model, data: DataModule) -> list[dict[str, Any]] | None:
    """The outputs for each training point before and after, where the points are few."""
    x, y = data.raw[0]
    if x.numel() > report.FEW:
        return None
    before, after = old.predict(x).tolist(), model.predict(x).tolist()
    rows = zip(x.tolist(), before, after, strict=True)
    outputs = [{"input": a, "before": b, "after": c} for a, b, c in rows]
    if y is not None:
        for row, target in zip(outputs, y.tolist(), strict=True):
            row["target"] = target
    return outputs
