"""Checkpoints that ``load_model`` loads, and those that it refuses."""

from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from helpers import fit, same, state, tiny_data, tiny_model
from torch.utils.data import DataLoader

from nnzoo import InputError, load_model
from nnzoo.runs.checkpoint import read_checkpoint


@pytest.fixture
def run(tmp_path):
    """A run's folder with two checkpoints: best after one epoch, last after two."""
    data = tiny_data("autoencoder")
    model = tiny_model("autoencoder", data)
    for name, epochs in (("best", 1), ("last", 2)):
        fit(model, data, max_epochs=epochs).save_checkpoint(tmp_path / f"checkpoints/{name}.ckpt")
    return tmp_path


def change(file, **values):
    """Change values of nnzoo in a checkpoint."""
    checkpoint = torch.load(file, weights_only=True)
    checkpoint["nnzoo"] |= values
    torch.save(checkpoint, file)


def test_a_folders_best_checkpoint_is_loaded_otherwise_the_last(run):
    best, last = (load_model(run / f"checkpoints/{name}.ckpt") for name in ("best", "last"))
    assert not same(state(best), state(last))
    assert same(state(load_model(run)), state(best))
    (run / "checkpoints/best.ckpt").unlink()
    assert same(state(load_model(str(run))), state(last))


def test_the_checkpoint_of_a_run(trained):
    folder = trained("model=perceptron")
    model = load_model(folder)
    assert model.class_names == ["0", "1"]
    content = read_checkpoint(folder / "checkpoints/best.ckpt")
    assert content["nnzoo"]["class"] == "Perceptron"
    assert content["hyper_parameters"] == dict(model.hparams)
    assert set(content["state_dict"]) == set(model.state_dict())


def test_a_missing_checkpoint_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"there is no run or checkpoint .*nowhere\.ckpt"):
        load_model(tmp_path / "nowhere.ckpt")
    with pytest.raises(InputError, match=r"the folder .* holds no checkpoints/best\.ckpt"):
        load_model(tmp_path)


def test_the_folder_of_a_sweep_is_an_input_error_that_names_a_job(tmp_path):
    (tmp_path / "0").mkdir()
    with pytest.raises(InputError, match=r"it is a sweep, name one of its jobs: .*0$"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 nor this"])
def test_a_file_of_another_kind_is_an_input_error(tmp_path, content):
    file = tmp_path / "a.ckpt"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(file)


class Foreign(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_checkpoint_of_another_lightning_module_is_an_input_error(tmp_path):
    file = tmp_path / "a.ckpt"
    fit(Foreign(), DataLoader(torch.zeros(4, 2))).save_checkpoint(file)
    assert "state_dict" in torch.load(file, weights_only=True)
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(file)


@pytest.mark.parametrize("content", [{"state_dict": {}}, [1, 2], torch.zeros(2)])
def test_other_torch_files_are_an_input_error(tmp_path, content):
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(tmp_path / "a.ckpt")


@pytest.mark.parametrize("name", ["Popen", "Trainer", "Model"])
def test_only_model_classes_are_loaded(run, name):
    file = run / "checkpoints/last.ckpt"
    change(file, **{"class": name})
    with pytest.raises(InputError, match=f"holds a model of the class {name}, which is not"):
        load_model(file)


def test_of_two_user_classes_with_one_name_the_last_is_loaded(run):
    file = run / "checkpoints/last.ckpt"
    kind = type(load_model(file))
    change(file, **{"class": "Own", "module": __name__})
    kinds = [type("Own", (kind,), {}) for _ in range(2)]
    assert type(load_model(file)) is kinds[1]


@pytest.mark.parametrize("damage", ["state_dict", "hyper_parameters"])
def test_a_damaged_checkpoint_is_an_input_error(run, damage):
    file = run / "checkpoints/last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    checkpoint[damage].pop(next(reversed(checkpoint[damage])))
    if damage == "hyper_parameters":
        checkpoint[damage]["nothing"] = 1
    torch.save(checkpoint, file)
    with pytest.raises(InputError, match="is damaged"):
        load_model(file)


class Evil:
    """Its pickle runs a command when it is loaded without care."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_loading_a_checkpoint_runs_no_code(tmp_path):
    file, touched = tmp_path / "a.ckpt", tmp_path / "touched"
    torch.save({"nnzoo": {"class": "Autoencoder"}, "x": Evil(touched)}, file)
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(file)
    assert not touched.exists()


def test_a_checkpoint_that_cannot_be_read(trained, monkeypatch):
    def refused(*arguments, **options):
        raise PermissionError("Permission denied")

    folder = trained("model=perceptron")
    monkeypatch.setattr(torch, "load", refused)
    with pytest.raises(InputError, match=r"cannot read .*best\.ckpt: Permission denied"):
        load_model(folder)
