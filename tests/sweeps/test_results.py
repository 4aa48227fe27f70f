"""The results of a sweep: jobs in folders of any name, the table, and means over seeds."""

import csv
import json

import pytest

from nnzoo.runs.find import MANIFEST
from nnzoo.sweeps.launch import config_hash, moved
from nnzoo.sweeps.results import (
    NO_RESULT,
    add_to_manifest,
    completed,
    read_job,
    read_jobs,
    write_results,
)
from nnzoo.sweeps.summary import combinations, summary

MONITOR = {"metric": "val_loss", "label": "loss", "mode": "min"}


def make_job(folder, *overrides, value=1.0, curve=None, **result):
    """Write a job's folder as a run leaves it; with a curve, its metrics.csv too."""
    folder.mkdir(parents=True)
    monitor = result.get("monitor", MONITOR)
    content = {
        "status": "completed",
        "error": None,
        "model": "mlp",
        "data": "xor",
        "monitor": monitor,
        "best": {"epoch": 3, "value": value},
        "metrics": {"loss": 2 * value, monitor["metric"]: value},
        "overrides": list(overrides),
    }
    (folder / "result.json").write_text(json.dumps(content | result))
    if curve is not None:
        rows = [f"{epoch},{v},{'' if v is None else v}" for epoch, v in enumerate(curve)]
        text = "\n".join([f"epoch,loss,{monitor['metric']}", *rows, ""])
        (folder / "metrics.csv").write_text(text)
    return folder


def make_failed(folder, *overrides, **result):
    """Write the folder of a job that failed before it was trained."""
    folder.mkdir(parents=True)
    content = {"status": "failed", "error": "no such model", "overrides": list(overrides)}
    (folder / "result.json").write_text(json.dumps(content | result))
    return folder


def jobs_of(folder):
    """The results of the jobs in a folder, numbered by name."""
    folders = sorted(path for path in folder.glob("*") if path.is_dir())
    return [read_job(number, path) for number, path in enumerate(folders)]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", "\xff"])
def test_a_job_without_a_valid_result_has_failed(text, tmp_path):
    if text is not None:
        (tmp_path / "0").mkdir()
        (tmp_path / "0" / "result.json").write_text(text, encoding="latin-1")
    job = read_job(0, tmp_path / "0", ["lr=1"])
    assert not job.completed
    assert write_results([job], tmp_path / "results.csv") == [
        {"job": 0, "status": "failed", "folder": str(tmp_path / "0"), "error": NO_RESULT}
        | {"lr": "1", "best_epoch": ""}
    ]


def test_jobs_are_read_from_the_list_of_jobs(tmp_path):
    make_job(tmp_path / "b", "lr=2")
    add_to_manifest(tmp_path, [(10, f"{tmp_path}/b", ["lr=1"]), (9, "old", ["lr=3"])])
    add_to_manifest(tmp_path, [(9, f"{tmp_path}/never_made", ["lr=3"])])
    with (tmp_path / MANIFEST).open("a") as file:
        file.write('[8, "a')  # the process was killed
    assert [(job.number, job.folder.name, job.overrides) for job in read_jobs(tmp_path)] == [
        (9, "never_made", {"lr": "3"}),
        (10, "b", {"lr": "2"}),
    ]


def test_the_table_has_a_row_per_job_and_all_columns(tmp_path):
    make_failed(tmp_path / "0", "model=a")
    make_job(tmp_path / "1", "model=b", "+model.lr=a=b", value=0.5)
    make_job(tmp_path / "2", "model=c", metrics={"val_loss": None, "accuracy": 1}, best=None)
    rows = write_results(jobs_of(tmp_path), tmp_path / "results.csv")
    columns = ["job", "status", "folder", "error", "model", "model.lr", "best_epoch"]
    assert [list(row) for row in rows] == 3 * [[*columns, "loss", "val_loss", "accuracy"]]
    values = [[value for key, value in row.items() if key != "folder"] for row in rows]
    assert values == [
        [0, "failed", "no such model", "a", "", "", "", "", ""],
        [1, "completed", "", "b", "a=b", 3, 1.0, 0.5, ""],
        [2, "completed", "", "c", "", "", "", "", 1],
    ]
    with (tmp_path / "results.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {key: str(value) for key, value in row.items()} for row in rows
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "results.csv"]


