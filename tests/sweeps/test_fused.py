"""Jobs of a sweep that train together write the files that each writes when it trains alone."""

import pytest
from comparing import checkpoint, compare, difference, files, job_folders, read_csv, result, rows
from helpers import MODELS, TINY, mostly_slow

import nnzoo
import nnzoo.models

FIRST, LAST = 1e-5, 1e-4
"""Relative differences between a member and the same run alone: after an epoch, at the end."""

VARIED = {
    "adagrad": ("model=mlp", "model.optimizer={name:adagrad,lr:0.01,lr_decay:0.1}", "seed=0,1"),
    "autoencoder": ("model=autoencoder", "model.optimizer.lr=0.01,0.001"),
    "competitive": ("model=competitive", "model.lr=0.2,0.5"),
    "competitive batch": ("model=competitive", "model.update=batch", "model.conscience_until=.1,1"),
    "competitive start": ("model=competitive", "model.rule=cwta", "seed=0,1"),
    "clipped": ("model=mlp", "data=iris", "trainer.gradient_clip_val=0.05", "seed=0,1"),
    "clipped values": (
        *("model=mlp", "data=iris", "trainer.gradient_clip_algorithm=value", "seed=0,1"),
        "trainer.gradient_clip_val=0.01",
    ),
    "denoising": ("experiment=denoising", "model.noise=0.1,0.3"),
    "mlp": ("model=mlp", "data=wine", "model.optimizer.betas=[0.9,0.999],[0.8,0.99]"),
    "momentum": ("model=mlp", "model.optimizer.name=momentum", "model.optimizer.momentum=.5,.9"),
    "regression": ("model=mlp", "model.scheduler.name=cosine", "model.optimizer.lr=1e-3,1e-2"),
    "schedules": (
        *("model=mlp", "data=moons", "model.scheduler.name=exponential"),
        "model.scheduler.gamma=0.8,0.99",
    ),
    "multilabel": (
        *("model=sigmoid_classifier", "data=csv", "data.path=bits.csv", "data.scale=none"),
        *("data.target=[c,d]", "seed=0,1"),
    ),
    "perceptron": ("model=perceptron", "data=iris", "model.lr=0.01,1"),
    "scaling": ("model=sigmoid_classifier", "data=iris", "data.scale=standard,minmax"),
    "splits": ("model=mlp", "data=iris", "data.seed=1,2", "data.val_fraction=0.3"),
    "vae": ("model=vae", "data=iris", "data.scale=minmax", "model.beta=0.001,0.01"),
    "weight decay": ("model=mlp", "model.optimizer.name=adamw", "model.optimizer.weight_decay=0,1"),
}


@pytest.fixture
def both(nnzoo_train, tmp_path):
    """``both("model=mlp", "seed=1,2")``: the folders of a basic and of a fused sweep, which is the
    default, and the output of the fused one."""
    (tmp_path / "bits.csv").write_text("a,b,c,d\n0,0,0,1\n0,1,1,1\n1,0,1,0\n1,1,0,0\n")

    def run(*overrides: str):
        for name, options in (("basic", ["hydra/launcher=basic"]), ("fused", [])):
            printed = nnzoo_train(
                *("-m", *overrides, "figures=none", *options, f"hydra.sweep.dir={name}")
            )
        return tmp_path / "basic", tmp_path / "fused", printed

    return run


@pytest.mark.parametrize("case", mostly_slow(VARIED, keep=6))
def test_the_same_files_with_the_same_numbers(both, case):
    """In float64 the order of additions does not matter."""
    basic, fused, printed = both(*VARIED[case], "trainer.max_epochs=3", "trainer.precision=64-true")
    assert printed.code == 0, printed
    assert "jobs 0-1: trained together\n" in printed.out
    compare(basic, fused, 1e-9, 1e-9)
    assert [result(job)["members"] for job in (basic / "0", fused / "0")] == [1, 2]
    assert difference_of_jobs(fused) > 1e-6


def difference_of_jobs(folder):
    """How much the weights of the first two jobs differ."""
    one, other = (checkpoint(job, "last")["state_dict"] for job in job_folders(folder)[:2])
    return difference(one, other)


