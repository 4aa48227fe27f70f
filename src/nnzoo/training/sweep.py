"""What a sweep comes to: a table with a row for each job, and a figure with a curve for each."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from nnzoo.training.files import write_csv
from nnzoo.training.report import print_table

failed_jobs = 0
"""Failed jobs of this process's last sweep: they may have run in other processes."""


class Job(NamedTuple):
    """A job of a sweep.

    Attributes:
        folder: of its run, named by its number.
        result: its ``result.json``; empty where it wrote none.
    """

    folder: Path
    result: dict[str, Any]


class Results(Callback):
    """Hydra callback: gathers what the jobs of a sweep wrote, in the sweep's folder."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        write_results(Path(config.hydra.sweep.dir), config.figures.draw)


def write_results(folder: Path, draw: bool) -> None:
    """Write and print the table of a sweep's folder; ``draw`` its curves too."""
    global failed_jobs
    jobs = read_jobs(folder)
    rows = table(jobs)
    failed = [row for row in rows if row["status"] != "completed"]
    failed_jobs = len(failed)
    write_csv(folder / "results.csv", rows)
    shown = [{k: v for k, v in row.items() if k not in ("folder", "error")} for row in rows]
    print_table(f"{len(rows)} jobs, {failed_jobs} failed", shown)
    for row in failed:
        print(f"job {row['job']} failed: {row['error']}")
    print(f"results  {folder / 'results.csv'}")
    if draw:
        from nnzoo.training.sweep_curves import draw_curves

        if draw_curves(jobs, folder / "curves.png"):
            print(f"curves   {folder / 'curves.png'}")


def read_jobs(folder: Path) -> list[Job]:
    """The jobs of a sweep's folder, in order."""
    jobs = []
    folders = [path for path in folder.iterdir() if path.name.isdigit()]
    for path in sorted(folders, key=lambda path: int(path.name)):
        file = path / "result.json"
        result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        jobs.append(Job(path, result))
    return jobs


def table(jobs: list[Job]) -> list[dict[str, Any]]:
    """The rows of ``results.csv``.

    Columns: job, status (``completed`` or ``failed``), folder, error, one for each key that was
    overridden, one for each metric.
    """
    rows = []
    for folder, result in jobs:
        row: dict[str, Any] = {"job": int(folder.name), "status": "failed", "folder": str(folder)}
        if not result:
            rows.append(row | {"error": "the job wrote no result.json"})
            continue
        row |= {"status": result["status"], "error": result["error"] or ""}
        rows.append(row | overrides(result) | result.get("metrics", {}))
    return rows


def overrides(result: dict[str, Any]) -> dict[str, str]:
    """What was overridden: values by key."""
    return dict(item.split("=", 1) for item in result["overrides"] if "=" in item)
