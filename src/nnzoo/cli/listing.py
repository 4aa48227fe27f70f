"""The entries of the catalogue, read from their files: importing their classes takes seconds."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nnzoo.cli.command import HELP_FLAGS
from nnzoo.cli.sources import Argument, arguments
from nnzoo.cli.table import aligned
from nnzoo.entries import clash, config_file, entries, read_file
from nnzoo.errors import InputError, check_choice

GROUPS = ("model", "data", "trainer", "callbacks", "logger", "figures", "debug", "experiment")
USAGE = "nnzoo list models, nnzoo list data or nnzoo list experiments"
KINDS = {"models": "model", "data": "data", "experiments": "experiment"}
TRAINER = "lightning.pytorch.trainer.Trainer"
SOURCE = re.compile(r"^(.*\S)\s*\(([^()]*\b\d{4}[^()]*)\)\.?$")


def print_list(typed: list[str]) -> None:
    """Run ``nnzoo list KIND``: print a line for each entry.

    Raises:
        InputError: if the kind is not models, data or experiments.
    """
    if {*typed} & {*HELP_FLAGS}:
        print(f"usage: {USAGE}")
        return
    if len(typed) != 1 or typed[0].startswith("-"):
        raise InputError(f"write {USAGE}")
    group = KINDS[check_choice("kind of list", typed[0], KINDS)]
    rows = []
    for name in entries(group):
        text = description(group, name)
        match = SOURCE.match(text) if group == "model" else None
        rows.append((name, f"{match[1]}.", match[2]) if match else (name, text, ""))
    print("\n".join(aligned(rows)))


def print_clash(group: str, name: str) -> None:
    """Print a note if a chosen entry of nnzoo hides one of the user's.

    Raises:
        InputError: if the user has several entries of this name.
    """
    if name in entries(group) and (note := clash(group, name)) is not None:
        print(f"note: {note}")


def description(group: str, name: str) -> str:
    """Return the first comment of an entry's file that is not a package directive."""
    text = config_file(group, name).read_text(encoding="utf-8")
    match = re.search(r"^# (?!@)(.*)", text, re.M)
    return match[1] if match else ""


def read(group: str, name: str) -> dict[str, Any]:
    """Read an entry of a Hydra group, merged over the one it extends; ``read("", "train")`` reads
    the root.

    Returns:
        The config from its root, ``{"model": {"lr": 0.01}}``; the entries of other groups that it
        chooses, ``{"defaults": {"data": "blobs"}}``; and the comment at the end of each line,
        which may be empty, ``{"comments": {"model.lr": "of the encoder"}}``.
    """
    return _read(group, config_file(group, name))


@cache
def _read(group: str, path: Path) -> dict[str, Any]:
    file = read_file(path)
    text = path.read_text(encoding="utf-8")
    base: dict[str, Any] = {}
    choices: dict[str, str] = {}
    for default in file.pop("defaults"):
        if isinstance(default, Mapping):
            choices |= {key.rpartition("/")[2]: value for key, value in default.items() if value}
        elif default != "_self_":
            base = read(group, default)
    comments = _comments(text)
    if group and not re.search(r"^# @package _global_", text, re.M):
        file = {group: file}
        comments = {f"{group}.{key}": comment for key, comment in comments.items()}
    return merged(base, {"defaults": choices, "comments": comments}, file)


def merged(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested configs as one; the last wins."""
    result: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = merged(result[key], value) if both else value
    return result


def chosen(arguments: Sequence[str], group: str) -> str | None:
    """Return the entry of a group that a command line, its experiment or its model chooses.

    Returns:
        The name, which may be unknown or several with commas; None if none is chosen.
    """
    typed = dict(argument.lstrip("+").partition("=")[::2] for argument in arguments)
    if group in typed:
        return typed[group]
    sources = {"experiment": (), "model": ("experiment",)}.get(group, ("experiment", "model"))
    for source in sources:
        name = chosen(arguments, source)
        if name in entries(source) and group in (choices := read(source, name)["defaults"]):
            return str(choices[group])
    return None


def target(group: str, name: str) -> str:
    """Return the class of an entry of the groups model and data, as ``package.module.Class``."""
    return str(read(group, name).get(group, {}).get("_target_", ""))


def options(typed: Sequence[str]) -> dict[str, dict[str, Argument]]:
    """Return the arguments of the chosen model, its data and the Trainer, by group and name.

    A group without a choice has the arguments of all its entries; one with a ``_target_`` that was
    typed has none.
    """
    found: dict[str, dict[str, Argument]] = {"model": {}, "data": {}, "trainer": arguments(TRAINER)}
    for group in ("model", "data"):
        name = chosen(typed, group)
        names = name.split(",") if name and "(" not in name else entries(group)
        if not any(f"{group}._target_=" in argument for argument in typed):
            for entry in {*names} & {*entries(group)}:
                found[group] |= arguments(target(group, entry))
    return found


def _comments(text: str) -> dict[str, str]:
    """Return the comment after each key, by dotted key, of YAML with an indent of two spaces."""
    comments: dict[str, str] = {}
    keys: list[str] = []
    for line in text.splitlines():
        code, _, comment = line.partition(" # ")
        if match := re.match(r"( *)([\w.]+):", code):
            keys[len(match[1]) // 2 :] = [match[2]]
            comments[".".join(keys)] = comment.strip()
    return comments
