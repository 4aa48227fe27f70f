"""``nnzoo train``: one training, or a sweep over many."""

import errno
import os
import re
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnzoo.cli.allowed import check_overrides, split_allowed
from nnzoo.cli.command import HELP_FLAGS, load_libraries, print_error
from nnzoo.cli.help import help_text
from nnzoo.cli.hydra_app import (
    register_resolvers,
    run_hydra,
    run_hydra_command,
    with_own_entries,
)
from nnzoo.cli.listing import GROUPS, chosen, print_clash, read
from nnzoo.cli.suggestions import SWEEP, check_arguments
from nnzoo.entries import entries
from nnzoo.errors import InputError, counted, printable
from nnzoo.overrides import literal

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from nnzoo.runs.job import Job

RESUMED_SWEEP = re.compile(r"\+*resume_sweep=(?!null$)")

MAX_ROWS = 40
"""Maximum number of a sweep's jobs that are printed."""


def train(arguments: list[str]) -> int:
    """Run ``nnzoo train``; return the exit code."""
    if {*arguments} & {*HELP_FLAGS}:
        print(help_text([argument for argument in arguments if argument not in HELP_FLAGS]), end="")
        return 0
    allow, arguments = split_allowed(arguments)
    if allow is not None and not any(text.startswith("resume_sweep=") for text in arguments):
        raise InputError(
            "allow= needs resume_sweep=FOLDER; classes that you type, or that your own entries "
            "name, are allowed without it"
        )
    resumes = any(RESUMED_SWEEP.match(argument) for argument in arguments)
    if resumes and not {*arguments} & {*SWEEP}:
        arguments = ["-m", *arguments]
    checked = with_own_entries(check_arguments(arguments))
    for group in GROUPS:
        for name in (chosen(arguments, group) or "").split(","):
            print_clash(group, name)
    if any(argument.lstrip("+").startswith("run.folder=") for argument in checked):
        raise InputError("run.folder cannot be set: set hydra.run.dir or hydra.sweep.dir instead")
    register_resolvers()
    flags = [argument for argument in checked if argument.startswith("-")]
    if {*flags} - {*SWEEP}:
        return train_one(checked, hydra_flags=True)
    overrides = [argument for argument in checked if argument not in SWEEP]
    load_libraries(is_report=True)
    from nnzoo.runs.files import remove_unused

    try:
        is_sweep = bool(flags) or is_multirun(overrides)
        return train_many(overrides, allow) if is_sweep else train_one(overrides)
    finally:
        remove_unused()


def train_one(overrides: list[str], hydra_flags: bool = False) -> int:
    """Train one model and print its result; ``hydra_flags``: the overrides include flags."""
    errors: list[Exception] = []

    def task(cfg: "DictConfig") -> None:
        from hydra.core.hydra_config import HydraConfig

        from nnzoo.cli.output import data_notes, print_header, print_result
        from nnzoo.runs import run
        from nnzoo.sweeps.launch import shown_overrides

        def announce(job: "Job") -> None:
            if job.reason is not None:
                print(f"Lightning's loop trains this model: {job.reason}")
            print_header(job.result, job.data)
            for note in data_notes(job):
                print(f"note: {note}")

        try:
            typed = shown_overrides(HydraConfig.get().overrides.task)
            (result,) = run.train([plain_config(cfg)], [typed], announce)
            if result.error is not None:
                raise result.error
            print_result(result.content, result.rows, cfg.trainer.max_epochs)
        except Exception as error:  # Hydra would print more about an error that leaves the task
            errors.append(error)
            with suppress(OSError):  # not empty: the training started
                Path(cfg.run.folder).rmdir()

    if hydra_flags:
        run_hydra_command(overrides, task)
    else:
        run_hydra(overrides, task, sweep=False)
    if errors:
        raise errors[0]
    return 0


def train_many(overrides: list[str], allow: list[str] | None = None) -> int:
    """Train the jobs of a sweep; print and write its table and figure.

    Args:
        overrides: as typed.
        allow: packages whose classes the options of a resumed sweep may name.
    """
    from nnzoo.engine.interrupts import outside
    from nnzoo.runs.find import MANIFEST
    from nnzoo.sweeps.results import forget_jobs, read_jobs

    folder, overrides = sweep_folder(overrides, allow or [])
    forget_jobs(folder)
    has_figure = "figures=none" not in overrides
    if not any(argument.startswith("figures") for argument in overrides):
        overrides = [*overrides, "figures=none"]  # for the jobs; the sweep has one figure
    with outside:
        try:
            run_hydra(overrides, run_job, sweep=True)
            return 1 if finish_sweep(folder, has_figure) else 0
        except (KeyboardInterrupt, Exception) as error:
            lost_terminal = isinstance(error, OSError) and error.errno == errno.EIO
            if outside.asked and not isinstance(error, KeyboardInterrupt):
                error = KeyboardInterrupt(f"interrupted by {outside.name}")
            elif not (lost_terminal or isinstance(error, KeyboardInterrupt)):
                starts = not (folder / MANIFEST).exists()
                if isinstance(error, OSError) and error.filename is None and starts:
                    error.filename = str(folder / "multirun.yaml")  # Hydra writes it first
                raise
            outside.ignore()  # the sweep is stopping already
            try:
                print_error(error)
            except OSError:  # the terminal is gone
                null = os.open(os.devnull, os.O_WRONLY)
                for stream in (sys.stdout, sys.stderr):
                    os.dup2(null, stream.fileno())
            if read_jobs(folder):
                finish_sweep(folder, has_figure)
            return 1


