"""A summary of a model as a table, and a model in one line."""

import inspect
import io
import re
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from nnzoo.errors import counted

if TYPE_CHECKING:
    from rich.console import Console, Group

WIDTH = 100
"""Columns of a summary as text."""

SOURCE = re.compile(r"\bSources?:\s(.+?)(?:\n\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Summary:
    """Layers, shapes, parameters and source of a model; prints as a table, also in notebooks.

    Attributes:
        title: the model, and its inputs and outputs.
        layers: for each layer its name, its kind with the activation, its ``inputs → units`` and
            its number of parameters.
        notes: number of parameters, how they are learned and how many are not, and the source, one
            line each.
    """

    title: str
    layers: list[tuple[str, str, str, int]]
    notes: list[str]

    def __rich__(self) -> "Group":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for name in ("layer", "kind", "inputs → units", "parameters"):
            table.add_column(name, justify="right" if name == "parameters" else "left")
        for *texts, parameters in self.layers:
            table.add_row(*map(Text, texts), f"{parameters:,}")
        return Group(Text(self.title), table, *map(Text, self.notes))

    def __str__(self) -> str:
        console = self._printed()
        return console.export_text().rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._printed().export_html(inline_styles=True, code_format="<pre>{code}</pre>")

    def _printed(self) -> "Console":
        from rich.console import Console

        console = Console(file=io.StringIO(), width=WIDTH, record=True)
        console.print(self)
        return console


def summary(model: Any) -> Summary:
    """Return the summary of a model."""
    layers: list[tuple[str, str, str, int]] = []
    fixed = {
        part
        for module in model.modules()
        if getattr(module, "is_fixed", False)
        for part in module.modules()
    }
    for name, module in model.named_modules():
        own = list(module.parameters(recurse=False))
        if own:
            shape = next((p.shape for p in own if p.ndim == 2), own[0].shape)
            sizes = " → ".join(str(size) for size in reversed(shape))
            count = sum(p.numel() for p in own)
            kind = type(module).__name__ + (", fixed" if module in fixed else "")
            layers.append((name or "model", kind, sizes, count))
        elif layers and _is_activation(module):
            before, kind, sizes, count = layers[-1]
            if "." in name and name.rpartition(".")[0] != before.rpartition(".")[0]:
                continue  # of another network, whose weights are buffers
            layers[-1] = (before, f"{kind}, {type(module).__name__}", sizes, count)
    names = model.output_names
    title = f"{model!r}\ninputs: {_listed(model.feature_names)}"
    title += f"\noutputs: {_listed(names)}" if names else ""
    total = sum(count for *_, count in layers)
    left = sum(p.numel() for module in fixed for p in module.parameters(recurse=False))
    learned = f"of which {total - left} are learned" if left else "learned"
    notes = [f"{counted(total, 'parameter')}, {learned} by {_learning(model)}"]
    if found := source(type(model)):
        notes.append(f"source: {found}")
    return Summary(title, layers, notes)


def source(kind: type) -> str:
    """Return the source that a model's docstring states, in one line; empty: it states none."""
    match = SOURCE.search(inspect.getdoc(kind) or "")
    return " ".join(match[1].replace("``", "").split()) if match else ""


def call_text(model: Any) -> str:
    """Return the call that builds a model, with the arguments that differ from their defaults."""
    defaults = {k: p.default for k, p in inspect.signature(type(model)).parameters.items()}
    shown = reprlib.Repr()
    shown.maxstring = shown.maxother = 60
    given = [
        f"{name}={shown.repr(value)}"
        for name, value in model.hparams.items()
        if _plain(value) != _plain(defaults.get(name))
    ]
    return f"{type(model).__name__}({', '.join(given)})"


def _is_activation(module: nn.Module) -> bool:
    return not list(module.children()) and not list(module.buffers())


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _listed(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"


def _learning(model: Any) -> str:
    """Return how the parameters are learned, in words."""
    by = ["a rule"] if any(not p.requires_grad for p in model.parameters()) else []
    if model.default_optimizer is not None:
        options = dict(model.optimizer_config)
        texts = [str(options.pop("name", "")), *(f"{k}={v}" for k, v in options.items())]
        by = [", ".join(texts), *by]
    return " and ".join(by)
