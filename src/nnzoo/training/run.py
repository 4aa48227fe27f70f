"""One run: config -> data -> model -> Trainer -> result, checkpoints, pictures."""

import copy
import inspect
import logging
import platform
import signal
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from nnzoo.data import DataModule
from nnzoo.errors import InputError, RunError, unknown, whole
from nnzoo.models import Model
from nnzoo.training.files import write_json
from nnzoo.training.folders import claim
from nnzoo.training.recorder import Recorder
from nnzoo.training.report import FEW
from nnzoo.zoo import build, build_model, load_model

PACKAGES = ("nnzoo", "torch", "lightning", "hydra-core", "scikit-learn", "numpy")
TRAINER_DEFAULTS: dict[str, Any] = {
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 1,  # all is logged once an epoch; more would warn of short epochs
}


def train(
    cfg: DictConfig, overrides: list[str] | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Train one model and write its folder: config, metrics, checkpoints, pictures, result.

    Args:
        cfg: ``conf/train.yaml`` composed; ``cfg.run`` names the folder, the model and the data.
        overrides: what the user changed, for ``result.json``.
        quiet: print nothing but errors.

    Returns:
        The content of ``result.json``.

    Raises:
        InputError: if what was asked for cannot be done.
        RunError: if the training diverged.
        KeyboardInterrupt: if it was interrupted, by Ctrl-C or SIGTERM.
    """
    from nnzoo.training import report

    config: Any = OmegaConf.to_container(cfg, resolve=True)
    seed = whole("seed", config["seed"], low=0, high=2**32 - 1)
    _quieten()
    pl.seed_everything(seed, verbose=False)
    if config["threads"] is not None:
        torch.set_num_threads(whole("threads", config["threads"]))

    data: DataModule = build(config["data"], {}, "data")
    model = build_model(config["model"], data)
    model.check(data)
    folder = Path(config["run"]["folder"])
    trainer = build_trainer(config, model, data)
    checkpoint = resume_point(config["resume"]) if config["resume"] else None
    claim(folder)
    OmegaConf.save(OmegaConf.create(config), folder / "config.yaml")

    parameters = sum(p.numel() for p in model.parameters())
    result: dict[str, Any] = {
        "status": "completed",
        "error": None,
        "model": config["run"]["model"],
        "data": config["run"]["data"],
        "seed": seed,
        "device": _device(trainer.strategy.root_device),
        "parameters": parameters,
        "overrides": overrides or [],
    }
    if not quiet:
        report.print_header(result, data, parameters)

    start = time.perf_counter()
    saved = f"the last good weights are in {folder / 'checkpoints'}"
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
    except RunError as error:
        raise RunError(f"{error}; {saved}") from error
    except (
        SystemExit
    ) as stop:  # Lightning's answer to Ctrl-C, after which it ignores it, and SIGTERM
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt(f"interrupted in epoch {trainer.current_epoch}; {saved}") from stop
    result["fit_seconds"] = time.perf_counter() - start

    recorder = next(c for c in trainer.callbacks if isinstance(c, Recorder))  # type: ignore[attr-defined]
    untrained = copy.deepcopy(model)
    untrained.load_state_dict(recorder.initial)
    model.eval()
    result["epochs"] = len(recorder.rows)
    result["metrics"] = evaluate(model, data)
    result["weights"] = _weights(untrained, model)
    result["outputs"] = _outputs(untrained, model, data)
    result["versions"] = _versions()
    names = {"folder": "", "config": "config.yaml", "metrics": "metrics.csv"}
    names |= {"best": "checkpoints/best.ckpt", "last": "checkpoints/last.ckpt"}
    result["paths"] = {name: str(folder / file) for name, file in names.items()}
    if config["figures"]["draw"]:
        from nnzoo.training.pictures import Drawing, draw

        title = f"{result['model']} on {result['data']}"
        drawing = Drawing(model, untrained, data, recorder.rows, title)
        drawn = draw(drawing, folder / "figures", config["figures"]["show"])
        if drawn:
            result["paths"]["figures"] = str(folder / "figures")
    write_json(folder / "result.json", result)
    if not quiet:
        report.print_result(result)
    return result


def evaluate(model: Model, data: DataModule) -> dict[str, float]:
    """Metrics by name on the training part, and ``val_...`` on the validation part."""
    metrics = model.score(data)
    if data.val is not None:
        with torch.no_grad():
            measured = model.metrics(data.val.like(model.scaling.offset))
        metrics |= {f"val_{name}": float(value) for name, value in measured.items()}
    return metrics


def build_trainer(config: dict[str, Any], model: Model, data: DataModule) -> pl.Trainer:
    """The Lightning Trainer of a config, with its callbacks and loggers.

    Raises:
        InputError: if a key is unknown or a value is not possible on this machine.
    """
    from nnzoo.training.progress import ProgressBar

    options: dict[str, Any] = dict(config["trainer"])
    known = inspect.signature(pl.Trainer).parameters
    for key in options:
        if key not in known:
            raise unknown("key of trainer", key, known)
    whole("trainer.max_epochs", options["max_epochs"])
    on_gpu = options["accelerator"] in ("gpu", "cuda")
    if on_gpu and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise InputError("trainer=gpu but no GPU was found; use trainer=cpu or trainer=auto")
    if torch.cuda.is_available() and options["accelerator"] != "cpu":
        options.setdefault("deterministic", True)

    monitor = model.curve if data.val is None else f"val_{model.curve}"
    callbacks = []
    for name, node in (config["callbacks"] or {}).items():
        if node.get("monitor", "") is None:
            node = node | {"monitor": monitor}
        callbacks.append(build(node, {}, f"callbacks.{name}"))
    if Console().is_terminal:
        callbacks.append(ProgressBar())
    loggers = []
    for name, node in (config["logger"] or {}).items():
        try:
            loggers.append(build(node, {}, f"logger.{name}"))
        except ModuleNotFoundError as error:
            raise InputError(f"logger={name} needs: pip install 'nnzoo[{name}]'") from error
    options = TRAINER_DEFAULTS | {"logger": loggers or False} | options
    try:
        return pl.Trainer(**options, callbacks=callbacks)
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise InputError(f"trainer: {error}") from error


def resume_point(path: str) -> str:
    """The checkpoint to train on from: a file, or a run's folder whose last one is taken.

    Raises:
        InputError: if there is none, or it holds weights alone.
    """
    file = Path(path)
    file = file / "checkpoints" / "last.ckpt" if file.is_dir() else file
    load_model(file)  # says what is wrong with a file that is no checkpoint
    if "optimizer_states" not in torch.load(file, map_location="cpu", weights_only=True):
        raise InputError(f"{file} holds weights alone; resume from a run's last.ckpt")
    return str(file)


def _device(device: torch.device) -> str:
    return (
        f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            continue
    return found


def _weights(untrained: Model, model: Model) -> dict[str, Any] | None:
    """The learned numbers before and after, where they are few enough to be read."""
    if sum(weight.numel() for weight in model.weights().values()) > FEW:
        return None
    return {
        when: {name: weight.tolist() for name, weight in m.weights().items()}
        for when, m in (("before", untrained), ("after", model))
    }


def _outputs(untrained: Model, model: Model, data: DataModule) -> list[dict[str, Any]] | None:
    """The outputs for each training point before and after, where the points are few."""
    x, y = data.raw[0]
    if x.numel() > FEW:
        return None
    before, after = untrained.predict(x).tolist(), model.predict(x).tolist()
    rows = zip(x.tolist(), before, after, strict=True)
    outputs = [{"input": a, "before": b, "after": c} for a, b, c in rows]
    if y is not None:
        for row, target in zip(outputs, y.tolist(), strict=True):
            row["target"] = target
    return outputs


def _quieten() -> None:
    """Silence Lightning's tips, and its own use of what torch deprecates."""
    warnings.filterwarnings("ignore", r".*`isinstance\(treespec, LeafSpec\)` is deprecated")
    # Data without a validation part are no oversight.
    warnings.filterwarnings("ignore", r".*You defined a `validation_step` but have no")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
