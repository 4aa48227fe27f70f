"""Read the files of a run."""

import csv
import json
from pathlib import Path

import torch


def rows(folder) -> list[dict[str, str]]:
    """The rows of ``metrics.csv``."""
    with open(Path(folder) / "metrics.csv") as file:
        return list(csv.DictReader(file))


def result_of(folder) -> dict:
    """The content of ``result.json``, which must be valid JSON."""
    return json.loads((Path(folder) / "result.json").read_text(), parse_constant=_reject)


def checkpoint(folder, name="last") -> dict:
    """The content of a checkpoint."""
    return torch.load(Path(folder) / "checkpoints" / f"{name}.ckpt", weights_only=True)


def contents(folder) -> dict[Path, bytes | None]:
    """Everything below a folder, with the bytes of its files."""
    return {p: p.read_bytes() if p.is_file() else None for p in Path(folder).rglob("*")}


def _reject(name):
    raise AssertionError(f"{name} is not JSON")
