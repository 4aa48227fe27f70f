"""Sweeps from Python."""

import numpy as np
import pytest
import torch

import nnzoo
from nnzoo import InputError, create_data
from nnzoo.sweeps import fit_many


def test_each_combination_is_a_row_and_a_model(trained):
    grid = {"model.optimizer.lr": [0.05, 0.1], "seed": range(2), "trainer.max_epochs": 3}
    fitted = fit_many("sigmoid_classifier", "iris", grid)
    assert [row["job"] for row in fitted.table] == [0, 1, 2, 3]
    assert [row["seed"] for row in fitted.table] == [0, 1, 0, 1]
    assert [row["model.optimizer.lr"] for row in fitted.table] == [0.05, 0.05, 0.1, 0.1]
    assert {row["status"] for row in fitted.table} == {"completed"}
    folder = trained(
        *("model=sigmoid_classifier", "data=iris", "seed=1", "model.optimizer.lr=0.1"),
        "trainer.max_epochs=3",
    )
    x = create_data("iris").points.x
    torch.testing.assert_close(fitted.members[3].predict(x), nnzoo.load_model(folder).predict(x))
    assert fitted.members[3].class_names == ["setosa", "versicolor", "virginica"]


def test_short_names():
    grid = {"lr": [0.05, 0.1], "epochs": 2, "hidden": [[3]], "batch_size": 50, "random_state": 7}
    short = fit_many("mlp", "iris", grid).table
    keys = ("model.optimizer.lr", "trainer.max_epochs", "model.hidden", "data.batch_size", "seed")
    full = fit_many("mlp", "iris", dict(zip(keys, grid.values(), strict=True))).table
    assert [row["loss"] for row in short] == [row["loss"] for row in full]


class Halved(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        return super().loss(batch, noise) / 2


def test_a_users_model():
    grid = {"model._target_": f"{__name__}.Halved", "seed": range(2), "trainer.max_epochs": 2}
    fitted = fit_many("mlp", "iris", grid)
    assert [row["status"] for row in fitted.table] == ["completed"] * 2
    assert {type(member) for member in fitted.members} == {Halved}  # loaded by its name


def test_a_data_module_is_shared_and_models_have_their_best_weights():
    data = create_data("moons", n_samples=40, val_fraction=0.25)
    grid = {"seed": np.arange(3), "model.hidden": [[4]], "model.optimizer.lr": 0.5}
    fitted = fit_many("mlp", data, grid | {"trainer.max_epochs": 8}, members=2)
    assert len(fitted.members) == 3
    for member, row in zip(fitted.members, fitted.table, strict=True):
        with torch.no_grad():
            measured = {k: float(v) for k, v in member.metrics(data.val).items()}
        assert measured["loss"] == pytest.approx(row["val_loss"], rel=1e-5)
        assert measured["accuracy"] == pytest.approx(row["val_accuracy"])


def test_a_job_fails_alone():
    grid = {"seed": [0, 1], "model.optimizer.lr": [0.01, 1e33], "trainer.max_epochs": 2}
    fitted = fit_many("autoencoder", grid=grid)
    assert [row["status"] for row in fitted.table] == ["completed", "failed"] * 2
    assert "diverged; try a lower learning rate" in fitted.table[1]["error"]
    assert [member is None for member in fitted.members] == [False, True] * 2


def test_a_folder_is_used_once(tmp_path):
    fit_many("perceptron", grid={"seed": [0, 1]}, folder=tmp_path / "sweep")
    with pytest.raises(InputError, match="sweep is not empty; name another folder"):
        fit_many("perceptron", grid={"seed": [0, 1]}, folder=tmp_path / "sweep")


def test_data_from_python_are_no_entry_of_the_config(tmp_path, nnzoo_evaluate):
    data = create_data("blobs", n_samples=40)
    rates = torch.tensor([1e-3, 1e-2])
    grid = {"model.optimizer.lr": rates, "trainer.max_epochs": 1}
    fit_many("autoencoder", data, grid, folder=tmp_path / "sweep")
    printed = nnzoo_evaluate(f"run={tmp_path / 'sweep' / '1'}")
    assert printed.code == 1
    assert "data" in printed.err
    assert "Traceback" not in printed.err
    printed = nnzoo_evaluate(f"run={tmp_path / 'sweep' / '1'}", "data=blobs", "figures=none")
    assert printed.code == 0


def test_models_that_cannot_train_together(tmp_path):
    grid = {"seed": [0, 1], "trainer.max_epochs": 1, "model.optimizer.name": "lbfgs"}
    fitted = fit_many("mlp", "iris", grid, folder=tmp_path / "sweep")
    assert [row["status"] for row in fitted.table] == ["completed"] * 2
    assert (tmp_path / "sweep" / "1" / "result.json").is_file()


def test_without_a_folder_no_files_remain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit_many("perceptron", grid={"seed": [0, 1]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("perceptrn",), "unknown model 'perceptrn'; did you mean 'perceptron'?"),
        (("perceptron", "irs"), "unknown data 'irs'; did you mean 'iris'"),
        (("perceptron", None, {"modle.lr": [1]}), "unknown option of perceptron 'modle.lr'"),
        (("autoencoder", None, {"units": [1]}), "autoencoder has no option 'units'; its own are "),
        (("perceptron", None, {"seed": []}), "the grid has no value for seed"),
        (
            ("autoencoder", None, {"callbacks": "early_stopping"}),
            "callbacks is a group; name a key",
        ),
        (("autoencoder", np.zeros((3, 2))), "data must be the name of an entry or an nnzoo.data."),
        ((nnzoo.models.MLP,), "model must be the name of an entry, got a "),
    ],
)
def test_an_invalid_argument_is_an_error(arguments, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        fit_many(*arguments)
