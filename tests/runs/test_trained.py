"""Training from Python: results, and the state of the program around it."""

import gc
import logging
import os
import random
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import MODELS, TINY, mostly_slow
from hydra import compose, initialize_config_dir

import nnzoo
from nnzoo import InputError
from nnzoo.errors import RunError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
LABELS = np.where(X[:, 0] > 0, "up", "down")


def short(name, data=None, y=None, **options):
    return nnzoo.train(name, data, y, **(TINY[name] | {"epochs": 2} | options))


def test_a_run_equals_that_of_the_command(trained):
    folder = trained("model=mlp", "data=iris", "trainer.max_epochs=3", "+model.hidden=[4]")
    command, run = nnzoo.load_run(folder), short("mlp", "iris", epochs=3)
    pd.testing.assert_frame_equal(command.history, run.history)
    assert command.metrics == run.metrics
    for name, value in command.model.state_dict().items():
        assert torch.equal(value, run.model.state_dict()[name])


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=3))
def test_every_model(name, tmp_path):
    run = short(name, seed=3)
    assert run.result["model"] == name
    assert run.history["epoch"].iloc[-1] == run.result["last"]["epoch"]
    x = run.data.points.x[:4]
    predicted = run.predict(x.numpy())
    assert len(predicted) == 4
    saved = nnzoo.load_run(run.save(tmp_path / "kept"))
    np.testing.assert_array_equal(saved.predict(x.numpy()), predicted)
    assert str(tmp_path / "kept") == saved.result["paths"]["folder"]
    assert saved.data.points.x.shape == run.data.points.x.shape
    figure = saved.plot()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_options_have_short_names():
    run = short("autoencoder", X, lr=0.01, batch_size=10, latent=1, seed=4, scale="minmax")
    config = run.config
    assert config["model"]["optimizer"]["lr"] == 0.01
    assert (config["model"]["latent"], config["seed"]) == (1, 4)
    assert (run.data.batch_size, run.data.scale) == (10, "minmax")
    same = nnzoo.train(
        "autoencoder",
        X,
        options={
            **{f"model.{key}": value for key, value in TINY["autoencoder"].items()},
            **{"model.optimizer": {"lr": 0.01}, "data.batch_size": 10, "model.latent": 1},
            **{"trainer.max_epochs": 2, "seed": 4, "data.scale": "minmax"},
        },
    )
    assert same.metrics == run.metrics


def test_training_within_a_hydra_application(tmp_path):
    (tmp_path / "own.yaml").write_text("a: 1\n")
    with initialize_config_dir(str(tmp_path), version_base=None):
        assert nnzoo.train("perceptron", "xor", epochs=3).result["data"] == "xor"
        assert compose("own") == {"a": 1}


def test_methods_of_runs():
    autoencoder = short("autoencoder", X)
    expected = -autoencoder.model.reconstruction_error(X).numpy()
    np.testing.assert_array_equal(autoencoder.score_samples(X), expected)
    competitive = short("competitive", X, epochs=5)
    winners = competitive.predict(X)
    np.testing.assert_array_equal(winners, competitive.model.predict(X).argmax(1))
    assert (competitive.score_samples(X) < 0).all()
    vae = short("vae", X)
    assert vae.sample(7, seed=1).shape == (7, 3)
    np.testing.assert_array_equal(vae.sample(7, seed=1), vae.sample(7, seed=1))
    for run, name in (
        (competitive, "encode"),
        (competitive, "predict_proba"),
        (short("mlp", X, LABELS), "encode"),
    ):
        with pytest.raises(InputError):
            getattr(run, name)(X)


def test_plots():
    from matplotlib import pyplot as plt

    run = short("mlp", X[:, :2], LABELS)
    with pytest.raises(InputError, match="unknown kind of figure 'bounds'"):
        run.plot("bounds")
    figure, (left, right) = plt.subplots(1, 2)
    assert run.plot("boundary", ax=left) is figure
    assert (len(figure.axes), right in figure.axes) == (2, True)
    assert left not in figure.axes
    plt.close(figure)
    with pytest.raises(InputError, match="no figure of the kind boundary"):
        short("mlp", X, LABELS).plot("boundary")
    for ax in (3, "x", [left]):
        with pytest.raises(InputError, match="ax must be Axes or a SubFigure of matplotlib, got"):
            run.plot(ax=ax)


