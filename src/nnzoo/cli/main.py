"""The command ``nnzoo``."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from nnzoo import __version__
from nnzoo.cli.command import HELP, run_command
from nnzoo.errors import InputError, unknown

COMMANDS = ("train", "predict", "evaluate", "list")

TEXT = """\
nnzoo: the classical neural networks.

usage: nnzoo COMMAND [KEY=VALUE ...]

commands
  train      train a model, or sweep over many: nnzoo train model=autoencoder
  predict    outputs of a trained model for new points, or samples
  evaluate   metrics and figures of a trained model, on its own data or others
  list       models, data or experiments: nnzoo list models

Each has its own --help; nnzoo train model=NAME --help lists the options of a model.
nnzoo --version prints the version. eval "$(nnzoo -sc install=bash)" completes words on Tab;
zsh and fish work too.
"""


def main(typed: Sequence[str] | None = None) -> None:
    """Run a command; exit with its code."""
    arguments = list(sys.argv[1:] if typed is None else typed)
    if not arguments or arguments[0] in HELP:
        print(TEXT, end="")
        return
    if "--version" in arguments:
        print(f"nnzoo {__version__}")
        return
    if {*arguments[:2]} & {"-sc", "--shell-completion"}:
        from nnzoo.cli.completion import shell_completion

        shell_completion(arguments if arguments[0].startswith("-") else arguments[1:])
        return
    name, *rest = arguments
    code = run_command(_work(name), rest)
    if code:
        sys.exit(code)


def train_main() -> None:
    """Run ``scripts/train.py``."""
    main(["train", *sys.argv[1:]])


def predict_main() -> None:
    """Run ``scripts/predict.py``."""
    main(["predict", *sys.argv[1:]])


def evaluate_main() -> None:
    """Run ``scripts/evaluate.py``."""
    main(["evaluate", *sys.argv[1:]])


def _work(name: str) -> Callable[[list[str]], object]:
    """Return the function of a command, which imports its module when called."""

    def work(arguments: list[str]) -> object:
        if name not in COMMANDS:
            hint = f"; did you mean nnzoo train {name}?" if "=" in name or name == "-m" else ""
            raise InputError(f"{unknown('command', name, COMMANDS)}{hint}")
        if name == "list":
            from nnzoo.cli.listing import list_text

            if len(arguments) != 1 or arguments[0] in HELP:
                raise InputError(
                    "write nnzoo list models, nnzoo list data or nnzoo list experiments"
                )
            return print(list_text(arguments[0]), end="")
        if name == "train":
            return import_module("nnzoo.cli.train").train(arguments)
        module = import_module(f"nnzoo.cli.{name}")
        if any(flag in arguments for flag in HELP):
            return print(module.HELP, end="")
        return getattr(module, name)(arguments)

    return work


if __name__ == "__main__":
    main()
