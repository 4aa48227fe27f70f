"""Arguments of the constructors of models and data, read from their source code.

Importing the classes would import torch, which takes seconds.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("nnzoo", "lightning")  # all of their modules are read
REFERENCE = re.compile(r"see ``([\w.]+)``")
CONSTANT = re.compile(r"``(?:\w+\.)*([A-Z][A-Z_]+)``")
TYPES = {"None": "null", "Any": "", "Sequence": "list", "dict": "mapping", "Mapping": "mapping"}


class Argument(NamedTuple):
    """An argument of a class: its default (None if it is required) and its type."""

    default: str | None
    type: str


@cache
def arguments(target: str) -> dict[str, Argument]:
    """Return the arguments of a constructor by name, including those passed on to its bases.

    Args:
        target: the class, as ``package.Class`` or ``package.module.Class``.

    Returns:
        The arguments; none if the source of the class is not found.
    """
    found: dict[str, Argument] = {}
    for node in lineage(target):
        functions = (item for item in node.body if isinstance(item, ast.FunctionDef))
        init = next((item.args for item in functions if item.name == "__init__"), None)
        if init is None:
            continue
        named = init.args[1:]  # without self
        required = [None] * (len(named) - len(init.defaults))
        pairs = zip(
            [*named, *init.kwonlyargs],
            [*required, *init.defaults, *init.kw_defaults],
            strict=True,
        )
        for argument, default in pairs:
            value = None if default is None else _default(default, target)
            found.setdefault(argument.arg, Argument(value, _type(argument.annotation)))
        if init.kwarg is None:
            break
    return found


def attribute(target: str, name: str) -> ast.expr | None:
    """Return the value that a class, or its nearest base, assigns to an attribute, as a node."""
    return next(filter(None, (_defined(node.body, name) for node in lineage(target))), None)


def keys_in(target: str, method: str) -> set[str]:
    """Return the strings that are keys of dictionaries in a method of a class and its bases."""
    methods = [item for node in lineage(target) for item in node.body if _named(item) == method]
    nodes = [node for item in methods for node in ast.walk(item) if isinstance(node, ast.Dict)]
    keys = [getattr(key, "value", None) for node in nodes for key in node.keys]
    return {key for key in keys if isinstance(key, str)}


def lineage(target: str) -> Iterator[ast.ClassDef]:
    """Yield the nodes of a class and its bases, nearest first, as far as the source is found."""
    package, _, _ = target.rpartition(".")
    node = definition(target)
    if isinstance(node, ast.ClassDef):
        yield node
        for base in node.bases:
            yield from lineage(f"{package}.{ast.unparse(base).partition('[')[0]}")


@cache
def definition(dotted: str) -> Any:
    """Return the class, or the value of the constant, that a module of a package defines.

    Args:
        dotted: the package and the name. If the package does not define it, all of nnzoo is
            searched.

    Returns:
        A node of the syntax tree, or None.
    """
    package, _, name = dotted.rpartition(".")
    for place in (package, "nnzoo"):
        for text in _texts(place):
            is_there = re.search(rf"^(?:class )?{name}\b", text, re.M)
            if is_there and (found := _defined(_parse(text).body, name)) is not None:
                return found
    return None


def names_in(constant: str, package: str = "nnzoo") -> list[str]:
    """Return the strings that are the keys or items of a constant in a module of a package."""
    value = definition(f"{package}.{constant}")
    items = getattr(value, "keys", None) or getattr(value, "elts", [])
    return [item.value for item in items if isinstance(getattr(item, "value", None), str)]


def meaning(target: str, name: str) -> str:
    """Return the description of an argument in the docstring of a class or a base, in one line.

    A reference such as "see ``Model``" is replaced by the text it refers to, if found.
    """
    package = target.rpartition(".")[0]
    for node in lineage(target):
        text = _documented(node).get(name, "")
        if match := REFERENCE.search(text):
            other = meaning(f"{package}.{match[1]}", name)
            before = text[: match.start()].rstrip(" ;,:")
            if other and before.startswith("of "):
                before = f"{other} ({before})"
            text = (before or other) + text[match.end() :]
        if text:
            text = CONSTANT.sub(
                lambda match: ", ".join(names_in(match[1], package)) or match[0], text
            )
            return re.sub(r"\bNone\b", "null", text.replace("``", ""))
    return ""


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


@cache
def _texts(package: str) -> list[str]:
    """Return the source of each module of a package, if it is one of nnzoo or Lightning; elsewhere
    only that of the module itself."""
    root, *inner = package.split(".")
    spec = find_spec(root) if root else None
    folders = (spec and spec.submodule_search_locations) or []
    if root not in PACKAGES:
        origin = "" if spec is None or folders else spec.origin or ""
        paths = [Path(folder, *inner) for folder in folders]
        places = [file for p in paths for file in (p / "__init__.py", p.with_suffix(".py"))]
        found = [file for file in (*places, Path(origin)) if file.suffix == ".py"]
        return [
            file.read_text(encoding="utf-8", errors="replace") for file in found if file.is_file()
        ][:1]
    files = [file for folder in folders for file in sorted(Path(folder, *inner).rglob("*.py"))]
    return [file.read_text(encoding="utf-8", errors="replace") for file in files]


@cache
def _parse(text: str) -> ast.Module:
    """Return the syntax tree of a module; an empty one if the text is none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):  # importing it says what is wrong
        return ast.Module([], [])


def _named(node: ast.stmt) -> str:
    return node.name if isinstance(node, ast.FunctionDef) else ""


def _defined(body: Sequence[ast.stmt], name: str) -> Any:
    """Return the class, or the value of the constant, that statements define."""
    for node in body:
        match node:
            case ast.ClassDef(name=found) if found == name:
                return node
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return value
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name:
                return value
    return None


def _documented(node: ast.ClassDef) -> dict[str, str]:
    """Return the descriptions in the section ``Args`` of a class's docstring, by argument."""
    texts: dict[str, str] = {}
    section = (ast.get_docstring(node) or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    for entry in re.split(r"\n(?! {8})", section):
        names, _, text = entry.partition(":")
        text = re.sub(r"(?<!\.)\.$", "", " ".join(text.split()))
        texts |= dict.fromkeys(names.strip().split(", "), text)
    return texts


def _default(node: ast.expr, target: str) -> str:
    """Return a default as text; a constant is replaced by its value."""
    if isinstance(node, ast.Name):
        node = definition(f"{target.rpartition('.')[0]}.{node.id}") or node
    try:
        return shown(ast.literal_eval(node))
    except ValueError:
        return ast.unparse(node)


def _type(node: ast.expr | None) -> str:
    """Return an annotation in words: ``Sequence[int] | None`` is "list of int or null"."""
    match node:
        case None:
            return ""
        case ast.BinOp(left=left, right=right):
            return f"{_type(left)} or {_type(right)}"
        case ast.Subscript(value=ast.Name(id="Sequence" | "list"), slice=inner):
            return f"list of {_type(inner)}".removesuffix(" of ")
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return ast.unparse(inner).strip("()").replace("'", "")
        case ast.Subscript(value=outer):
            return _type(outer)
    name = ast.unparse(node)
    return TYPES.get(name, name)
