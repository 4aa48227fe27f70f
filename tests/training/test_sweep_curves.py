"""The curves of a sweep: each job's course, failed ones too, under a name that tells them apart."""

import json
from pathlib import Path

import numpy as np
import pytest
from test_sweep import table

from nnzoo import figures
from nnzoo.training import sweep_curves
from nnzoo.training.sweep import Job, read_jobs
from nnzoo.training.sweep_curves import course, draw_curves, labels

LOSS = {"metric": "loss", "label": "loss"}


def job(folder, *overrides, rows="epoch,pass,step,loss\n0,0,1,3.5\n", **result):
    """A job's folder as a run leaves it; rows None: it left no metrics.csv."""
    folder.mkdir(parents=True)
    if rows is not None:
        (folder / "metrics.csv").write_text(rows)
    said = {"status": "completed", "model": "m", "data": "d", "curve": LOSS}
    return Job(folder, said | {"overrides": list(overrides)} | result)


@pytest.fixture
def drawn(monkeypatch):
    """The curves and the other arguments of the last figure."""
    last = {}

    def training_curve(curves, **options):
        last.update(options, curves=curves)
        last["figure"] = figures.curves.training_curve(curves, **options)
        return last["figure"]

    monkeypatch.setattr(sweep_curves.figures, "training_curve", training_curve)
    return last


def test_each_job_has_its_curve(nnzoo_train, tmp_path, drawn):
    said = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "model.optimizer.lr=0.01,0.1", "hydra.sweep.dir=sweep"),
        *("trainer.max_epochs=1,2", "data.repeat=3"),
    )
    assert (said.code, said.err) == (0, "")
    assert "curves   sweep/curves.png\n" in said.out
    assert (tmp_path / "sweep" / "curves.png").stat().st_size > 5000
    assert list(drawn["curves"]) == [
        *("lr=0.01, max_epochs=1", "lr=0.01, max_epochs=2"),
        *("lr=0.1, max_epochs=1", "lr=0.1, max_epochs=2"),
    ]
    assert [len(curve) for curve in drawn["curves"].values()] == [3, 6, 3, 6]
    first, longer, other, _ = drawn["curves"].values()
    assert first == longer[:3]
    assert first[0] == other[0]
    assert first[1] != other[1]
    assert (drawn["title"], drawn["ylabel"]) == (
        "sigmoid_classifier on xor\nloss of each job",
        "loss: cross-entropy",
    )


def test_a_diverged_job_is_drawn_to_its_end(nnzoo_train, tmp_path, drawn):
    said = nnzoo_train(
        *("-m", "model=autoencoder", "model.optimizer.name=sgd", "model.optimizer.lr=0.01,3"),
        *("model.hidden=[]", "model.latent=2", "model.latent_activation=identity"),
        *("model.output_activation=identity", "data.batch_size=null", "hydra.sweep.dir=sweep"),
    )
    assert said.code == 1
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed", "failed"]
    low, high = drawn["curves"].values()
    assert list(drawn["curves"]) == ["lr=0.01", "lr=3 (failed)"]
    assert len(low) == 50
    assert 2 < len(high) < 10
    assert np.isfinite(high).all()
    assert max(high) > 1e9
    (axes,) = drawn["figure"].axes
    assert axes.get_yscale() == "log"
    below, above = axes.get_ylim()  # in which the other curve can be read
    assert below < min(low)
    assert max(low) * 10 < above < 1e6


def test_none_where_pictures_are_off(nnzoo_train, tmp_path):
    options = ("model=perceptron", "model.lr=1,2", "hydra.sweep.dir=sweep", "figures.draw=false")
    said = nnzoo_train("-m", *options)
    assert said.code == 0
    assert "curves" not in said.out
    assert not list((tmp_path / "sweep").rglob("*.png"))


def test_none_where_metrics_differ(nnzoo_train, tmp_path):
    options = ("model=perceptron,autoencoder", "trainer.max_epochs=1", "hydra.sweep.dir=sweep")
    assert nnzoo_train("-m", *options).code == 0
    assert list((tmp_path / "sweep").glob("*/figures/curve.png"))
    assert not (tmp_path / "sweep" / "curves.png").exists()


