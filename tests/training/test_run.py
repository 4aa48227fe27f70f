"""One run: its folder, its numbers, and that they come again."""

import csv
import json
import math
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

import nnzoo
import nnzoo.models
from nnzoo.errors import InputError, RunError
from nnzoo.training.run import scores, train


def rows(folder):
    with open(Path(folder) / "metrics.csv") as file:
        return list(csv.DictReader(file))


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_the_folder(nnzoo_train, tmp_path):
    said = nnzoo_train("model=autoencoder", "hydra.run.dir=run", "trainer.max_epochs=3", "seed=4")
    assert (said.code, said.err) == (0, "")
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
    assert config["run"] == {"folder": str(run), "model": "autoencoder", "data": "blobs"}
    assert "${" not in (run / "config.yaml").read_text()
    result = json.loads((run / "result.json").read_text(), parse_constant=no_constant)
    assert (result["model"], result["data"], result["seed"]) == ("autoencoder", "blobs", 4)
    assert result["device"] == "cpu"
    assert result["fit_seconds"] > 0
    assert result["overrides"] == ["model=autoencoder", "trainer.max_epochs=3", "seed=4"]
    assert result["versions"]["torch"] == version("torch")
    assert result["paths"]["best"] == str(run / "checkpoints" / "best.ckpt")
    written = rows(run)
    assert [(row["epoch"], row["step"]) for row in written] == [
        ("0", "32"),
        ("1", "64"),
        ("2", "96"),
    ]
    assert float(written[-1]["mse"]) == pytest.approx(result["metrics"]["mse"])


def test_what_a_person_sees(nnzoo_train):
    said = nnzoo_train("experiment=perceptron_tutorial", "trainer=cpu")
    assert said.code == 0
    assert "\x1b" not in said.out
    for line in (
        "perceptron (3 parameters) on tutorial_points "
        "(4 points x 2 features, 2 classes), cpu, seed 0",
        "  accuracy  1",
        "  w          [0, 0]  [0.005, 0.013]",
        "  b          0       -0.01",
        "  threshold  0       0.01",
        "  [0.3, 0.2]  0       0      0",
    ):
        assert line in said.out.splitlines()


