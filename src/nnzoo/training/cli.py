"""The command line: Hydra composes the config, errors become one line."""

import os
import re
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from nnzoo.errors import InputError, RunError
from nnzoo.training.folders import fresh_folder
from nnzoo.training.help import GROUPS, help_text
from nnzoo.zoo import conf_dir

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Keys under these are arguments of a class. YAML holds few of them, so each may be added; whether
# the class knows it is checked when the object is built.
OPEN = re.compile(r"^(model|data|trainer|callbacks|logger)\.[\w.]+=")
TRACEBACK = os.environ.get("HYDRA_FULL_ERROR", "0") not in ("", "0")
TOP = ("seed", "threads", "resume", *GROUPS)


def main() -> None:
    """Train as the command line says; exit code 1 and one line on an error."""
    arguments = sys.argv[1:]
    if "--help" in arguments or "-h" in arguments:
        print(help_text(conf_dir()))
        return

    import hydra
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("fresh_folder", fresh_folder, use_cache=True, replace=True)
    sys.argv[1:] = [f"++{a}" if OPEN.match(a) else a for a in arguments]
    task = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="train")(_task)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises, instead of printing and exiting
    try:
        task()
    except Exception as error:
        if TRACEBACK:
            raise
        print(f"error: {one_line(error)}", file=sys.stderr)
        sys.exit(1)

    from nnzoo.training import sweep

    if sweep.failed_jobs:
        sys.exit(1)


def one_line(error: BaseException) -> str:
    """What a person is told of an error."""
    from hydra.errors import ConfigCompositionException, MissingConfigException

    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    for link in chain:
        if isinstance(link, InputError | RunError):
            return " ".join(str(link).split())
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        return _unknown(group, name, list(error.options))
    text = str(error)
    if isinstance(error, ConfigCompositionException):
        if match := re.search(r"Could not override '([^']+)'", text):
            return _unknown("key", match.group(1), list(TOP))
        if match := re.search(r"You must specify '([^']+)'", text):
            group = match.group(1)
            names = sorted(file.stem for file in (conf_dir() / group).glob("*.yaml"))
            return f"choose a {group}: {group}={'|'.join(names)} (--help shows examples)"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    hint = "HYDRA_FULL_ERROR=1 shows where"
    return f"{type(error).__name__}: {' '.join(lines[:2]) or 'no message'} ({hint})"


def _unknown(kind: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"unknown {kind} '{name}'; {hint}known: {', '.join(sorted(known))}"


def _task(cfg: "DictConfig") -> None:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from nnzoo.training.run import train

    config = HydraConfig.get()
    overrides = [item.lstrip("+") for item in config.overrides.task]
    if config.mode == RunMode.MULTIRUN:
        _job(cfg, overrides)
    else:
        train(cfg, overrides)


def _job(cfg: "DictConfig", overrides: list[str]) -> None:
    """One job of a sweep: its failure is written down and loses none of the others."""
    from nnzoo.training.files import write_json
    from nnzoo.training.run import train

    begin = f"job {Path(cfg.run.folder).name}: {' '.join(overrides)}"
    try:
        result = train(cfg, overrides, quiet=True)
    except Exception as error:
        if TRACEBACK:
            traceback.print_exc()
        failed = {"status": "failed", "error": one_line(error), "overrides": overrides, "metrics": {}}
        named = {"model": cfg.run.model, "data": cfg.run.data, "seed": cfg.seed}
        write_json(Path(cfg.run.folder) / "result.json", named | failed)
        print(f"{begin}  failed: {one_line(error)}", flush=True)
    else:
        metrics = "  ".join(f"{k} {v:.4g}" for k, v in result["metrics"].items())
        print(f"{begin}  {metrics}  ({result['fit_seconds']:.2f} s)", flush=True)
