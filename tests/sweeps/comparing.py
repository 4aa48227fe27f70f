"""Two folders of a sweep beside each other."""

import csv
import json
from pathlib import Path

import torch


def jobs(folder: Path) -> list[Path]:
    """The folders of the jobs, in order."""
    found = [path for path in folder.iterdir() if path.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))


def result(job: Path) -> dict:
    """The content of a job's ``result.json``."""
    return json.loads((job / "result.json").read_text())


def rows(job: Path) -> list[dict[str, float | None]]:
    """The rows of a job's ``metrics.csv``; None for a gap."""
    with (job / "metrics.csv").open() as file:
        return [
            {k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)
        ]


def checkpoint(job: Path, name: str) -> dict:
    """The content of one of a job's checkpoints."""
    return torch.load(job / "checkpoints" / f"{name}.ckpt", weights_only=True)


def files(job: Path) -> set[str]:
    """The names of all files in a job's folder."""
    return {str(path.relative_to(job)) for path in job.rglob("*") if path.is_file()}


def difference(one, other) -> float:
    """The largest relative difference between what two nested containers hold; all that is no
    number must be equal."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        return max((difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        return max((difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, torch.Tensor):
        assert (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
        if one.numel() == 0:
            return 0.0
        scale = max(float(one.double().abs().max()), 1e-30)
        return float((one.double() - other.double()).abs().max()) / scale
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) / max(abs(one), abs(other)) if one != other else 0.0
    assert one == other
    return 0.0