def run_job(cfg: "DictConfig") -> float:
    """Train one job of a sweep alone; return the monitored value, NaN if it failed."""
    from hydra.core.hydra_config import HydraConfig

    from nnzoo.sweeps.launch import launch
    from nnzoo.sweeps.sweep import Spec

    hydra = HydraConfig.get()
    register_resolvers()
    config = plain_config(cfg)
    config["run"]["folder"] = str(Path(hydra.runtime.output_dir).absolute())
    spec = Spec(config, list(hydra.overrides.task), hydra.job.num)
    return launch([spec], Path(hydra.sweep.dir).absolute(), members=1)[0]


def plain_config(cfg: "DictConfig") -> dict[str, Any]:
    """Return a config in plain containers, resolved."""
    from omegaconf import OmegaConf

    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    return dict(plain)


def finish_sweep(folder: Path, has_figure: bool) -> int:
    """Write, print and draw the results of a sweep; return the number of failed jobs."""
    from nnzoo.cli.table import print_table
    from nnzoo.runs.text import short_path
    from nnzoo.sweeps.results import read_jobs, write_results
    from nnzoo.sweeps.summary import summary

    jobs = read_jobs(folder)
    rows = write_results(jobs, folder / "results.csv")
    failed = [row for row in rows if row["status"] != "completed"]
    title = f"{counted(len(rows), 'job')}, {len(failed)} failed"
    if by_seed := summary(jobs):
        over = "seeds and folds" if any("data.fold" in job.overrides for job in jobs) else "seeds"
        print_table(f"{title}; mean ± standard deviation over {over}", by_seed)
    else:
        hidden = ("folder", "error")
        shown = [{k: v for k, v in row.items() if k not in hidden} for row in rows[:MAX_ROWS]]
        print_table(title, shown)
        if len(rows) > MAX_ROWS:
            print(f"  ... and {len(rows) - MAX_ROWS} more")
    for row in failed[:MAX_ROWS]:
        print(printable(f"job {row['job']} failed: {row['error']}"))
    print(f"results  {short_path(folder / 'results.csv')}")
    if has_figure:
        from nnzoo.sweeps.overview import draw_overview

        for file in draw_overview(jobs, folder / "sweep"):
            print(f"figure   {short_path(file)}")
    return len(failed)


def is_multirun(overrides: list[str]) -> bool:
    """Return whether the experiment or ``hydra.mode`` starts a sweep, without ``-m``."""
    name = chosen(overrides, "experiment")
    file = read("experiment", str(name)) if name in entries("experiment") else {}
    in_file: bool = file.get("hydra", {}).get("mode") == "MULTIRUN"
    return in_file or "hydra.mode=MULTIRUN" in overrides


def sweep_folder(overrides: list[str], allow: list[str]) -> tuple[Path, list[str]]:
    """Return the folder of a sweep, and the overrides with that folder; see ``train_many``.

    Raises:
        InputError: if the folder is not empty, or the sweep to resume does not exist.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.utils import setup_globals
    from omegaconf import OmegaConf

    from nnzoo.runs.files import fresh_folder
    from nnzoo.runs.find import MANIFEST
    from nnzoo.sweeps.results import read_jobs

    setup_globals()  # registers ${now:...}
    given: dict[str, Any] = {"resume_sweep": None, "hydra.sweep.dir": None}
    rest = []
    for argument in overrides:
        key = argument.lstrip("+").partition("=")[0]
        if key in given:
            value = OverridesParser.create().parse_override(argument).value()
            given[key] = None if value is None else OmegaConf.create([str(value)])[0]
        if key != "hydra.sweep.dir":
            rest.append(argument)
    resumed, new = given.values()
    if resumed is not None:
        folder = Path(resumed).expanduser().absolute()
        if not folder.is_dir():
            raise InputError(f"there is no sweep {folder} to resume")
        if not read_jobs(folder):
            raise InputError(
                f"{folder} holds no sweep of nnzoo (no list of jobs, {MANIFEST}); name the folder "
                "of a sweep, or continue a single run by resume=FOLDER"
            )
        if len(rest) == 1:  # nothing else was typed
            rest = [*overrides_of(folder, allow), *rest]
    elif new is not None:
        folder = Path(new).expanduser().absolute()
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(
                f"{folder} is not empty; name another folder in hydra.sweep.dir, or resume its "
                f"sweep: resume_sweep={folder}"
            )
        if not folder.exists():
            fresh_folder(str(folder))
    else:
        folder = Path(fresh_folder(f"multirun/{datetime.now():%Y-%m-%d_%H-%M-%S}"))
    return folder, [*rest, f"hydra.sweep.dir={literal(str(folder))}"]


def overrides_of(folder: Path, allow: list[str]) -> list[str]:
    """Return the overrides that a sweep was started with, from Hydra's ``multirun.yaml``.

    Raises:
        InputError: if there is no such file, or ``check_overrides`` rejects what it holds.
    """
    from nnzoo.runs.reading import read_yaml

    file = folder / "multirun.yaml"
    if not file.is_file():
        raise InputError(f"{folder} has no multirun.yaml; repeat the sweep's options")
    try:
        typed = list(map(str, read_yaml(file)["hydra"]["overrides"]["task"]))
    except InputError as error:
        raise InputError(f"{error}; repeat the sweep's options") from error
    except (KeyError, TypeError) as error:
        raise InputError(f"{file} lists no options; repeat the sweep's options") from error
    typed = [text for text in typed if not text.startswith("resume_sweep=")]
    check_overrides(typed, file, allow)
    return typed
