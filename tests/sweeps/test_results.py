"""The results of a sweep: jobs in folders of any name, the table, and means over seeds."""

import csv
import json

import pytest

from nnzoo.sweeps.results import (
    NO_RESULT,
    completed,
    config_hash,
    find_jobs,
    read_jobs,
    table,
    write_results,
)
from nnzoo.sweeps.summary import combinations, format_summary, summary

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
    return read_jobs(find_jobs(folder))


@pytest.mark.parametrize(
    "names",
    [
        ["0", "1", "2", "10"],
        ["job_0", "job_1", "job_2", "job_10"],
        ["a/0", "b/1", "a/2", "b/10"],
        ["model=a,seed=1", "model=a,seed=10", "model=a,seed=2", "model=b,seed=1"],
        ["lr=0.01/seed=0", "lr=0.01/seed=1", "lr=0.1/seed=0", "lr=0.1/seed=1"],
    ],
)
def test_jobs_are_found_in_folders_of_any_name(names, tmp_path):
    for name in reversed(names):
        make_job(tmp_path / name)
        make_job(tmp_path / name / "evaluation")
        (tmp_path / name / "config.yaml").touch()
    (tmp_path / ".hydra").mkdir()
    for file in ("multirun.yaml", "config.yaml", ".hydra/config.yaml"):
        (tmp_path / file).touch()
    assert find_jobs(tmp_path) == [tmp_path / name for name in names]
    numbers = [job.number for job in jobs_of(tmp_path)]
    assert numbers == ([0, 1, 2, 10] if names[-1].endswith("10") else [0, 1, 2, 3])


def test_the_number_that_a_job_wrote_counts_more_than_its_name(tmp_path):
    for number, name in enumerate(["lr_10", "lr_2", "lr_5"]):
        make_job(tmp_path / name, job=number)
    assert [folder.name for folder in find_jobs(tmp_path)] == ["lr_10", "lr_2", "lr_5"]
    assert [job.number for job in jobs_of(tmp_path)] == [0, 1, 2]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", "\xff"])
def test_a_job_without_a_valid_result_has_failed(text, tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "config.yaml").touch()
    if text is not None:
        (tmp_path / "0" / "result.json").write_text(text, encoding="latin-1")
    (job,) = jobs_of(tmp_path)
    assert not job.completed
    assert table([job]) == [
        {"job": 0, "status": "failed", "folder": str(tmp_path / "0"), "error": NO_RESULT}
        | {"best_epoch": ""}
    ]


def test_the_launcher_passes_what_it_knows(tmp_path):
    folders = [make_job(tmp_path / "b", "lr=2"), tmp_path / "never_made"]
    jobs = read_jobs(folders, numbers=[7, 8], overrides=[["lr=1"], ["lr=3"]])
    assert [(job.number, job.overrides, job.completed) for job in jobs] == [
        (7, {"lr": "2"}, True),
        (8, {"lr": "3"}, False),
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
    assert jobs_of(tmp_path) == jobs_of(tmp_path / "missing") == []
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
    counts = ["model.optimizer.lr", "completed", "failed"]
    spreads = ["val_loss_mean", "val_loss_sd", "loss_mean", "loss_sd"]
    assert [list(row) for row in rows] == 4 * [counts + spreads]
    half = pytest.approx(0.5**0.5)
    assert [list(row.values())[:5] for row in rows] == [
        ["1", 2, 0, 1.5, half],
        ["0.1", 2, 0, 4.0, pytest.approx(2**0.5)],
        ["9", 1, 1, 7.0, ""],
        ["20", 0, 2, "", ""],
    ]
    shown = format_summary(rows)
    assert list(shown[0]) == [*counts, "val_loss", "loss"]
    assert [row["val_loss"] for row in shown] == ["1.5 ± 0.7071", "4 ± 1.414", "7", ""]
    assert shown[0]["loss"] == "3 ± 1.414"
    assert shown[0]["completed"] == "2"


def test_a_high_accuracy_is_the_best(tmp_path):
    monitor = {"metric": "accuracy", "label": "accuracy", "mode": "max"}
    for number, (lr, seed, value) in enumerate([(1, 0, 0.5), (1, 1, 0.6), (2, 0, 0.9)]):
        overrides = f"lr={lr}", f"data.seed={seed}"
        make_job(tmp_path / str(number), *overrides, value=value, monitor=monitor)
    assert [(row["lr"], row["accuracy_mean"]) for row in summary(jobs_of(tmp_path))] == [
        ("2", 0.9),
        ("1", pytest.approx(0.55)),
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
    assert [(r["model"], r["val_loss_mean"], r["distance_mean"]) for r in rows] == [
        ("c", 5.0, ""),
        ("a", 9.0, ""),
        ("b", "", 1.0),
    ]
    assert [key for key in rows[0] if key.endswith("mean")][:2] == [
        "val_loss_mean",
        "distance_mean",
    ]


def test_no_summary_of_a_single_seed(tmp_path):
    for number in (0, 1):
        make_job(tmp_path / str(number), f"lr={number}", "seed=3")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "config.yaml").touch()
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


def test_completed_jobs_by_hash(tmp_path):
    make_job(tmp_path / "0", hash="a")
    make_failed(tmp_path / "1", hash="b")
    make_job(tmp_path / "2")
    make_job(tmp_path / "3", hash="a")
    assert completed(tmp_path) == {"a": tmp_path / "0"}
