"""The command line: Hydra composes the config, errors become one line."""

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.errors import InputError, unknown
from nnzoo.training import door
from nnzoo.training.door import FULL_ERROR, load_libraries, own_cause, say, traces_wanted
from nnzoo.training.folders import fresh_folder, remove_unused
from nnzoo.training.help import GROUPS, help_text
from nnzoo.zoo import conf_dir, entries, hydra_base

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from nnzoo.sweeps.fuse import Conclude

KEYS = (*GROUPS, "resume", "seed", "threads")
OTHER_KEYS = ("hydra", "run")
DEEPER = (
    *("figures.draw", "figures.rotate", "figures.show"),
    *("hydra.launcher.members", "hydra.run.dir", "hydra.sweep.dir"),
)
KEY = re.compile(r"^(\w+)(\.[\w.]+)?=")
FLAGS = (  # Hydra's
    *("--cfg", "--config-dir", "--config-name", "--config-path", "--experimental-rerun", "--help"),
    *("--hydra-help", "--info", "--multirun", "--package", "--resolve", "--run"),
    *("--shell-completion", "--version", "-c", "-cd", "-cn", "-cp", "-h", "-i", "-m", "-p", "-r"),
    "-sc",
)
# Keys under these are arguments of a class. YAML holds few of them, so each may be added; whether
# the class knows it is checked when the object is built.
OPEN = ("callbacks", "data", "logger", "model", "trainer")
SWEEP = ("-m", "--multirun")
DEFAULTS = ("debug=null", "experiment=null")  # which Hydra's grammar has no words for
NO_NAMES = ("", "0", "1", "false", "null", "true")  # of which Hydra would say that it is no string


def main() -> None:
    """Train as the command line says; exit code 1 and one line on an error."""
    asked = os.environ.get(FULL_ERROR)
    try:
        code = _main(sys.argv[1:], traces_wanted())
    finally:
        os.environ.pop(FULL_ERROR, None)
        if asked is not None:
            os.environ[FULL_ERROR] = asked
    if code:
        sys.exit(code)


def _main(arguments: list[str], traces: bool) -> int:
    """The exit code; ``traces`` prints a traceback with each error."""
    if "--help" in arguments or "-h" in arguments:
        print(help_text())
        return 0

    import hydra
    import omegaconf

    from nnzoo.training import sweep

    name = "register_new_resolver" if omegaconf.__version__ < "2.4" else "register_resolver"
    register = getattr(omegaconf.OmegaConf, name)  # renamed in 2.4
    register("fresh_folder", fresh_folder, use_cache=True, replace=True)
    sweep.failed_jobs = 0
    errors: list[BaseException] = []

    def task(cfg: "DictConfig", conclude: "Conclude | None" = None) -> None:
        # Hydra would print about an error that leaves the task, and end a sweep.
        del os.environ[FULL_ERROR]  # not for processes that the training starts
        try:
            if (error := _task(cfg, traces, conclude)) is not None:
                errors.append(error)
        finally:
            os.environ[FULL_ERROR] = "1"

    task.together = partial(_together, task, traces)  # type: ignore[attr-defined]  # for launcher=fused
    run = hydra.main(**hydra_base(), config_path=str(conf_dir()), config_name="train")(task)
    os.environ[FULL_ERROR] = "1"  # Hydra raises its errors, instead of printing them
    try:
        sys.argv[1:] = _arranged(arguments)
        run()
    except (Exception, KeyboardInterrupt) as error:
        say(error, one_line(error), traces)
        errors.append(error)
    remove_unused()
    return 1 if errors or sweep.failed_jobs else 0


def one_line(error: BaseException) -> str:
    """What a person is told of an error."""
    from hydra.errors import (
        ConfigCompositionException,
        MissingConfigException,
        OverrideParseException,
    )

    if own_cause(error) is not None:
        return door.one_line(error)
    text = str(error)
    if isinstance(error, OverrideParseException):
        typed = (error.override or "").lstrip("+")
        return (
            f"cannot read {typed!r}; write KEY=VALUE, such as model=autoencoder, and quote what "
            "holds brackets, spaces or a further ="
        )
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        return str(unknown(group, name, error.options))
    if isinstance(error, ConfigCompositionException):
        if text.startswith("Ambiguous value"):
            return "several values for one key: -m sweeps over them; decimals take a point"
        if match := re.search(r"Could not override '([^']+)'", text):
            return str(unknown("key", match[1], [*KEYS, *DEEPER]))
        if match := re.search(r"You must specify '([^']+)'", text):
            names = "|".join(entries(match[1]))
            return f"choose a {match[1]}: {match[1]}={names} (--help shows examples)"
    return door.one_line(error)


