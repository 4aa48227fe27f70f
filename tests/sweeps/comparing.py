"""Folders of sweeps: what they hold, and two of them beside each other."""

import csv
import json
from pathlib import Path

import torch

NOT_COMPARED = ("fit_seconds", "members", "outputs", "paths", "weights")
"""Keys of ``result.json`` that are not compared as they are."""


def job_folders(folder: Path) -> list[Path]:
    """The folders of the jobs, in order of their numbers."""
    found = [path for path in folder.iterdir() if path.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))


def result(job: Path) -> dict:
    """The content of a job's ``result.json``."""
    return json.loads((job / "result.json").read_text())


def read_csv(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as text."""
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def rows(job: Path) -> list[dict[str, float | None]]:
    """The rows of a job's ``metrics.csv``; None for an empty cell."""
    read = read_csv(job / "metrics.csv")
    return [{key: float(v) if v else None for key, v in row.items()} for row in read]


def checkpoint(job: Path, name: str) -> dict:
    """The content of one of a job's checkpoints."""
    return torch.load(job / "checkpoints" / f"{name}.ckpt", weights_only=True)


def files(job: Path) -> set[str]:
    """The names of all files in a job's folder."""
    return {str(path.relative_to(job)) for path in job.rglob("*") if path.is_file()}


def difference(one, other) -> float:
    """The largest relative difference between the numbers of two nested containers; all else must
    be equal."""
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


def compare(basic: Path, fused: Path, first: float, last: float, only=None) -> None:
    """Assert that the jobs of two sweeps, or those in ``only``, wrote the same files, with relative
    differences of at most ``first`` after the first epoch and ``last`` at the end."""
    assert [job.name for job in job_folders(basic)] == [job.name for job in job_folders(fused)]
    for one, other in zip(job_folders(basic), job_folders(fused), strict=True):
        if only is not None and one.name not in only:
            continue
        assert files(one) == files(other)
        a, b = result(one), result(other)
        assert list(a) == list(b)
        for content in (a, b):
            for key in NOT_COMPARED:
                content.pop(key)
        assert difference(a, b) <= last
        left, right = rows(one), rows(other)
        assert len(left) == len(right) > 0
        assert difference(left[0], right[0]) <= first
        assert difference(left, right) <= last
        for name in ("last", "best"):
            x, y = checkpoint(one, name), checkpoint(other, name)
            assert list(x) == list(y)
            assert difference(x["state_dict"], y["state_dict"]) <= last
            assert (x["hyper_parameters"], x["epoch"]) == (y["hyper_parameters"], y["epoch"])
            assert x["global_step"] == y["global_step"]
