"""Completion of ``nnzoo`` command lines in a shell.

Hydra prints the script that a shell evaluates, ``nnzoo -sc install=bash``. On Tab, the script calls
``nnzoo -sc query=bash``; nnzoo answers it because Hydra does not know all options of a model.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from glob import escape, glob
from importlib import import_module
from pathlib import Path

from nnzoo.cli.command import COMMANDS
from nnzoo.cli.help import COMMON
from nnzoo.cli.listing import GROUPS, KINDS, options
from nnzoo.cli.sources import names_in
from nnzoo.cli.suggestions import KEYS, PLACE
from nnzoo.entries import entries
from nnzoo.errors import InputError, check_choice

SHELLS = ("bash", "fish", "zsh")
CHOICES = {"model.optimizer.name": "OPTIMIZERS", "model.scheduler.name": "SCHEDULERS"}


def shell_completion(arguments: list[str]) -> None:
    """Print the script that installs or uninstalls completion, or answer its query.

    Raises:
        InputError: if the shell is not supported.
    """
    if any(argument.startswith("query=") for argument in arguments):
        with suppress(InputError):  # a broken folder must not print into the line
            print("\n".join(complete(os.environ.get("COMP_LINE", ""))))
        return
    typed = next((argument for argument in arguments if "install=" in argument), "")
    if typed.partition("=")[0] not in ("install", "uninstall"):
        raise InputError(f"write nnzoo -sc install=SHELL; known: {', '.join(SHELLS)}")
    check_choice("shell", typed.partition("=")[2], SHELLS)
    from nnzoo.cli.hydra_app import run_hydra_command

    run_hydra_command(arguments, lambda config: None)


def complete(line: str) -> list[str]:
    """Return the completions of the last word of a command line.

    Args:
        line: up to the cursor; it starts with ``nnzoo`` or ``python scripts/COMMAND.py``.
    """
    words = line.split()
    word = words.pop() if words and not line[-1].isspace() else ""
    if words and re.match(r"python[\d.]*$", Path(words[0]).name):
        words = [Path(name).stem for name in words[1:2]] + words[2:]
    else:
        words = words[1:]
    if not words:
        found = list(COMMANDS)
    elif words[0] == "train":
        found = _train(words[1:], word)
    elif words[0] == "list":
        found = list(KINDS)
    elif words[0] in COMMANDS:
        keys = import_module(f"nnzoo.cli.{words[0]}").KEYS
        found = _values(word, "") or [f"{key}=" for key in keys]
    else:
        found = []
    return sorted(text for text in set(found) if text.startswith(word))


def _train(typed: Sequence[str], word: str) -> list[str]:
    """Return the completions of a word of ``nnzoo train``; a key is completed to its next dot."""
    known = options(typed)
    types = {f"{g}.{name}": item.type for g, own in known.items() for name, item in own.items()}
    if "=" in word:
        return _values(word, types.get(word.partition("=")[0].lstrip("+"), ""))
    common = [key for key, *_ in COMMON if not key.endswith("KEY")]
    common = [k for k in common if k[:6] != "model." or k.split(".")[1] in known["model"]]
    keys = [f"{key}=" for key in (*common, *KEYS, "hydra.sweep.dir", *types)]
    return ["-m", "--help", *(key[: key.find(".", len(word)) + 1] or key for key in keys)]


def _values(word: str, kind: str) -> list[str]:
    """Return the completions of ``KEY=...``; after a comma, of the next value of a sweep."""
    if "=" not in word:
        return []
    key, _, value = word.partition("=")
    plain = key.lstrip("+")
    start = value[: value.rfind(",") + 1]
    if plain in GROUPS:
        names = entries(plain)
    elif plain in CHOICES:
        names = names_in(CHOICES[plain])
    elif kind == "bool" or plain in ("figures.show", "figures.rotate"):
        names = ["false", "true"]
    elif PLACE.search(plain) or plain in ("input", "output"):
        start, found = "", glob(f"{escape(os.path.expanduser(value))}*")
        names = [f"{path}/" if os.path.isdir(path) else path for path in found]
    else:
        names = []
    return [f"{key}={start}{name}" for name in names]
