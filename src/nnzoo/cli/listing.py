"""The entries of the catalogue, and their options.

All is read as text (YAML with its comments, Python source by ``ast``), since importing torch takes
seconds.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from nnzoo.catalogue import conf_dir, entries
from nnzoo.errors import check_choice

PACKAGE = Path(__file__).resolve().parents[1]
GROUPS = ("model", "data", "trainer", "callbacks", "logger", "figures", "debug", "experiment")
TRAINER = "lightning.pytorch.trainer.trainer.Trainer"
SWEPT = re.compile(r"[,(*]")  # in a value of a sweep
KINDS = {"models": "model", "data": "data", "experiments": "experiment"}
SOURCE = re.compile(r"^(.*\S)\s*\(([^()]*\b\d{4}[^()]*)\)\.?$")
COMMENTED = re.compile(r"^( *)([\w.+]+):(?:\s(?:.*?\S)??)??(?:\s+#\s*(.*))?$")


class Entry(NamedTuple):
    """A YAML file of the catalogue, merged over the file of its group that it extends.

    Attributes:
        values: the config, from its root: ``{"model": {"lr": 0.01}}``.
        comments: at ends of lines, by dotted key: ``{"model.lr": "..."}``.
        choices: entries of other groups: ``{"data": "blobs"}``.
    """

    values: dict[str, Any]
    comments: dict[str, str]
    choices: dict[str, str]


class Argument(NamedTuple):
    """An argument of a class: its default, None if it is required, and its type."""

    default: str | None
    type: str


def list_text(kind: str) -> str:
    """Return the text of ``nnzoo list KIND``, a line for each entry.

    Raises:
        InputError: if the kind is not models, data or experiments.
    """
    group = KINDS[check_choice("kind of list", kind, KINDS)]
    rows = []
    for name in entries(group):
        text = description(group, name)
        match = SOURCE.match(text) if group == "model" else None
        rows.append((name, f"{match[1]}.", match[2]) if match else (name, text, ""))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {text:<{widths[1]}}  {source}" for name, text, source in rows]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def description(group: str, name: str) -> str:
    """Return the first comment of an entry's file that is not a package directive."""
    for line in _text(group, name).splitlines():
        if line.startswith("# ") and not line.startswith("# @"):
            return line[2:]
    return ""


@cache
def read(group: str, name: str) -> Entry:
    """Read an entry of a Hydra group; ``read("", "train")`` reads the main config."""
    from omegaconf import OmegaConf

    text = _text(group, name)
    file: Any = OmegaConf.to_container(OmegaConf.create(text)) or {}
    base = Entry({}, {}, {})
    choices: dict[str, str] = {}
    for default in file.pop("defaults", []):
        if isinstance(default, str) and default != "_self_":
            base = read(group, default)
        elif isinstance(default, Mapping):
            choices |= {key.rpartition("/")[2]: value for key, value in default.items() if value}
    at_root = not group or re.search(r"^# @package _global_", text, re.M) is not None
    found, comments = _comments(text, "" if at_root else f"{group}.")
    kept = {key: comment for key, comment in base.comments.items() if key not in found}
    values = merged(base.values, file if at_root else {group: file})
    return Entry(values, kept | comments, base.choices | choices)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two nested configs as one; the second wins."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def chosen(arguments: Sequence[str], group: str) -> str | None:
    """Return the entry of a group that a command line, its experiment or its model chooses.

    Returns:
        The name as typed, which may be unknown or a sweep; None if there is none.
    """
    typed = dict(argument.lstrip("+").partition("=")[::2] for argument in arguments)
    if group in typed:
        return typed[group]
    for source in {"experiment": (), "model": ("experiment",)}.get(group, ("experiment", "model")):
        name = chosen(arguments, source)
        if name in entries(source) and group in (choices := read(source, name).choices):
            return choices[group]
    return None


def target(group: str, name: str) -> str:
    """Return the class of an entry of the groups model and data, as ``package.module.Class``."""
    return str(read(group, name).values.get(group, {}).get("_target_", ""))


def options(typed: Sequence[str]) -> dict[str, dict[str, Argument]]:
    """Return the arguments of the chosen model, its data and the Trainer, by group and name.

    Without a single choice they are the arguments of all entries; for classes outside the catalogue
    there are none.
    """
    found: dict[str, dict[str, Argument]] = {"model": {}, "data": {}, "trainer": arguments(TRAINER)}
    for group in ("model", "data"):
        name = chosen(typed, group)
        names = name.split(",") if name and "(" not in name else entries(group)
        if not any(f"{group}._target_=" in argument for argument in typed):
            for entry in {*names} & {*entries(group)}:
                found[group] |= arguments(target(group, entry))
    return found