def test_what_a_terminal_shows(nnzoo_train, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the output for a terminal ...
    monkeypatch.setenv("TERM", "xterm")  # ... on which it can draw a bar
    said = nnzoo_train("model=perceptron", "figures=none")
    assert said.code == 0
    assert "\x1b[" in said.out
    assert "/50" in said.out  # the bar: epochs done of all
    assert "threshold" in said.out


def test_windows_without_a_screen(nnzoo_train, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "agg")
    said = nnzoo_train("model=perceptron", "figures.show=true", "hydra.run.dir=run")
    assert (said.code, said.err) == (0, "")
    assert "there is no screen to show the figures on" in said.out
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


def test_perceptron_tutorial(composed):
    cfg = composed("experiment=perceptron_tutorial", "figures=none")
    result = train(cfg, quiet=True)
    assert [float(row["loss"]) for row in rows(cfg.run.folder)] == [1.5, 0.5, 0.5, 0.5, 0.0]
    assert result["weights"]["after"]["w"] == [pytest.approx([0.005, 0.013])]
    assert result["weights"]["after"]["b"] == pytest.approx([-0.01])
    assert result["metrics"] == {"loss": 0, "accuracy": 1}


def test_sigmoid_tutorial(composed):
    result = train(composed("experiment=sigmoid_tutorial", "figures=none"), quiet=True)
    before = [row["before"][0] for row in result["outputs"]]
    after = [row["after"][0] for row in result["outputs"]]
    assert before == pytest.approx([0.7985731, 0.87101915], abs=1e-7)
    assert after[0] > 0.9
    assert after[1] < 0.1


def test_autoencoder_tutorial(composed):
    for seed in range(5):
        cfg = composed("experiment=autoencoder_tutorial", f"seed={seed}", "figures=none")
        result = train(cfg, quiet=True)
        assert result["parameters"] == 1234
        assert rows(cfg.run.folder)[-1]["step"] == "1600"
        assert result["metrics"]["mse"] < 2.5e-4


@pytest.mark.slow
def test_competitive_tutorial(composed):  # its 1000 epochs are checked with the page in docs
    options = ("experiment=competitive_tutorial", "figures=none")
    runs = (train(composed(*options, f"seed={s}"), quiet=True) for s in range(10))
    distances = [run["metrics"]["centroid_distance"] for run in runs]
    assert 0.35 < sum(distances) / 10 < 0.55


@pytest.mark.parametrize("model", nnzoo.list_models())
def test_same_seed_same_bits(model, composed):
    def run(seed):
        cfg = composed(
            f"model={model}", f"seed={seed}", "data=moons", "trainer.max_epochs=3", "figures=none"
        )
        train(cfg, quiet=True)
        checkpoint = Path(cfg.run.folder) / "checkpoints" / "last.ckpt"
        state = torch.load(checkpoint, weights_only=True)["state_dict"]
        return state, (Path(cfg.run.folder) / "metrics.csv").read_bytes()

    (first, metrics), (again, metrics_again), (other, _) = run(1), run(1), run(2)
    assert metrics == metrics_again
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_row_for_each_pass(composed):
    options = ("model=sigmoid_classifier", "data=xor", "figures=none", "trainer.max_epochs=2")
    cfg = composed(*options, "data.repeat=150")
    result = train(cfg, quiet=True)
    assert (result["epochs"], result["passes"]) == (2, 300)
    written = rows(cfg.run.folder)
    assert [int(row["pass"]) for row in written] == list(range(300))
    assert [int(row["epoch"]) for row in written] == [0] * 150 + [1] * 150
    assert [int(row["step"]) for row in written] == list(range(1, 301))
    assert [i for i, row in enumerate(written) if row["accuracy"]] == [149, 299]
    # 150 passes of one epoch are 150 epochs of one pass.
    once = composed(*options, "data.repeat=1", "trainer.max_epochs=300")
    train(once, quiet=True)
    assert [row["loss"] for row in rows(once.run.folder)] == [row["loss"] for row in written]


def test_divergence_leaves_the_last_good_checkpoint(nnzoo_train, tmp_path):
    options = ("model=autoencoder", "data.scale=none", "model.output_activation=identity")
    # A rate that climbs from 1e-2 by a factor of 1e4 each epoch: the first goes well.
    rate = ("model.optimizer={name:sgd,lr:.001}", "model.scheduler={name:exponential,gamma:10000}")
    said = nnzoo_train(*options, *rate, "hydra.run.dir=run")
    assert said.code == 1
    assert said.err.startswith("error: the loss became ")
    assert "in epoch 1, step" in said.err
    assert said.err.count("\n") == 1
    model = nnzoo.load_model(tmp_path / "run")
    x = nnzoo.create_data("blobs").points.x
    assert model.predict(x).isfinite().all()
    first, broken_off = rows("run")
    assert (first["epoch"], broken_off["epoch"], broken_off["mse"]) == ("0", "1", "")
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["status"] == "failed"
    assert said.err == f"error: {result['error']}\n"
    assert float((model.predict(x) - x).square().mean()) == pytest.approx(float(first["mse"]))


def test_divergence_at_once_leaves_the_start(composed):
    cfg = composed("model=autoencoder", "model.optimizer.lr=1e30", "figures=none")
    with pytest.raises(RunError, match="in epoch 0, step 1: the training diverged"):
        train(cfg, quiet=True)
    assert all(p.isfinite().all() for p in nnzoo.load_model(cfg.run.folder).parameters())


def test_loaded_model_gives_the_run_s_numbers(composed):
    cfg = composed("model=autoencoder", "data=iris", "trainer.max_epochs=5", "figures=none")
    result = train(cfg, quiet=True)
    folder = Path(cfg.run.folder)
    data = nnzoo.create_data("iris", scale="minmax")
    last = nnzoo.load_model(folder / "checkpoints" / "last.ckpt")
    assert last.score(data)["mse"] == pytest.approx(result["metrics"]["mse"], rel=1e-6)
    raw = data.raw[0].x
    scaled = last(data.train.x)
    torch.testing.assert_close(last.predict(raw), data.scaling.inverse(scaled).detach())


def test_best_is_the_lowest_validation_loss(composed):
    # A rate that rises: the best epoch is not the last.
    cfg = composed(
        *("model=sigmoid_classifier", "data=iris", "trainer.max_epochs=12", "figures=none"),
        "model.scheduler={name:exponential,gamma:2.0}",
    )
    train(cfg, quiet=True)
    losses = [float(row["val_loss"]) for row in rows(cfg.run.folder)]
    lowest = min(range(len(losses)), key=losses.__getitem__)
    assert lowest < len(losses) - 1
    best = Path(cfg.run.folder) / "checkpoints" / "best.ckpt"
    assert torch.load(best, weights_only=True)["epoch"] == lowest
    model = nnzoo.load_model(cfg.run.folder)
    data = nnzoo.create_data("iris", scale="standard")
    assert scores(model, data)["val_loss"] == pytest.approx(losses[lowest])


def test_resumed_is_as_if_never_stopped(composed):
    options = ("model=autoencoder", "figures=none")
    half = composed(*options, "trainer.max_epochs=2")
    train(half, quiet=True)
    rest = composed(*options, "trainer.max_epochs=4", f"resume={half.run.folder}")
    train(rest, quiet=True)
    whole = composed(*options, "trainer.max_epochs=4")
    train(whole, quiet=True)
    assert rows(half.run.folder) + rows(rest.run.folder) == rows(whole.run.folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "has 2 epochs behind it; trainer.max_epochs, which counts them too, is 2: raise it"),
        (("model.latent=3",), "is of another model or other sizes"),
        (("model=perceptron",), "is of another model or other sizes"),
        (("model.activation=tanh",), "was trained with model.activation=relu, not tanh"),
        (("model.optimizer.lr=1",), "was trained with model.optimizer="),
        (("data.scale=none",), "was trained on data of another scale"),
    ],
)
def test_what_cannot_be_resumed(options, message, composed, tmp_path):
    first = composed("model=autoencoder", "trainer.max_epochs=2", "figures=none")
    train(first, quiet=True)
    again = composed(
        *("model=autoencoder", "trainer.max_epochs=2", f"resume={first.run.folder}", *options)
    )
    with pytest.raises(InputError, match=message):
        train(again, quiet=True)
    assert not Path(again.run.folder).exists()


