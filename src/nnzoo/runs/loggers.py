"""Loggers of Lightning: built from a config, and fed by the engine."""

import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lightning.pytorch.loggers import Logger

from nnzoo.errors import InputError, message
from nnzoo.runs.parts import build_part

if TYPE_CHECKING:
    from nnzoo.runs.job import Job

OWN_FILES = {"tensorboard", "csv"}
"""Loggers that write only into the folder of their run."""


EXTRAS = {"tensorboard", "mlflow", "wandb"}
"""Loggers whose packages are the extra of this name."""


def build_loggers(config: Mapping[str, Any]) -> list[Any]:
    """Return the loggers of a config.

    Raises:
        InputError: if a logger needs a package that is not installed, cannot start, or is none.
    """
    nodes = config["logger"] or {}
    if "mlflow" in nodes:
        with suppress(ImportError):
            import_module("mlflow")  # its import sets the level
            logging.getLogger("mlflow").setLevel(logging.WARNING)
    if "wandb" in nodes:
        os.environ.setdefault("WANDB_SILENT", "true")  # its settings come after its first lines
    loggers = []
    for name, node in nodes.items():
        try:
            loggers.append(build_part(node, f"logger.{name}", Logger))
        except ModuleNotFoundError as error:
            needs = f"needs: pip install 'nnzoo[{name}]'" if name in EXTRAS else message(error)
            raise InputError(f"logger={name} {needs}") from error
    return loggers


def shares_files(config: Mapping[str, Any]) -> bool:
    """Return whether a config has a logger whose files or connection several runs share, such as a
    database, which two processes cannot create at once."""
    return bool({*(config["logger"] or {})} - OWN_FILES)


def log_hyperparameters(loggers: Iterable[Any], job: "Job") -> None:
    """Log the arguments of a job's model, as Lightning does, and the rest of its config."""
    run = job.config["run"]
    values = {
        "model": run["model"],
        "data": {"name": run["data"], **(job.config["data"] or {})},
        "trainer": job.config["trainer"],
        "seed": job.seed,
        "folder": str(job.folder),
        **job.model.hparams,
    }
    for logger in loggers:
        logger.log_hyperparams(values)


def log_row(loggers: Iterable[Any], row: Mapping[str, float]) -> None:
    """Log a row of ``metrics.csv``."""
    metrics = {name: value for name, value in row.items() if name != "step"}
    for logger in loggers:
        logger.log_metrics(metrics, int(row["step"]))


def close(loggers: Iterable[Any], completed: bool) -> None:
    """Write what loggers hold, and end their runs."""
    for logger in loggers:
        logger.finalize("success" if completed else "failed")
        if (finish := getattr(logger.experiment, "finish", None)) is not None:
            finish()  # of wandb; ``finalize`` leaves its run open