@cache
def arguments(target: str) -> dict[str, Argument]:
    """Return the arguments of a constructor by name, including those passed on to its bases.

    Returns:
        An empty mapping if the source of the class is not found.
    """
    found: dict[str, Argument] = {}
    for module, node in lineage(target):
        if (init := _constructor(node)) is None:
            continue
        for argument, default in _signature(init.args):
            if (name := argument.arg) not in found:
                value = None if default is None else _default(default, module)
                found[name] = Argument(value, _type(argument.annotation))
        if init.args.kwarg is None:
            break
    return found


def attribute(target: str, name: str) -> ast.expr | None:
    """Return the expression that a class, or its nearest base, assigns to an attribute."""
    return next(
        (value for _, cls in lineage(target) if (value := assigned(cls, name)) is not None), None
    )


def shown(value: Any) -> str:
    """Return a value as it is typed on the command line, without quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    if isinstance(value, str) and (match := re.fullmatch(r"\$\{([\w.]+)\}", value)):
        return f"as {match[1]}"
    return '""' if value == "" else str(value)


def _text(group: str, name: str) -> str:
    return (conf_dir() / group / f"{name}.yaml").read_text(encoding="utf-8")


def _comments(text: str, prefix: str) -> tuple[set[str], dict[str, str]]:
    """Return the dotted keys of a YAML text in block style, and the comments after them."""
    found: set[str] = set()
    comments: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if (match := COMMENTED.match(line)) is None:
            continue
        indent = len(match[1])
        above = [item for item in above if item[0] < indent] + [(indent, match[2])]
        key = prefix + ".".join(name for _, name in above)
        found.add(key)
        if match[3]:
            comments[key] = match[3]
    return found, comments


@cache
def _tree(module: str) -> ast.Module | None:
    """Return the syntax tree of a module of nnzoo or Lightning; None for others."""
    first, *rest = module.split(".")
    spec = find_spec(first) if first in (PACKAGE.name, "lightning") else None
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, *rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return ast.parse(file.read_text(encoding="utf-8"))
    return None


def _find(dotted: str) -> tuple[str, ast.ClassDef] | None:
    """Return a class and the module that defines it; a package may re-export it."""
    module, _, name = dotted.rpartition(".")
    tree = _tree(module)
    for node in [] if tree is None else ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _find(f"{node.module}.{alias.name}")
        if isinstance(node, ast.Dict):  # a table of lazy imports: name -> module
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    return _find(f"{getattr(value, 'value', '')}.{name}")
    return None


def lineage(target: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield a class and its bases, nearest first, with their modules, if the source is found."""
    if (found := _find(target)) is None:
        return
    yield found
    for base in found[1].bases:
        name = ast.unparse(base).partition("[")[0]
        yield from lineage(f"{found[0]}.{name}")


def assigned(node: ast.Module | ast.ClassDef, name: str) -> ast.expr | None:
    """Return the expression that a module or class assigns to a name at its top level."""
    for item in node.body:
        targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return getattr(item, "value", None)
    return None


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    return next((item for item in functions if item.name == "__init__"), None)


def _signature(init: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    positional = [*init.posonlyargs, *init.args]
    missing = [None] * (len(positional) - len(init.defaults))
    yield from list(zip(positional, [*missing, *init.defaults], strict=True))[1:]  # without self
    yield from zip(init.kwonlyargs, init.kw_defaults, strict=True)


def _default(node: ast.expr, module: str) -> str:
    tree = _tree(module)
    if isinstance(node, ast.Name) and tree is not None:
        node = assigned(tree, node.id) or node
    try:
        return shown(ast.literal_eval(node))
    except ValueError:
        return ast.unparse(node)


def _type(node: ast.expr | None) -> str:
    """Return an annotation in words: ``Sequence[int] | None`` is "list of int or null"."""
    if isinstance(node, ast.BinOp):
        words = [_type(node.left), _type(node.right)]
        return " or ".join(word for word in words if word)
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value).rpartition(".")[2]
        if outer == "Literal":
            return ast.unparse(node.slice).strip("()").replace("'", "")
        if outer in ("Mapping", "dict"):
            return "mapping"
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer in ("Optional", "Union"):
            return " or ".join([*map(_type, inner), *["null"] * (outer == "Optional")])
        return f"list of {_type(inner[0])}".removesuffix(" of ")
    name = "" if node is None else ast.unparse(node).rpartition(".")[2]
    return {"None": "null", "Any": "", "Sequence": "list", "Mapping": "mapping"}.get(name, name)