def _arranged(arguments: list[str]) -> list[str]:
    """The arguments as Hydra is to see them: ``-m`` first, ``++`` before what may add a key."""
    sweep = [argument for argument in arguments if argument in SWEEP]
    return sweep + [_opened(a) for a in arguments if a not in (*SWEEP, *DEFAULTS)]


def _opened(argument: str) -> str:
    if argument.startswith("-") and argument.partition("=")[0] not in FLAGS:
        raise unknown("flag", argument, FLAGS)
    if argument in ("hydra.run.dir=", "hydra.sweep.dir="):
        raise InputError(f"{argument} names no folder")
    if (match := KEY.match(argument.lstrip("+"))) is None:
        return argument
    key, value = match[1], argument.partition("=")[2]
    if key not in KEYS + OTHER_KEYS:
        raise unknown("key", key, KEYS)
    if key in GROUPS and not match[2] and value in NO_NAMES:
        raise unknown(key, value, entries(key))
    return f"++{argument.lstrip('+')}" if key in OPEN and match[2] else argument


def _task(cfg: "DictConfig", traces: bool, conclude: "Conclude | None") -> Exception | None:
    """Train, or end a training; an error is told and returned, and in a sweep written down."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    load_libraries()
    from nnzoo.training.files import write_json
    from nnzoo.training.report import print_job
    from nnzoo.training.run import train
    from nnzoo.training.sweep import write_results

    config = HydraConfig.get()
    sweep = config.mode == RunMode.MULTIRUN
    overrides = [item.lstrip("+") for item in config.overrides.task]
    folder = Path(config.runtime.output_dir)
    if sweep and conclude is None:
        _require_empty(folder, traces)
    try:
        result = train(cfg, overrides, quiet=sweep) if conclude is None else conclude()
    except (Exception, KeyboardInterrupt) as error:
        if sweep:
            if traces:
                traceback.print_exception(error)
            result = {"status": "failed", "error": one_line(error), "overrides": overrides}
            if not (folder / "result.json").exists():  # it failed before the training
                write_json(folder / "result.json", result)
        if isinstance(error, KeyboardInterrupt):
            if sweep:  # which ends here; what is done stays
                write_results(Path(config.sweep.dir), cfg.figures.draw)
            raise
        if not sweep:
            say(error, one_line(error), traces)
            return error
    if sweep:
        print_job(config.job.num, result)
    return None


def _require_empty(folder: Path, traces: bool) -> None:
    """End the sweep before anything of an older one is touched."""
    if folder.is_dir() and any(folder.iterdir()):
        error = InputError(f"{folder} is not empty; name another folder in hydra.sweep.dir")
        say(error, one_line(error), traces)
        sys.exit(1)


def _together(
    task: Callable[..., None],
    traces: bool,
    configs: "Sequence[DictConfig]",
    members: int | None,
) -> Iterator[tuple[int, Callable[..., None] | None]]:
    """Train the jobs of a sweep that are alike as one; their indices, and what ends each."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf, open_dict, read_write

    load_libraries()
    from nnzoo.sweeps.fuse import Job, fuse
    from nnzoo.training.sweep import write_results

    jobs = []
    for index, config in enumerate(configs):
        HydraConfig.instance().cfg = config  # type: ignore[assignment]  # for interpolations
        folder = Path(str(config.hydra.sweep.dir), str(config.hydra.sweep.subdir)).absolute()
        _require_empty(folder, traces)
        with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
            config.hydra.runtime.output_dir = str(folder)
        plain: dict[str, Any] = {
            str(key): OmegaConf.to_container(config[key], resolve=True)
            if OmegaConf.is_config(config[key])
            else config[key]
            for key in config
            if key != "hydra"
        }
        overrides = [str(item).lstrip("+") for item in config.hydra.overrides.task]
        jobs.append(Job(index, plain, overrides))
    try:
        for index, conclude in fuse(jobs, members):
            yield index, None if conclude is None else partial(task, conclude=conclude)
    except KeyboardInterrupt:  # the sweep ends here; what is done stays
        write_results(Path(configs[0].hydra.sweep.dir), configs[0].figures.draw)
        raise