@pytest.mark.parametrize(("count", "there"), [(1, False), (2, True), (8, True), (9, False)])
def test_two_to_eight_jobs_are_drawn(count, there, tmp_path, drawn):
    jobs = [job(tmp_path / str(i), f"seed={i}") for i in range(count)]
    # Those that never trained do not count.
    jobs.append(job(tmp_path / "10", "seed=10", rows=None, status="failed"))
    jobs.append(Job(tmp_path / "nothing", {}))
    jobs.append(job(tmp_path / "11", "seed=11", rows="epoch,pass,step,loss\n", status="failed"))
    file = tmp_path / "curves.png"
    assert draw_curves(jobs, file) is there
    assert file.exists() is there
    if there:
        assert list(drawn["curves"]) == [f"seed={i}" for i in range(count)]


def test_jobs_of_several_models_with_one_metric(tmp_path, drawn):
    jobs = [job(tmp_path / name, f"model={name}", model=name) for name in "ab"]
    assert draw_curves(jobs, tmp_path / "curves.png")
    assert drawn["title"] == "sweep\nloss of each job"
    other = {"metric": "loss", "label": "half the sum"}
    jobs.append(job(tmp_path / "c", "model=c", model="c", curve=other))
    assert not draw_curves(jobs, tmp_path / "other.png")


def test_what_is_measured_once_an_epoch_stands_at_its_pass(tmp_path):
    rows = "epoch,pass,step,loss,error\n3,6,70,1,\n3,7,80,1,0.5\n4,8,90,1,\n4,9,100,1,0.25\n"
    curve = {"metric": "error", "label": "error"}
    values = course(job(tmp_path / "0", rows=rows, curve=curve))
    assert [i for i, value in enumerate(values) if np.isfinite(value)] == [7, 9]
    assert (values[7], values[9]) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        ([["model=a", "model.lr=1"], ["model=a", "model.lr=2"]], ["lr=1", "lr=2"]),
        ([["seed=1", "model.lr=1"], ["seed=2"]], ["seed=1, lr=1", "seed=2"]),
        ([["a.n=1", "b.n=3"], ["a.n=2", "b.n=4"]], ["a.n=1, b.n=3", "a.n=2, b.n=4"]),
        ([["seed=1"], ["seed=1"]], ["job 0", "job 1"]),
        ([["seed=1"], []], ["job 0 seed=1", "job 1"]),
        ([["x=" + 99 * "1"], ["x=3"]], ["x=" + 21 * "1" + "...", "x=3"]),
        ([["x=" + 99 * "1"], ["x=" + 98 * "1"]], [f"job {i} x={21 * '1'}..." for i in (0, 1)]),
        ([["x={a:b=c}"], ["x=3"]], ["x={a:b=c}", "x=3"]),
    ],
)
def test_labels(overrides, names, tmp_path):
    jobs = [job(tmp_path / str(i), *given) for i, given in enumerate(overrides)]
    assert [name.replace("\n", " ") for name in labels(jobs)] == names


def test_the_learning_rate_lesson(nnzoo_train, tmp_path, drawn):
    said = nnzoo_train("experiment=learning_rate", "hydra.sweep.dir=sweep")
    assert (said.code, said.err) == (0, "")
    assert (tmp_path / "sweep" / "curves.png").is_file()
    assert list(drawn["curves"]) == ["lr=200", "lr=10", "lr=0.01"]
    high, right, low = map(np.array, drawn["curves"].values())
    assert len(high) == len(right) == len(low) == 300
    assert right[-1] < 0.015
    assert low[0] > low[-1] > 0.57
    assert high[-100:].mean() > low[0]
    assert high[-100:].max() > 2 * high[-100:].min()  # it jumps


@pytest.mark.parametrize(
    ("arguments", "rates"),
    [
        (["-m"], ["200", "10", "0.01"]),
        (["model.optimizer.lr=1,3"], ["1", "3"]),
        (["-m", "model.optimizer.lr=5"], ["5"]),
    ],
)
def test_other_rates_replace_the_lessons(arguments, rates, nnzoo_train, tmp_path):
    options = ("experiment=learning_rate", "hydra.sweep.dir=sweep", "debug=default", "figures=none")
    said = nnzoo_train(*options, *arguments)
    assert (said.code, said.err) == (0, "")
    assert [row["model.optimizer.lr"] for row in table(tmp_path / "sweep")] == rates


def test_the_results_say_what_the_curve_is(composed):
    from nnzoo.training.run import train

    cfg = composed("model=competitive", "trainer.max_epochs=1", "figures=none")
    train(cfg, quiet=True)
    written = json.loads((Path(cfg.run.folder) / "result.json").read_text())
    assert written["curve"]["metric"] == "quantization_error"
    (folder,) = [path for path in Path(cfg.run.folder).parent.iterdir() if path.is_dir()]
    assert read_jobs(folder) == []  # whose folders are named by numbers