def test_a_sweep_without_jobs_has_an_empty_table(tmp_path):
    assert read_jobs(tmp_path) == read_jobs(tmp_path / "missing") == []
    assert write_results([], tmp_path / "results.csv") == summary([]) == []
    assert (tmp_path / "results.csv").read_text().strip() == "job,status,folder,error"


def test_means_over_seeds_best_first(tmp_path):
    values = {"0.1": (3, 5), "1": (1, 2), "9": (7,), "20": ()}
    for lr, seeds in values.items():
        for seed in (0, 1):
            overrides = f"model.optimizer.lr={lr}", f"seed={seed}", "trainer.max_epochs=5"
            folder = tmp_path / f"{lr}_{seed}"
            if seed < len(seeds):
                make_job(folder, *overrides, value=seeds[seed])
            else:
                make_failed(folder, *overrides)
    rows = summary(jobs_of(tmp_path))
    columns = ["model.optimizer.lr", "completed", "failed", "val_loss", "loss"]
    assert [list(row) for row in rows] == 4 * [columns]
    assert [tuple(row.values()) for row in rows] == [
        ("1", "2", "0", "1.5 ± 0.7071", "3 ± 1.414"),
        ("0.1", "2", "0", "4 ± 1.414", "8 ± 2.828"),
        ("9", "1", "1", "7", "14"),
        ("20", "0", "2", "", ""),
    ]


def test_models_that_monitor_different_metrics_are_not_compared(tmp_path):
    other = {"metric": "distance", "label": "distance", "mode": "min"}
    number = 0
    for model, value, monitor in (("a", 9, MONITOR), ("b", 1, other), ("c", 5, MONITOR)):
        for seed in (1, 2):
            overrides = f"model={model}", f"seed={seed}"
            make_job(tmp_path / str(number), *overrides, value=value, monitor=monitor)
            number += 1
    rows = summary(jobs_of(tmp_path))
    assert [(r["model"], r["val_loss"], r["distance"]) for r in rows] == [
        ("c", "5 ± 0", ""),
        ("a", "9 ± 0", ""),
        ("b", "", "1 ± 0"),
    ]
    assert list(rows[0])[3:5] == ["val_loss", "distance"]


def test_no_summary_of_a_single_seed(tmp_path):
    for number in (0, 1):
        make_job(tmp_path / str(number), f"lr={number}", "seed=3")
    (tmp_path / "2").mkdir()
    jobs = jobs_of(tmp_path)
    assert len(jobs) == 3
    assert summary(jobs) == []
    assert len(combinations(jobs[:2])) == 2


def config(folder, lr=0.1, **more):
    return {
        "run": {"folder": folder, "model": "mlp"},
        "callbacks": {"recorder": {"folder": folder, "every_seconds": 30}},
        "logger": {"tensorboard": {"save_dir": f"{folder}/logs"}},
        "model": {"lr": lr, "hidden": [8]},
    } | more


def test_the_hash_depends_on_all_but_the_folder():
    one = config_hash(config("/a/0"))
    assert len(one) == 64
    assert config_hash(config("/b/1", resume_sweep="/a")) == one
    assert config_hash(dict(reversed(config("/a/0").items()))) == one
    others = [
        config("/a/0", lr=0.2),
        config("/a/0", seed=1),
        config("/a/0", callbacks=None),
        config("/a/0", logger={"tensorboard": {"save_dir": "/a/00/logs"}}),
    ]
    assert len({one, *map(config_hash, others)}) == 5


def test_a_config_moves_with_its_folder():
    assert moved(config("/a/0"), "/a/0", "/b/0-2") == config("/b/0-2")
    assert moved(config("/a/0", path="/a/01"), "/a/0", "/b")["path"] == "/a/01"


def test_completed_jobs_by_hash(tmp_path):
    make_job(tmp_path / "0", hash="a")
    make_job(tmp_path / "0" / "evaluation")
    make_failed(tmp_path / "1", hash="b")
    make_job(tmp_path / "2")
    make_job(tmp_path / "3", hash="a")
    make_job(tmp_path / "lr=0.1" / "seed=0", hash="c")
    found = {key: job.folder for key, job in completed(tmp_path).items()}
    assert found == {"a": tmp_path / "0", "c": tmp_path / "lr=0.1" / "seed=0"}
