"""Sweeps: each job in its folder, no failure loses another job, one table at the end."""

import csv
import json

import nnzoo

QUICK = ("debug=default", "figures=none", "hydra.sweep.dir=sweep")


def table(folder):
    with open(folder / "results.csv") as file:
        return list(csv.DictReader(file))


def test_every_combination(nnzoo_train, tmp_path):
    said = nnzoo_train("-m", "model=perceptron,autoencoder", "seed=1,2", *QUICK)
    assert said.code == 0
    rows = table(tmp_path / "sweep")
    assert list(rows[0])[:4] == ["job", "status", "folder", "error"]
    assert [(row["job"], row["model"], row["seed"]) for row in rows] == [
        ("0", "perceptron", "1"),
        ("1", "perceptron", "2"),
        ("2", "autoencoder", "1"),
        ("3", "autoencoder", "2"),
    ]
    for row in rows:
        assert row["status"] == "completed"
        with open(f"{row['folder']}/result.json") as file:
            result = json.load(file)
        assert (result["model"], str(result["seed"])) == (row["model"], row["seed"])
        assert result["metrics"]["loss"] == float(row["loss"])
        assert nnzoo.load_model(row["folder"])
    assert "4 jobs, 0 failed" in said.out


def test_a_failing_job_loses_no_other(nnzoo_train, tmp_path):
    said = nnzoo_train("-m", "model=sigmoid_classifier", "data=gaussian_clusters,xor,iris", *QUICK)
    assert said.code == 1
    first, *others = table(tmp_path / "sweep")
    assert first["status"] == "failed"
    assert first["error"].startswith("MLP learns from labels")
    assert first["accuracy"] == ""
    assert [row["status"] for row in others] == ["completed", "completed"]
    assert "3 jobs, 1 failed" in said.out
    assert "Traceback" not in said.err


def test_an_option_that_is_not_in_the_yaml_is_swept(nnzoo_train, tmp_path):
    said = nnzoo_train("-m", "model=autoencoder", "model.optimizer.weight_decay=0,1", *QUICK)
    assert said.code == 0
    rows = table(tmp_path / "sweep")
    assert [row["model.optimizer.weight_decay"] for row in rows] == ["0", "1"]
    assert rows[0]["loss"] != rows[1]["loss"]


def test_every_model(nnzoo_train, tmp_path):
    assert nnzoo_train("-m", "model=glob(*)", *QUICK).code == 0
    assert [row["model"] for row in table(tmp_path / "sweep")] == nnzoo.list_models()


def test_the_default_folder(nnzoo_train, tmp_path):
    for _ in range(2):
        assert nnzoo_train("-m", "model=perceptron", "seed=1", *QUICK[:2]).code == 0
    folders = list(tmp_path.glob("multirun/*"))
    assert len(folders) == 2
    assert all((folder / "0" / "result.json").is_file() for folder in folders)
    assert all((folder / "results.csv").is_file() for folder in folders)


def test_an_older_sweep_is_not_touched(nnzoo_train, tmp_path):
    assert nnzoo_train("-m", "model=perceptron", "seed=1,2", *QUICK).code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "sweep").rglob("*") if p.is_file()}
    said = nnzoo_train("-m", "model=autoencoder", "seed=3,4", *QUICK)
    assert said.code == 1
    assert said.err == (
        f"error: {tmp_path}/sweep/0 is not empty; name another folder in hydra.sweep.dir\n"
    )
    after = {p: p.read_bytes() for p in (tmp_path / "sweep").rglob("*") if p.is_file()}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert changed <= {"multirun.yaml"}  # Hydra's own, written before the first job
