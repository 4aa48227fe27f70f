"""Hydra, set up for the configs of nnzoo."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.catalogue import conf_dir, hydra_base
from nnzoo.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONFIG_DIR = ("--config-dir", "-cd")


def with_hydra(work: Callable[[Any], object]) -> object:
    """Call a function with Hydra's object."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    with initialize_config_dir(str(conf_dir()), job_name="train", **hydra_base()):
        return work(GlobalHydra.instance().hydra)


def run_hydra(arguments: list[str], task: Callable[["DictConfig"], None]) -> None:
    """Run a task by Hydra, which reads its own flags such as ``--cfg job``.

    Args:
        arguments: overrides, then flags.
        task: called with a config, unless a flag replaces the training.
    """
    import hydra

    sys.argv[1:] = arguments
    hydra.main(**hydra_base(), config_path=str(conf_dir()), config_name="train")(task)()


def register_resolvers() -> None:
    """Register the resolvers that ``conf/train.yaml`` uses."""
    import omegaconf

    from nnzoo.runs.files import fresh_folder

    name = "register_new_resolver" if omegaconf.__version__ < "2.4" else "register_resolver"
    register = getattr(omegaconf.OmegaConf, name)  # renamed in 2.4
    register("fresh_folder", fresh_folder, use_cache=True, replace=True)


def with_own_configs(arguments: list[str]) -> list[str]:
    """Return arguments with ``--config-dir FOLDER`` replaced by an override.

    Also makes modules in the current folder importable, for classes that the configs name.

    Raises:
        InputError: if there is no such folder.
    """
    kept: list[str] = []
    folders: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag not in CONFIG_DIR:
            kept.append(argument)
            continue
        folder = Path(value if equals else next(rest, "")).expanduser().absolute()
        if not folder.is_dir():
            raise InputError(f"{flag}: there is no folder {folder}")
        folders.append(literal(f"file://{folder}"))
    if not folders:
        return kept
    sys.path.append(str(Path.cwd()))
    first = 1 if kept[:1] in (["-m"], ["--multirun"]) else 0  # overrides must be adjacent
    return [*kept[:first], f"hydra.searchpath=[{','.join(folders)}]", *kept[first:]]


def literal(text: str) -> str:
    """Return a text in quotes that Hydra's override grammar reads back unchanged."""
    # A backslash is special only before a quote.
    inner = re.sub(r"(\\*)('|\Z)", lambda match: match[1] * 2 + match[2].replace("'", "\\'"), text)
    return f"'{inner}'"
