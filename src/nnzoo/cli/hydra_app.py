"""Hydra, set up for nnzoo's configs."""

import io
import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.catalogue import hydra_base
from nnzoo.entries import conf_dir, entries, search_path
from nnzoo.errors import InputError
from nnzoo.overrides import literal

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run_hydra(overrides: list[str], task: Callable[["DictConfig"], Any], sweep: bool) -> None:
    """Compose the config, or each config of a sweep, with Hydra and call the task with it."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    with own_launchers(), initialize_config_dir(str(conf_dir()), job_name="train", **hydra_base()):
        hydra: Any = GlobalHydra.instance().hydra
        work = hydra.multirun if sweep else hydra.run
        work("train", task, overrides, with_log_configuration=False)


def run_hydra_command(arguments: list[str], task: Callable[["DictConfig"], None]) -> None:
    """Run Hydra's own command line, which reads flags such as ``--cfg job``.

    Args:
        arguments: overrides, then flags.
        task: called with a config, unless a flag replaces the training.

    Raises:
        InputError: if a flag lacks its value, or has a value but takes none.
    """
    import hydra
    from hydra._internal.utils import get_args_parser

    printed = io.StringIO()
    try:
        with redirect_stderr(printed), redirect_stdout(io.StringIO()):
            get_args_parser().parse_args(arguments)
    except SystemExit as error:
        if error.code:  # argparse has printed its usage, then the error
            raise InputError(printed.getvalue().strip().rpartition("error: ")[2]) from None
    sys.argv[1:] = arguments
    with own_launchers():
        hydra.main(**hydra_base(), config_path=str(conf_dir()), config_name="train")(task)()


@contextmanager
def own_launchers() -> Iterator[None]:
    """Hide the entries of plugins that have the names of nnzoo's launchers, such as joblib: Hydra
    would check nnzoo's against them."""
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins

    Plugins.instance()  # imports them all
    stored = ConfigStore.instance().repo["hydra"]["launcher"]
    names = [f"{name}.yaml" for name in entries("hydra/launcher")]
    hidden = {name: stored.pop(name) for name in names if name in stored}
    try:
        yield
    finally:
        stored.update(hidden)


def register_resolvers() -> None:
    """Register the resolvers that ``conf/train.yaml`` uses."""
    import omegaconf

    from nnzoo.runs.files import fresh_folder

    name = "register_new_resolver" if omegaconf.__version__ < "2.4" else "register_resolver"
    register = getattr(omegaconf.OmegaConf, name)  # renamed in 2.4
    register("fresh_folder", fresh_folder, use_cache=True, replace=True)


def config_dirs(arguments: list[str]) -> tuple[list[Path], list[str]]:
    """Return the folders of ``--config-dir FOLDER``, and the other arguments.

    If there are any, modules in the current folder become importable, for classes in the entries.

    Raises:
        InputError: if there is no such folder.
    """
    if not any(re.match(r"(--config-dir|-cd)(=|$)", argument) for argument in arguments):
        return [], arguments
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd", action="append", nargs="?", default=[])
    typed, kept = parser.parse_known_args(arguments)
    folders = [Path(folder or "").expanduser().absolute() for folder in typed.config_dir]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"--config-dir: there is no folder {folder}")
    sys.path.append(str(Path.cwd()))
    return folders, kept


def with_own_entries(arguments: list[str]) -> list[str]:
    """Return arguments with an override that makes Hydra search the user's folders."""
    first = 1 if arguments[:1] in (["-m"], ["--multirun"]) else 0  # overrides must be adjacent
    return [*arguments[:first], *search_path(), *arguments[first:]]


def quoted_words(override: str) -> str:
    """Return an override with its non-ASCII words in quotes, as Hydra needs them; unchanged if it
    has quotes already."""
    key, equals, value = override.partition("=")
    if value.isascii() or "'" in value or '"' in value:
        return override
    words = re.split(r"([,\[\]{}():]+)", value)
    return key + equals + "".join(w if w.isascii() else literal(w.strip()) for w in words)