@pytest.mark.parametrize("model", mostly_slow(MODELS, keep=4))
def test_every_model_trains_together(nnzoo_train, tmp_path, model):
    options = [f"model.{key}={value}" for key, value in TINY[model].items()]
    options = [f"model={model}", *options, "data.shuffle=true", "trainer.max_epochs=3"]
    printed = nnzoo_train("-m", *options, "seed=0,1,2", "figures=none", "hydra.sweep.dir=sweep")
    assert printed.code == 0, printed
    assert "jobs 0-2: trained together\n" in printed.out
    assert "3 jobs, 0 failed; mean ± standard deviation over seeds" in printed.out
    jobs = job_folders(tmp_path / "sweep")
    assert {result(job)["members"] for job in jobs} == {3}
    if model != "hopfield":  # whose weights are sums over the patterns in any order
        assert difference_of_jobs(tmp_path / "sweep") > 0
    alone = nnzoo_train(*options, "seed=2", "figures=none", "hydra.run.dir=alone")
    assert alone.code == 0
    assert files(tmp_path / "alone") == files(jobs[2])
    assert difference(rows(tmp_path / "alone")[0], rows(jobs[2])[0]) <= FIRST
    assert difference(rows(tmp_path / "alone"), rows(jobs[2])) <= LAST


def test_each_member_stops_early_by_itself(both):
    basic, fused, printed = both(
        *("model=sigmoid_classifier", "data=iris", "model.optimizer.lr=0.001,0.3"),
        *("callbacks=early_stopping", "callbacks.early_stopping.min_delta=0.05"),
        *("callbacks.early_stopping.patience=1", "trainer.check_val_every_n_epoch=2"),
    )
    assert "jobs 0-1: trained together\n" in printed.out
    compare(basic, fused, FIRST, LAST)
    assert len({len(rows(job)) for job in job_folders(fused)}) > 1


def test_each_perceptron_stops_when_it_makes_no_error(both):
    basic, fused, _ = both("model=perceptron", "data.shuffle=true", "seed=0,1,2")
    compare(basic, fused, 1e-7, 1e-7)
    assert len({len(rows(job)) for job in job_folders(fused)}) > 1


def test_a_member_that_diverges_fails_alone(both):
    basic, fused, printed = both(
        "model=autoencoder", "model.optimizer.lr=1e-3,1e33", "trainer.max_epochs=2"
    )
    assert printed.code == 1
    assert "2 jobs, 1 failed" in printed.out
    for one, other in zip(job_folders(basic), job_folders(fused), strict=True):
        a, b = result(one), result(other)
        assert a["status"] == b["status"]
        assert (a["error"] or "").replace("basic", "fused") == (b["error"] or "")
        assert difference(rows(one), rows(other)) < LAST
    table = read_csv(fused / "results.csv")
    assert [row["status"] for row in table] == ["completed", "failed"]
    assert "the training diverged; try a lower learning rate" in table[1]["error"]


def test_an_impossible_job_fails_alone(both):
    basic, fused, printed = both(
        "model=sigmoid_classifier", "data=gaussian_clusters,xor", "debug=default"
    )
    assert printed.code == 1
    assert "2 jobs, 1 failed" in printed.out
    columns = ("job", "status", "error", "data")
    tables = [
        [[row[c] for c in columns] for row in read_csv(folder / "results.csv")]
        for folder in (basic, fused)
    ]
    assert tables[0] == tables[1]
    ((job, _, error, _),) = [row for row in tables[1] if row[1] == "failed"]
    assert f"job {job} failed: {error}\n" in printed.out
    contents = [result(folder / job) for folder in (basic, fused)]
    assert contents[0] == contents[1]
    assert list(contents[0]) == ["status", "error", "overrides", "job"]


def test_a_member_whose_files_cannot_be_written_fails_alone(nnzoo_train, monkeypatch, tmp_path):
    diagnostics, calls = nnzoo.models.Autoencoder.diagnostics, []

    def full(self, data):
        calls.append(None)
        if len(calls) == 2:
            raise OSError("no space left on device")
        return diagnostics(self, data)

    monkeypatch.setattr(nnzoo.models.Autoencoder, "diagnostics", full)
    printed = nnzoo_train(
        *("-m", "model=autoencoder", "seed=1,2,3", "debug=default", "figures=none"),
        "hydra.sweep.dir=sweep",
    )
    assert printed.code == 1
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["status"] for row in table] == ["completed", "failed", "completed"]
    assert "no space left on device" in table[1]["error"]


def test_a_fused_job_is_resumed_as_any_other_run(nnzoo_train, tmp_path):
    options = ("model=mlp", "data=wine", "model.scheduler.name=exponential")
    options = (*options, "model.scheduler.gamma=0.9", "figures=none")
    short = ("-m", *options, "seed=0,1", "trainer.max_epochs=2", "hydra.sweep.dir=sweep")
    assert nnzoo_train(*short).code == 0
    long = (*options, "seed=1", "trainer.max_epochs=4")
    for name, more in (("resumed", [f"resume={tmp_path}/sweep/1"]), ("whole", [])):
        assert nnzoo_train(*long, *more, f"hydra.run.dir={name}").code == 0
    resumed, whole = (rows(tmp_path / name) for name in ("resumed", "whole"))
    assert len(whole) == 4
    assert difference(resumed, whole) < LAST
