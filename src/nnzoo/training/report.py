"""What a person sees: a header, a bar while training, then metrics, weights and paths."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FEW = 24
"""The most learned weights, and values of outputs, that are printed."""

LARGE = 10
"""Numbers to learn beyond this are far from where a network's outputs start."""

LONG = 10
"""The most items of a list that are printed; of a longer one its ends."""


def print_header(result: Mapping[str, Any], data: Any) -> None:
    """One line: the model, its size, its data and the device."""
    points = f"{len(data.raw[0].x)} points x {data.n_features} features"
    if data.raw[1] is not None:
        points += f", {len(data.raw[1].x)} more for validation"
    if data.n_classes is not None:
        points += f", {data.n_classes} classes"
    if data.n_targets is not None:
        points += f", {', '.join(data.target_names)} to learn"
        if data.target_scale == "none" and data.raw[0].y.abs().max() > LARGE:
            print("note: such large numbers are learnt better with data.target_scale=standard")
    print(
        f"{result['model']} ({result['parameters']} parameters) on {result['data']} ({points}), "
        f"{result['device']}, seed {result['seed']}"
    )


def print_result(result: Mapping[str, Any]) -> None:
    """The metrics, the learned weights and outputs where they are few, and the paths."""
    metrics = [{"metric": k, "value": v} for k, v in result["metrics"].items()]
    passes = result["passes"]
    more = f" ({passes} passes over the data)" if passes != result["epochs"] else ""
    print_table(f"after {result['epochs']} epochs{more}, {result['fit_seconds']:.2f} s", metrics)
    if result["weights"]:
        before, after = (_by_unit(result["weights"][when]) for when in ("before", "after"))
        rows = [{"weight": k, "before": before[k], "after": after[k]} for k in after]
        print_table("weights", rows)
    if result["outputs"]:
        print_table("outputs", result["outputs"])
    print_paths(result["paths"])
    run = shlex.quote(_short(result["paths"]["folder"]))
    print(f"try it       python scripts/predict.py run={run}")


def print_paths(paths: Mapping[str, str]) -> None:
    """A line for each file or folder, by name."""
    for name, path in paths.items():
        print(f"{name:<12} {_short(path)}")


def print_job(number: int, result: Mapping[str, Any]) -> None:
    """One line for a job of a sweep."""
    if result["status"] == "failed":
        outcome = f"failed: {result['error']}"
    else:
        outcome = "  ".join(f"{name} {value:.4g}" for name, value in result["metrics"].items())
        outcome += f"  ({result['fit_seconds']:.2f} s)"
    print(f"job {number}: {' '.join(result['overrides'])}  {outcome}", flush=True)


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table on a terminal; elsewhere plain lines in columns, never cut or wrapped."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_text(row.get(column, "")) for column in columns] for row in rows]
    print(title)
    if (console := Console()).is_terminal:
        table = Table(*columns, box=SIMPLE_HEAD)
        for line in cells:
            table.add_row(*map(Text, line))  # Text: brackets are no markup
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in [columns, *cells]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())


def listed(items: Sequence[str]) -> str:
    """Items with commas between; of many the first and the last ones."""
    many = len(items) > LONG
    return ", ".join([*items[:3], "...", *items[-3:]] if many else items)


def _by_unit(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Each unit's weights under a name of its own; a single unit's without its index."""
    named: dict[str, Any] = {}
    for name, values in weights.items():
        rows = values if isinstance(values[0], list) else [values]
        several = len(rows) > 1
        named |= {f"{name}[{i}]" if several else name: row for i, row in enumerate(rows)}
    return named


def _short(path: str) -> str:
    """The path from where the person stands, if it lies below."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _text(value: Any) -> str:
    """Numbers to six digits; a list of one number as that number."""
    if isinstance(value, list):
        inner = ", ".join(map(_text, value))
        return inner if len(value) == 1 else f"[{inner}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
