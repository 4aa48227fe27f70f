"""A run: its folder, its numbers, its output, and equal bits for equal seeds."""

import math
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from helpers import MODELS, PATTERNS, TINY, data_for, mostly_slow
from omegaconf import OmegaConf
from run_folder import checkpoint, result_of, rows

from nnzoo.cli.suggestions import check_arguments
from nnzoo.errors import InputError
from nnzoo.runs.job import Job
from nnzoo.runs.run import train, train_jobs
from nnzoo.runs.trainer import silence_warnings

IRIS = ("model=sigmoid_classifier", "data=iris", "figures=none")
NOT_SEPARABLE = ("model=perceptron", "data.y=[0,1,1,0]")


def test_the_files_of_a_run(nnzoo_train, tmp_path):
    printed = nnzoo_train(
        "model=autoencoder", "hydra.run.dir=run", "trainer.max_epochs=3", "seed=4"
    )
    assert (printed.code, printed.err) == (0, "")
    run = tmp_path / "run"
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert files == {
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "config.yaml",
        "figures/curve.png",
        "figures/latent.png",
        "figures/reconstruction.png",
        "metrics.csv",
        "result.json",
    }
    config = OmegaConf.to_container(OmegaConf.load(run / "config.yaml"), resolve=False)
    assert (config["seed"], config["trainer"]["max_epochs"]) == (4, 3)
    assert config["run"] == {
        "folder": str(run),
        "model": "autoencoder",
        "data": "blobs",
        "every_seconds": 30,
    }
    assert "${" not in (run / "config.yaml").read_text()
    result = result_of(run)
    assert (result["model"], result["data"], result["seed"]) == ("autoencoder", "blobs", 4)
    assert (result["device"], result["epochs"], result["members"]) == ("cpu", 3, 1)
    assert result["fit_seconds"] > 0
    assert result["overrides"] == ["model=autoencoder", "trainer.max_epochs=3", "seed=4"]
    assert result["versions"]["torch"] == version("torch")
    assert result["paths"]["best"] == str(run / "checkpoints" / "best.ckpt")
    assert list(tmp_path.iterdir()) == [run]


