"""Training from Python: arguments, results, and the state of the program around it."""

import gc
import logging
import os
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import MODELS, TINY

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


@pytest.mark.parametrize("name", MODELS)
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


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("mpl",), {}, "unknown model 'mpl'; did you mean 'mlp'"),
        (("mlp", "irs"), {}, "unknown data 'irs'; did you mean 'iris'"),
        (("autoencoder",), {"units": 3}, "unknown option of autoencoder 'units'"),
        (("perceptron",), {"hidden": [3]}, "unknown option of perceptron 'hidden'"),
        (("mlp", X, LABELS), {"latent": 3}, "unknown option of mlp 'latent'"),
        (("mlp", "iris", LABELS), {}, "y is for points and tables"),
        (("mlp", X, LABELS[:9]), {}, "y must be a column of the data or 60 values"),
        (("mlp", X), {}, "learns from labels, but the data have none"),
        (("mlp", "/nope.csv"), {}, "there is no file /nope"),
        (("mlp", "~/nope.csv", "y"), {}, "there is no file /"),
        (("mlp", "iris"), {"options": [1]}, "options must be a mapping"),
        (("mlp", "iris"), {"options": {1: 2}}, "options must be a mapping"),
        (("mlp", "iris"), {"folder": 5}, "folder must be a path, got 5"),
        (("mlp", "iris"), {"threads": 10**6}, "threads must be a whole number from 1 to"),
        (("mlp", "iris"), {"epochs": -1}, "trainer.max_epochs must be a whole number"),
    ],
)
def test_errors(arguments, options, message):
    with pytest.raises(InputError, match=message):
        nnzoo.train(*arguments, **options)


def test_predicted_classes_have_the_type_of_the_targets():
    for y, kind in ((LABELS, str), (X[:, 0] > 0, bool), (np.int64(X[:, 0] > 0) + 3, int)):
        run = short("mlp", X, y, epochs=60, lr=0.05, val_fraction=0)
        found = run.predict(X)
        assert (found == y).mean() > 0.9
        assert all(isinstance(value, kind) for value in found.tolist())
        proba = run.predict_proba(X)
        np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(np.unique(y)[proba.argmax(1)], found)


def test_frames():
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=range(100, 160))
    frame["kind"] = LABELS
    run = short("mlp", frame, "kind")
    head = frame.head(4)
    predicted = run.predict(head)
    assert (list(predicted.columns), list(predicted.index)) == (["kind"], [100, 101, 102, 103])
    pd.testing.assert_frame_equal(run.predict(head[["c", "kind", "a", "b"]]), predicted)
    assert list(run.predict_proba(head).columns) == ["down", "up"]
    np.testing.assert_array_equal(run.predict(head[["a", "b", "c"]].to_numpy()), predicted["kind"])
    assert torch.equal(run.model.predict(head), run.model.predict(torch.tensor(X[:4])))
    with pytest.raises(InputError, match="does not have the feature c"):
        run.predict(head[["a", "b"]])
    with pytest.raises(InputError, match="unknown feature 'd'"):
        run.predict(head.assign(d=1.0))
    code = short("autoencoder", frame[["a", "b", "c"]]).encode(head[["c", "b", "a"]])
    assert list(code.columns) == ["latent 0", "latent 1"]


def test_integer_names_of_columns_are_names():
    frame = pd.DataFrame(X)
    run = short("mlp", frame, X @ [1.0, 2.0, 3.0])
    expected = run.predict(frame)
    for order in ([2, 1, 0], [1, 0, 2]):
        pd.testing.assert_frame_equal(run.predict(frame[order]), expected)
    with pytest.raises(InputError, match="does not have the feature 0"):
        run.predict(pd.DataFrame(np.c_[X, X])[[1, 2]])


def test_arrays_of_any_strides_and_what_is_not_numbers():
    run = short("mlp", X, X.sum(1))
    np.testing.assert_array_equal(run.predict(X[::-1]), run.predict(X)[::-1])
    for wrong in (None, [["a", "b", "c"]], X + 1j, np.ma.masked_array(X, X > 0)):
        with pytest.raises(InputError, match="must be numbers"):
            run.predict(wrong)
    with pytest.raises(InputError, match="masked values"):
        short("mlp", np.ma.masked_array(X, X > 0), X.sum(1))


def test_frames_that_lack_something():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    run = short("mlp", frame, pd.DataFrame({"p": X[:, 0], "q": X[:, 1]}))
    assert list(run.predict(frame).columns) == ["p", "q"]
    for wrong, message in (
        (frame.head(0), "has no rows"),
        (frame.head(1).assign(a=np.nan), "row 1: a has no value"),
        (pd.DataFrame(X, columns=["a", "a", "b"]), "more than one column a"),
    ):
        with pytest.raises(InputError, match=message):
            run.predict(wrong)


def test_columns_that_were_not_used_are_ignored():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(day="2026-01-01", kind=LABELS)
    run = short("mlp", frame, "kind", drop=["day", "c"])
    assert run.model.feature_names == ["a", "b"]
    pd.testing.assert_frame_equal(run.predict(frame), run.predict(frame[["b", "a"]]))


def test_polars_frames():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": LABELS})
    found = short("mlp", frame, "kind").predict(frame)
    assert isinstance(found, polars.DataFrame)
    assert found.columns == ["kind"]


def test_text_columns_are_encoded_as_in_training():
    frame = pd.DataFrame({"size": X[:, 0], "kind": LABELS, "y": X[:, 1]})
    run = short("mlp", frame, ["y"])
    assert run.model.feature_names == ["size", "kind=down", "kind=up"]
    assert run.predict(frame.head(3)).shape == (3, 1)


def test_a_table_in_a_file(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = short("mlp", str(tmp_path / "t.csv"), ["c"], folder=tmp_path / "run")
    assert nnzoo.load_run(tmp_path / "run").data.target_names == ["c"]
    assert run.folder == tmp_path / "run"


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
    folder = trained("model=perceptron")
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
