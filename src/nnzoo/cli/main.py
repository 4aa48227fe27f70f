"""The command ``nnzoo``."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from nnzoo import __version__
from nnzoo.cli.command import COMMANDS, HELP_FLAGS, print_error
from nnzoo.cli.hydra_app import config_dirs
from nnzoo.entries import own_entries
from nnzoo.errors import InputError, unknown

TEXT = """\
nnzoo: the classical neural networks.

usage: nnzoo COMMAND [KEY=VALUE ...]

commands
  train      train a model, or sweep over many: nnzoo train model=autoencoder
  predict    outputs of a trained model for new points, or samples
  evaluate   metrics and figures of a trained model, on its own or other data
  export     a trained model as ONNX, torch.export or safetensors
  report     one HTML page about a run or a sweep
  list       models, data or experiments: nnzoo list models

Each has its own --help; nnzoo train model=NAME --help lists the options of a model.
nnzoo --version prints the version. eval "$(nnzoo -sc install=bash)" completes words on Tab;
zsh and fish work too.
"""


def main(typed: Sequence[str] | None = None) -> None:
    """Run a command; print an error in one line; exit with 1 if the command failed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as ``>&-`` does
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # escape characters that its encoding lacks
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(list(sys.argv[1:] if typed is None else typed))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe, as head does
        drop_output()
        code = 1
    except (Exception, KeyboardInterrupt) as error:
        print_error(error)
        code = 1
        try:
            sys.stdout.flush()
        except OSError:  # such as a full disk: the interpreter would print a second error
            drop_output()
    if code == 1:
        sys.exit(1)


def drop_output() -> None:
    """Discard buffered output, which the interpreter would otherwise fail to write at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(typed: list[str]) -> object:
    """Run what was typed after ``nnzoo``; return 1 if some jobs of a sweep failed.

    Raises:
        InputError: if there is no such command.
    """
    name, *arguments = typed or HELP_FLAGS
    if name in HELP_FLAGS:
        print(TEXT, end="")
    elif "--version" in typed:
        print(f"nnzoo {__version__}")
    elif {*typed[:2]} & {"-sc", "--shell-completion"}:
        from nnzoo.cli.completion import shell_completion

        shell_completion(typed if name.startswith("-") else arguments)
    elif name not in COMMANDS:
        hint = f"; did you mean nnzoo train {name}?" if "=" in name or name == "-m" else ""
        raise InputError(f"{unknown('command', name, COMMANDS)}{hint}")
    elif name not in ("train", "list") and {*arguments} & {*HELP_FLAGS}:
        print(import_module(f"nnzoo.cli.{name}").HELP, end="")
    else:
        folders, arguments = config_dirs(arguments)
        with own_entries(folders):
            if name == "list":
                from nnzoo.cli.listing import print_list

                print_list(arguments)
            else:
                return getattr(import_module(f"nnzoo.cli.{name}"), name)(arguments)
    return 0


if __name__ == "__main__":
    main()
