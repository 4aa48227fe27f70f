"""The table of a sweep: one row a job, as a CSV file and on the terminal."""

import json
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from nnzoo.training.files import write_csv
from nnzoo.training.report import print_table

failed_jobs = 0
"""Failed jobs of this process's last sweep: they may have run in other processes."""


class ResultsTable(Callback):
    """Hydra callback: gathers the jobs' ``result.json`` in the sweep's ``results.csv``."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        write_results(Path(config.hydra.sweep.dir))


def write_results(folder: Path) -> None:
    """Write and print the table of a sweep's folder."""
    global failed_jobs
    rows = gather(folder)
    failed = [row for row in rows if row["status"] != "completed"]
    failed_jobs = len(failed)
    write_csv(folder / "results.csv", rows)
    shown = [{k: v for k, v in row.items() if k not in ("folder", "error")} for row in rows]
    print_table(f"{len(rows)} jobs, {failed_jobs} failed", shown)
    for row in failed:
        print(f"job {row['job']} failed: {row['error']}")
    print(f"results  {folder / 'results.csv'}")


def gather(folder: Path) -> list[dict[str, Any]]:
    """The rows of ``results.csv``, in the order of the jobs.

    Columns: job, status (``completed`` or ``failed``), folder, error, one for each key that was
    overridden, one for each metric.
    """
    rows = []
    jobs = [path for path in folder.iterdir() if path.name.isdigit()]
    for path in sorted(jobs, key=lambda path: int(path.name)):
        row: dict[str, Any] = {"job": int(path.name), "status": "failed", "folder": str(path)}
        try:
            result = json.loads((path / "result.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            rows.append(row | {"error": "the job wrote no result.json"})
            continue
        row |= {"status": result["status"], "error": result["error"] or ""}
        row |= dict(item.split("=", 1) for item in result["overrides"] if "=" in item)
        rows.append(row | result.get("metrics", {}))
    return rows
