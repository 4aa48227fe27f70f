"""The benchmarks run, and count what they say; how fast anything is, is no matter here."""

import csv
import importlib
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Where ``python -m benchmarks.NAME`` is called, here and in the processes it starts."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(name):
    return importlib.import_module(f"benchmarks.{name}")


def test_fit_tells_each_way_and_where_it_ran(tmp_path, capsys):
    load("fit").main(["--quick", "--backends", "--csv", str(tmp_path / "fit.csv")])
    found = rows(tmp_path / "fit.csv")
    ways = ("nnzoo", "torch loop", "scikit-learn")
    assert [(row["task"], row["way"]) for row in found] == [
        (task, way) for task in ("autoencoder", "sigmoid_classifier", "mlp") for way in ways
    ]
    assert all(float(row["seconds"]) > 0 for row in found)
    assert [row["nnzoo / it"] for row in found[::3]] == ["1.0"] * 3
    assert {row["torch"] for row in found} == {torch.__version__}
    assert all(int(row["cores"]) >= 1 and row["card"] for row in found)
    assert "scikit-learn" in capsys.readouterr().out


def test_fit_refuses_a_task_that_is_none(capsys):
    with pytest.raises(SystemExit):
        load("fit").main(["perceptrons"])
    assert "no task perceptrons" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out_and_said(monkeypatch, capsys):
    peers = load("peers")
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "keras" else object())
    assert peers.installed(["jax"]) == []
    assert "Keras is not installed" in capsys.readouterr().out
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "jax" else object())
    assert peers.installed(["jax", "torch"]) == ["torch"]
    assert "left out: jax" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "widths", "loss", "steps"),
    [
        ("autoencoder", [2, 32, 16, 32, 2], "mse", 1600),
        ("sigmoid_classifier", [2, 8, 1], "binary_crossentropy", 2500),
        ("mlp", [64, 10, 10, 10], "sparse_categorical_crossentropy", 2250),
    ],
)
def test_the_peers_do_what_nnzoo_does(name, widths, loss, steps, tmp_path):
    task = load("tasks").task(name, tmp_path)
    assert (task.widths, task.loss, task.steps) == (widths, loss, steps)


def test_candidates_are_run_in_turn():
    measure, called = load("measure"), []
    ways = {
        "a": lambda: called.append("a"),
        "b": lambda: called.append("b") or measure.Seconds(7),
    }
    seconds = measure.alternate(ways, 3)
    assert called == ["a", "b"] * 3
    assert seconds["b"] == [7, 7, 7]
    assert all(0 < value < 7 for value in seconds["a"])
    assert measure.ratio([2, 3, 20], [1, 1, 1]) == 3


def test_a_stage_is_charged_for_its_own_part(monkeypatch):
    stages, now = load("stages"), iter(range(100))
    monkeypatch.setattr(stages.time, "perf_counter", lambda: next(now))
    watch = stages.Stopwatch()
    inner = watch.timed(lambda: None, "inner")
    with watch.stage("outer"):  # one tick to each charge
        inner()
        inner()
    assert watch.seconds == {"outer": 3, "inner": 2}


@pytest.mark.slow
def test_the_whole_command_is_told_by_stages(tmp_path):
    options = ["--quick", "--backends", "--csv", str(tmp_path / "command.csv")]
    load("command").main(options)
    (row,) = rows(tmp_path / "command.csv")
    stages = ("imports", "composing", "data, model, result", "fit", "figures", "whole")
    assert all(float(row[name]) > 0 for name in stages)
    found = rows(tmp_path / "command_imports.csv")
    assert [row["import"] for row in found] == ["nnzoo", "torch", "torch, nnzoo.nn"]


@pytest.mark.slow
def test_keras_is_timed_where_it_is_installed(tmp_path):
    pytest.importorskip("keras")
    options = ["--quick", "--backends", "torch", "--csv", str(tmp_path / "fit.csv")]
    load("fit").main(["autoencoder", *options])
    ways = [row["way"] for row in rows(tmp_path / "fit.csv")]
    assert ways[-2:] == ["keras on torch", "keras on torch, compiled"]


def test_sweep_tells_each_way_and_draws_the_curve(tmp_path, capsys):
    file = tmp_path / "sweep.csv"
    load("sweep").main(["--quick", "--models", "sigmoid_classifier", "--csv", str(file)])
    (row,) = rows(file)
    assert float(row["serial"]) / float(row["fused"]) == pytest.approx(float(row["serial / fused"]))
    (row,) = rows(tmp_path / "sweep_commands.csv")
    assert float(row["basic"]) > 0
    found = rows(tmp_path / "sweep_curve.csv")
    assert [row["members"] for row in found] == ["1", "2"]
    assert (tmp_path / "sweep.png").is_file()
    assert "2 seeds: the whole command, seconds" in capsys.readouterr().out