def test_the_output_of_a_run(nnzoo_train):
    options = ("experiment=perceptron_tutorial", "trainer=cpu", "show=0")
    printed = nnzoo_train(*options, "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert "\x1b" not in printed.out
    lines = printed.out.splitlines()
    assert lines[0] == (
        "perceptron (3 parameters) on tutorial_points "
        "(4 points x 2 features, 2 classes), cpu, seed 0"
    )
    assert lines[1].startswith("best epoch by loss: 3 (0); last epoch: 4 (0); ")
    assert lines[1].endswith(" s; ended after 5 of 50 epochs")
    for line in (
        "  accuracy           1",
        "recall by class, training part",
        "  w          [0, 0]  [0.005, 0.013]",
        "  b          0       -0.01",
        "  threshold  0       0.01",
        "  [0.3, 0.2]  0       0      0",
    ):
        assert line in lines
    assert "note:" not in printed.out
    assert lines[-1] == "try it       nnzoo predict run=run"


def test_a_terminal_shows_a_progress_bar_and_colors(nnzoo_train, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the output for a terminal ...
    monkeypatch.setenv("TERM", "xterm")  # ... on which it can draw a bar
    printed = nnzoo_train("model=perceptron", "figures=none")
    assert printed.code == 0
    assert "\x1b[" in printed.out
    assert "/50" in printed.out  # the bar: epochs done of all
    assert "threshold" in printed.out


def test_figures_to_show_without_a_screen(nnzoo_train, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "agg")
    printed = nnzoo_train("model=perceptron", "figures.show=true", "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert "there is no screen to show the figures on" in printed.out
    assert (tmp_path / "run" / "figures" / "boundary.png").is_file()


def test_folders_are_never_reused(nnzoo_train, tmp_path):
    quick = ("model=perceptron", "figures=none", "hydra.run.dir=${fresh_folder:same}")
    for _ in range(3):
        assert nnzoo_train(*quick).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["same", "same-2", "same-3"]


def test_the_default_folder(nnzoo_train, tmp_path):
    assert nnzoo_train("model=perceptron", "figures=none").code == 0
    (folder,) = tmp_path.glob("outputs/perceptron/*")
    assert (folder / "result.json").is_file()


# Numbers of the tutorials


def test_perceptron_tutorial(trained_result):
    result = trained_result("experiment=perceptron_tutorial", "figures=none")
    losses = [float(row["loss"]) for row in rows(result["paths"]["folder"])]
    assert losses == [1.5, 0.5, 0.5, 0.5, 0.0]
    assert result["weights"]["after"]["w"] == [pytest.approx([0.005, 0.013])]
    assert result["weights"]["after"]["b"] == pytest.approx([-0.01])
    assert result["metrics"] == {"loss": 0, "accuracy": 1, "balanced_accuracy": 1}


def test_sigmoid_tutorial(trained_result):
    result = trained_result("experiment=sigmoid_tutorial", "figures=none")
    before = [row["before"][0] for row in result["outputs"]]
    after = [row["after"][0] for row in result["outputs"]]
    assert before == pytest.approx([0.7985731, 0.87101915], abs=1e-7)
    assert after[0] > 0.9
    assert after[1] < 0.1


def test_synaptic_tutorial(trained_result):
    result = trained_result("experiment=synaptic_tutorial", "figures=none")
    (before,), (after,) = (result["weights"][k]["net.0.weight"] for k in ("before", "after"))
    assert before == pytest.approx([-0.16595599, 0.44064899, -0.99977125], abs=1e-7)
    assert after == pytest.approx([10.08740896, -0.20695366, -4.83757835], abs=1e-8)
    assert result["epochs"] == 15000


def test_autoencoder_tutorial(trained_result):
    for seed in range(2):
        result = trained_result("experiment=autoencoder_tutorial", f"seed={seed}", "figures=none")
        assert result["parameters"] == 1234
        assert rows(result["paths"]["folder"])[-1]["step"] == "1600"
        assert result["metrics"]["mse"] < 2.5e-4


@pytest.mark.slow
def test_competitive_tutorial(trained_result):  # docs check its 1000 epochs
    options = ("experiment=competitive_tutorial", "figures=none")
    results = [trained_result(*options, f"seed={seed}") for seed in range(10)]
    distances = [result["metrics"]["centroid_distance"] for result in results]
    assert 0.35 < sum(distances) / 10 < 0.55


# An epoch is one pass over the data


def test_a_row_for_each_epoch(trained_result):
    options = ("model=sigmoid_classifier", "data=iris", "++data.batch_size=32", "figures=none")
    result = trained_result(*options, "trainer.max_epochs=7", "++trainer.check_val_every_n_epoch=3")
    written = rows(result["paths"]["folder"])
    names = ["loss", "accuracy", "balanced_accuracy"]
    names += [f"val_{name}" for name in names]
    assert list(written[0]) == ["epoch", "step", *names]
    assert [int(row["epoch"]) for row in written] == list(range(7))
    assert [int(row["step"]) for row in written] == [4 * (k + 1) for k in range(7)]  # of 120 points
    assert all(row["loss"] for row in written)
    for name in names[1:]:  # every third epoch and the last one
        assert [k for k, row in enumerate(written) if row[name]] == [2, 5, 6]
    assert result["best"]["epoch"] in (2, 5, 6)
    # Fewer measurements do not change the training.
    often = rows(trained_result(*options, "trainer.max_epochs=7")["paths"]["folder"])
    assert [row["loss"] for row in often] == [row["loss"] for row in written]
    assert often[2] == written[2]


def test_the_loss_of_an_epoch_is_the_mean_over_its_points(trained_result):
    # A rate of almost 0: the loss of each batch is that of the initial weights.
    options = ("model=mlp", "data=iris", "++data.batch_size=50", "data.val_fraction=0")
    result = trained_result(*options, "++model.optimizer.lr=1e-12", "debug=default", "figures=none")
    (row,) = rows(result["paths"]["folder"])
    assert float(row["loss"]) == pytest.approx(result["metrics"]["loss"], rel=1e-5)


@pytest.mark.parametrize("model", mostly_slow(MODELS, keep=3))
def test_the_same_seed_gives_the_same_bits(model, composed):
    sizes = [f"model.{name}={value}" for name, value in TINY[model].items()]
    typed = check_arguments([f"model={model}", *data_for(model, "iris"), *sizes])

    def run(seed):
        config = composed(*typed, f"seed={seed}", "trainer.max_epochs=3", "figures=none")
        (result,) = train([config])
        assert result.error is None
        folder = result.content["paths"]["folder"]
        return checkpoint(folder)["state_dict"], rows(folder), result.content["metrics"]

    (first, *others), (again, *others_again), (other, *_) = run(1), run(1), run(2)
    assert others == others_again
    assert all(torch.equal(first[name], again[name]) for name in first)
    if model not in PATTERNS:  # which store all points in their order
        assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("option", ["max_steps=0", "limit_train_batches=0"])
def test_a_run_without_a_step_is_an_error(option, composed):
    config = composed("model=autoencoder", "figures=none", f"+trainer.{option}")
    with pytest.raises(InputError, match="trainer: nothing was trained"):
        train([config])
    assert not Path(config["run"]["folder"]).exists()


def test_double_precision_and_clipping_stay_in_the_engine(nnzoo_train):
    options = ("trainer.gradient_clip_val=.5", "trainer.precision=64-true", "hydra.run.dir=run")
    printed = nnzoo_train("model=autoencoder", "figures=none", "debug=default", *options)
    assert (printed.code, printed.err) == (0, "")
    assert "Lightning's loop" not in printed.out
    assert checkpoint("run")["state_dict"]["encoder.0.weight"].dtype == torch.float64
    assert math.isfinite(result_of("run")["metrics"]["loss"])


def test_typed_options_override_the_catalogue(composed):
    for order in (("model=autoencoder", "data=moons"), ("data=moons", "model=autoencoder")):
        assert composed(*order)["data"]["_target_"] == "nnzoo.data.Moons"
    overridden = composed("data=moons", "experiment=autoencoder_tutorial")
    assert overridden["data"]["_target_"] == "nnzoo.data.Moons"
    assert composed("model=autoencoder", "debug=default")["trainer"]["max_epochs"] == 1
    assert composed("model=autoencoder", "seed=7")["data"]["seed"] == 42
    assert composed("model=competitive", "seed=7")["data"]["seed"] == 7


def test_fit_seconds_are_a_share_of_all_members_that_train_at_once(composed):
    """Also of those in other processes, so that the sum over all jobs is the elapsed time."""
    silence_warnings()
    job = Job(composed("model=sigmoid_classifier", "trainer.max_epochs=500", "figures=none"), [])
    start = time.perf_counter()
    (result,) = train_jobs([job], total=10)
    elapsed = time.perf_counter() - start
    assert result.content["members"] == 1
    assert 0 < 10 * result.content["fit_seconds"] < elapsed
