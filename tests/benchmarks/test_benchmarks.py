"""The benchmarks run at tiny sizes and report consistent numbers; no test depends on speed."""

import csv
import importlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Run in the repository, as ``python -m benchmarks.NAME`` does."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(name):
    return importlib.import_module(f"benchmarks.{name}")


# Shared parts


def test_candidates_run_alternately():
    measure, called = load("measure"), []
    ways = {
        "a": lambda: called.append("a"),
        "b": lambda: called.append("b") or measure.Seconds(7),
    }
    seconds = measure.alternate(ways, 3)
    assert called == ["a", "b"] * 3
    assert seconds["b"] == [7, 7, 7]
    assert all(0 < value < 7 for value in seconds["a"])


def test_ratios_are_those_of_each_round():
    measure = load("measure")
    ours, theirs = [2, 3, 20], [1, 1, 4]
    assert measure.ratios("r", ours, theirs) == {"r": 3, "r min": 2, "r max": 5}
    line = measure.as_line({"n": 5, **measure.ratios("r", ours, theirs), "s": 1.2345})
    assert line == "n 5, r 3 (2 to 5), s 1.23"


def test_a_command_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match=r"python -c .* failed:\n.*oh no"):
        load("measure").run_python(["-c", "raise SystemExit('oh no')"])


def test_a_stage_counts_only_its_own_time(monkeypatch):
    stages, now = load("stages"), iter(range(100))
    monkeypatch.setattr(stages.time, "perf_counter", lambda: next(now))
    watch = stages.Stopwatch()
    inner = watch.timed(lambda: None, "inner")
    with watch.stage("outer"):  # each change of the stage takes one tick
        inner()
        inner()
    assert watch.seconds == {"outer": 3, "inner": 2}


def test_a_library_that_is_not_installed_is_reported(monkeypatch, capsys):
    peers = load("peers")
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "keras" else object())
    assert peers.installed(["jax"]) == []
    assert "Keras is not installed" in capsys.readouterr().out
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "jax" else object())
    assert peers.installed(["jax", "torch"]) == ["torch"]
    assert "not installed: jax" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "widths", "loss", "rate", "steps"),
    [
        ("autoencoder", [2, 32, 16, 32, 2], "mse", 0.001, 1600),
        ("sigmoid_classifier", [2, 8, 1], "binary_crossentropy", 0.05, 2500),
        ("mlp", [64, 10, 10, 10], "sparse_categorical_crossentropy", 0.01, 2250),
    ],
)
def test_other_libraries_do_the_same_work(name, widths, loss, rate, steps, tmp_path):
    task = load("tasks").task(name, tmp_path)
    assert (task.widths, task.loss, task.rate) == (widths, loss, pytest.approx(rate))
    assert task.steps == steps


# Single runs


def test_fit(tmp_path, capsys):
    load("fit").main(["--quick", "--backends", "--csv", str(tmp_path / "fit.csv")])
    found = rows(tmp_path / "fit.csv")
    ways = ("nnzoo", "torch loop", "scikit-learn")
    assert [(row["task"], row["way"]) for row in found] == [
        (task, way) for task in ("autoencoder", "sigmoid_classifier", "mlp") for way in ways
    ]
    assert [row["steps"] for row in found[::3]] == ["64", "2", "90"]  # 2 epochs
    for row in found:
        assert float(row["seconds min"]) <= float(row["seconds"]) <= float(row["seconds max"])
        own = next(other for other in found if other["task"] == row["task"])
        expected = float(own["seconds"]) / float(row["seconds"])
        assert float(row["nnzoo / it"]) == pytest.approx(expected)
    assert {row["torch"] for row in found} == {torch.__version__}
    assert all(int(row["cores"]) >= 1 and row["gpu"] for row in found)
    assert "scikit-learn" in capsys.readouterr().out


def test_fit_refuses_an_unknown_task(capsys):
    with pytest.raises(SystemExit):
        load("fit").main(["perceptrons"])
    assert "no task perceptrons" in capsys.readouterr().err


@pytest.mark.slow
def test_keras_is_timed_where_it_is_installed(tmp_path):
    pytest.importorskip("keras")
    options = ["--quick", "--backends", "torch", "--csv", str(tmp_path / "fit.csv")]
    load("fit").main(["autoencoder", *options])
    ways = [row["way"] for row in rows(tmp_path / "fit.csv")]
    assert ways[-2:] == ["keras on torch", "keras on torch, compiled"]


@pytest.mark.slow
def test_command_reports_the_seconds_of_each_stage(tmp_path):
    options = ["--quick", "--backends", "--csv", str(tmp_path / "command.csv")]
    load("command").main([*options, "--before", str(ROOT)])
    own, before = rows(tmp_path / "command.csv")
    stages = ("imports", "composing", "data, model, result", "fit", "figures", "whole")
    assert all(float(own[name]) > 0 for name in stages)
    assert before["program"] == "nnzoo before"
    assert float(before["nnzoo / it"]) > 0
    found = rows(tmp_path / "command_imports.csv")
    assert [row["import"] for row in found] == ["nnzoo", "torch", "torch, nnzoo.nn"]


def test_competitive(tmp_path, capsys):
    file = tmp_path / "found.csv"
    load("competitive").main(["--quick", "--repeats", "1", "--csv", str(file)])
    assert "the competitive layer on cpu" in capsys.readouterr().out
    found = rows(file)
    assert len(found) == 4
    for row in found:
        assert float(row["x good MBK"]) > 0
        assert float(row["error"]) == float(row["rule"])  # the same steps, without Lightning
        assert 0.5 < float(row["of good"]) < 1.05
        assert row["torch"]
        assert row["threads"] == "1"