@pytest.mark.parametrize("option", ["max_steps=0", "limit_train_batches=0"])
def test_nothing_to_train(option, composed):
    cfg = composed("model=autoencoder", "figures=none", f"+trainer.{option}")
    with pytest.raises(InputError, match="nothing was trained"):
        train(cfg, quiet=True)


@pytest.mark.slow
def test_two_processes(tmp_path):
    command = [sys.executable, "-m", "nnzoo.training", "model=autoencoder", "hydra.run.dir=run"]
    options = ["trainer.max_epochs=3", "trainer.devices=2", "trainer.accelerator=cpu"]
    run = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert [row["step"] for row in rows(tmp_path / "run")] == ["16", "32", "48"]
    assert run.stdout.count("after 3 epochs") == 1


def test_early_stopping(composed):
    cfg = composed(
        *("model=sigmoid_classifier", "data=iris", "figures=none", "callbacks=early_stopping"),
        *("callbacks.early_stopping.patience=2", "callbacks.early_stopping.min_delta=10"),
    )
    assert train(cfg, quiet=True)["epochs"] == 3


def test_tensorboard(composed):
    pytest.importorskip("tensorboard")
    cfg = composed("model=perceptron", "logger=tensorboard", "figures=none")
    train(cfg, quiet=True)
    assert list(Path(cfg.run.folder).glob("tensorboard/events*"))


def test_lightning_s_own_options(composed):
    cfg = composed(
        *("model=autoencoder", "figures=none", "trainer.max_epochs=2"),
        *("+trainer.gradient_clip_val=.5", "+trainer.precision=64-true", "+trainer.max_steps=40"),
    )
    result = train(cfg, quiet=True)
    assert [row["step"] for row in rows(cfg.run.folder)] == ["32", "40"]
    assert math.isfinite(result["metrics"]["loss"])


def test_data_on_the_command_line_wins(composed):
    for order in (("model=autoencoder", "data=moons"), ("data=moons", "model=autoencoder")):
        assert composed(*order).data._target_ == "nnzoo.data.Moons"
    overridden = composed("data=moons", "experiment=autoencoder_tutorial")
    assert overridden.data._target_ == "nnzoo.data.Moons"
    assert composed("model=autoencoder", "debug=default").trainer.max_epochs == 1
    assert composed("model=autoencoder", "seed=7").data.seed == 42
    assert composed("model=competitive", "seed=7").data.seed == 7


@pytest.mark.parametrize("sweep", [False, True])
def test_interrupt(sweep, nnzoo_train, tmp_path, monkeypatch):
    learn = nnzoo.models.Autoencoder.learn

    def interrupted(model, batch):
        if model.trainer.current_epoch == 2:
            raise KeyboardInterrupt
        return learn(model, batch)

    monkeypatch.setattr(nnzoo.models.Autoencoder, "learn", interrupted)
    options = ("model=autoencoder", "figures=none", "callbacks.recorder.every_seconds=0")
    if sweep:
        said = nnzoo_train("-m", *options, "seed=1,2", "hydra.sweep.dir=run")
        assert "1 jobs, 1 failed" in said.out
        run = tmp_path / "run" / "0"
    else:
        said = nnzoo_train(*options, "hydra.run.dir=run")
        run = tmp_path / "run"
    assert said.code == 1
    assert said.err == (
        f"error: interrupted in epoch 2; the last good weights are in {run / 'checkpoints'}\n"
    )
    assert [row["epoch"] for row in rows(run)] == ["0", "1"]
    assert nnzoo.load_model(run)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # What was written in time can be resumed.
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    options = ("trainer.max_epochs=4", f"resume={run}", "hydra.run.dir=rest")
    assert nnzoo_train("model=autoencoder", "figures=none", *options).code == 0
    assert [row["epoch"] for row in rows("rest")] == ["2", "3"]