def test_plots_of_other_points_use_the_scaling_and_the_order_of_the_model(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "nnzoo.models.pictures.plot.plot", lambda drawing, *_: drawn.append(drawing)
    )
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=LABELS, day="x")
    others = frame.iloc[5:25][["day", "kind", "c", "a", "b"]]
    x, y = X[5:25], LABELS[5:25]
    for name in ("neural_gas", "mlp"):
        drawn.clear()
        run = short(name, frame, "kind", drop=["day"], val_fraction=0)
        for data in (
            others,
            (x, y),
            nnzoo.create_data(x, y, scale="none", val_fraction=0),
            others.drop(columns="day"),
        ):
            run.plot(data=data)
            run.model.plot(data=data)
        for drawing in drawn:
            np.testing.assert_array_equal(drawing.data.raw[0].x, x)
            torch.testing.assert_close(drawing.data.train.x, run.model.scaling(torch.tensor(x)))
            names = np.array(drawing.data.class_names)
            assert names[drawing.data.train.y].tolist() == y.tolist()
    for data, text in (
        (x, r"learns targets, and the data have none: give data=\(x, y\)"),
        ((x[:, :2], y), r"the data have 2 features \(x1, x2\) and the model 3 \(a, b, c\)"),
        (3, "must be .points, features., got int"),
    ):
        for plot in (run.plot, run.model.plot):
            with pytest.raises(InputError, match=text):
                plot(data=data)


def test_training_leaves_the_program_unchanged(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PL_GLOBAL_SEED", "17")
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    filters, threads = list(warnings.filters), torch.get_num_threads()
    level = logging.getLogger("lightning.pytorch").level
    expected = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    run = short("mlp", "iris", seed=9)
    assert (torch.rand(1), np.random.rand(), random.random()) == expected
    assert warnings.filters == filters
    assert torch.get_num_threads() == threads
    assert os.environ["PL_GLOBAL_SEED"] == "17"
    assert logging.getLogger("lightning.pytorch").level == level
    assert list(tmp_path.iterdir()) == []
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
    folder = run.folder
    assert folder.is_dir()
    del run
    gc.collect()
    assert not folder.exists()


def test_incomplete_runs(tmp_path, trained):
    with pytest.raises(InputError, match="holds no checkpoints"):
        nnzoo.load_run(tmp_path)
    for load in (nnzoo.load_run, nnzoo.load_model):
        with pytest.raises(InputError, match="must be a path, got None"):
            load(None)
    folder = shutil.copytree(trained("model=perceptron"), tmp_path / "run")
    (folder / "result.json").unlink()
    with pytest.raises(InputError, match="is not complete; continue with resume="):
        nnzoo.load_run(folder)


def test_data_from_python_are_not_kept(tmp_path):
    short("autoencoder", X, folder=tmp_path / "run")
    run = nnzoo.load_run(tmp_path / "run")
    with pytest.raises(InputError, match="were given from Python"):
        run.plot()
    assert run.plot(data=nnzoo.create_data(X)) is not None


def test_folders_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    run = short("autoencoder", X, folder="~/run")
    assert run.folder == tmp_path / "run"
    (run.folder / "figures").mkdir()
    (tmp_path / "private").write_text("secret")
    (run.folder / "figures" / "a.png").symlink_to(tmp_path / "private")
    (run.folder / "checkpoints" / "b.ckpt").symlink_to(tmp_path / "private")
    copy = run.save("~/copy")
    assert copy == tmp_path / "copy"
    found = {str(file.relative_to(copy)) for file in copy.rglob("*") if file.is_file()}
    checkpoints = {"checkpoints/best.ckpt", "checkpoints/last.ckpt"}
    assert found == {"config.yaml", "metrics.csv", "result.json"} | checkpoints
    with pytest.raises(InputError, match="name another folder"):
        run.save(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("metrics.csv", text) for text in (b"", b"loss\n1\n", b"epoch,step\nx,1\n", b"\xff\x00")),
        *(("result.json", text) for text in (b"\xff", b"[" * 100_000, b"9" * 5000, b"[]", b"{}")),
    ],
)
def test_damaged_runs(name, content, tmp_path):
    folder = short("perceptron", folder=tmp_path / "run").folder
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        nnzoo.load_run(folder)


def test_an_error_names_no_folder_that_is_gone():
    with pytest.raises(RunError) as caught:
        short("mlp", X, X[:, 0] * 1e3, lr=1e30, epochs=9)
    assert "nnzoo-" not in str(caught.value)