# Sweeps


def test_sweep_within_one_process(tmp_path):
    file = tmp_path / "sweep.csv"
    parts = ["fits", "rates", "gans", "curve"]
    load("sweep").main([*parts, "--quick", "--models", "sigmoid_classifier", "--csv", str(file)])
    (row,) = rows(tmp_path / "sweep_fits.csv")
    expected = float(row["one by one"]) / float(row["together"])
    assert float(row["one by one / together"]) == pytest.approx(expected)
    (row,) = rows(tmp_path / "sweep_rates.csv")
    assert float(row["different rates / one rate"]) > 0
    (row,) = rows(tmp_path / "sweep_gans.csv")
    assert (row["model"], row["members"]) == ("gan", "2")
    assert float(row["one by one / together"]) > 0
    found = rows(tmp_path / "sweep_curve.csv")
    assert [row["members"] for row in found] == ["1", "2"]
    assert (tmp_path / "sweep.png").is_file()


def test_sweep_refuses_an_unknown_part(capsys):
    with pytest.raises(SystemExit):
        load("sweep").main(["fit"])
    assert "no part fit; there are fits, rates" in capsys.readouterr().err


def test_the_seconds_of_a_sweep_add_up(tmp_path):
    """``fit_seconds`` of all jobs is the time of the whole fit; a failed job is an error."""
    ways = load("sweep_ways")
    sweep = ways.Sweep("sigmoid_classifier", tmp_path, {"trainer.max_epochs": 2})
    seconds = ways.together(sweep, {"seed": range(3)})
    (folder,) = tmp_path.iterdir()
    assert ways.fit_seconds(folder, 3) == pytest.approx(float(seconds))
    assert 0 < ways.mean_loss(folder) < 5
    with pytest.raises(RuntimeError, match=r"1 of 4 jobs failed"):
        ways.fit_seconds(folder, 4)


@pytest.mark.slow
def test_sweep_commands(tmp_path):
    file = tmp_path / "sweep.csv"
    parts = ["commands", "many", "figures"]
    load("sweep").main([*parts, "--quick", "--models", "sigmoid_classifier", "--csv", str(file)])
    (row,) = rows(tmp_path / "sweep_commands.csv")
    assert float(row["basic / default"]) > 0
    (row,) = rows(tmp_path / "sweep_many.csv")
    assert float(row["command"]) > float(row["fit"]) > 0
    assert 100 < float(row["MB of the largest process"]) < 4000
    (row,) = rows(tmp_path / "sweep_figures.csv")
    assert float(row["with figures"]) > 0


@pytest.mark.slow
def test_sweep_in_jax_where_it_is_installed(tmp_path):
    pytest.importorskip("jax")
    load("sweep").main(["jax", "--quick", "--csv", str(tmp_path / "sweep.csv")])
    found = rows(tmp_path / "sweep_jax.csv")
    assert [row["members"] for row in found] == ["1", "2", "3"]
    for row in found:
        assert float(row["fit / run"]) > 0
        assert 0 < float(row["JAX loss"]) < 0.2


# Many trainings


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_soak_reports_what_is_left_behind(tmp_path, monkeypatch, capsys):
    soak, held = load("soak"), []

    def leaky(folder, count, look):
        import matplotlib.pyplot as plt

        folder.joinpath("file").write_text("")
        plt.figure()
        for k in range(1, count + 1):
            done = threading.Event()
            thread = threading.Thread(target=done.wait)
            process = subprocess.Popen(["sleep", "60"])
            thread.start()
            held.append(
                [folder.joinpath("file").open(), plt.figure(), done, process, bytearray(10**8)]
            )
            held[-1].append([[] for _ in range(100_000)])
            tempfile.mkdtemp()
            look(k)

    def tidy(folder, count, look):
        for k in range(1, count + 1):
            look(k)

    monkeypatch.setattr(soak, "PARTS", {"leaky": leaky, "tidy": tidy})
    options = ["--count", "3", "--first", "1", "--csv", str(tmp_path / "soak.csv")]
    soak.main(["tidy", *options])
    try:
        with pytest.raises(RuntimeError) as error:
            soak.main(["leaky", *options])
    finally:
        plt = sys.modules["matplotlib.pyplot"]
        plt.close("all")
        for file, _, done, process, *_ in held:
            file.close()
            done.set()
            process.kill()
            process.wait()
    for what in ("memory growth", "objects growth", *soak.COUNTED):
        assert f"leaky: {what} " in str(error.value)
    assert "many trainings in one process" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_short_soak(tmp_path):
    load("measure").run_python(
        ["-m", "benchmarks.soak", "--quick", "--csv", str(tmp_path / "soak.csv")]
    )
    found = rows(tmp_path / "soak.csv")
    assert [(row["part"], row["trainings"]) for row in found] == [("runs", "40"), ("sweep", "40")]
    for row in found:
        assert float(row["memory growth"]) < 1.05
        assert int(row["figures"]) == int(row["processes"]) == int(row["temporary files"]) == 0


# Estimators


def test_sklearn(tmp_path):
    load("sklearn").main(["--quick", "--repeats", "1", "--csv", str(tmp_path / "sklearn.csv")])
    found = rows(tmp_path / "sklearn.csv")
    assert [row["way"] for row in found[:4]] == [
        *("nnzoo", "scikit-learn", "FusedSearchCV", "GridSearchCV")
    ]
    assert all(float(row["CPU seconds"]) > 0 for row in found)
    assert all(float(row["scores differ by"]) < 1e-4 for row in found[2:])
