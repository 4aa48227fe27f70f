"""The catalogue in Python, and what importing it costs."""

import subprocess
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from helpers import fit, own_data, own_model
from torch.utils.data import DataLoader

import nnzoo
from nnzoo import InputError, create_data, create_model, list_data, list_models, load_model


def test_list_models():
    assert list_models() == sorted(list_models())
    assert {"autoencoder", "competitive", "mlp", "perceptron"} <= set(list_models())
    assert list_models("sig*") == ["sigmoid_classifier", "sigmoid_neuron"]
    assert list_models("nothing") == []


def test_list_data():
    assert {"blobs", "gaussian_clusters", "iris", "tutorial_points", "xor"} <= set(list_data())
    assert list_data() == sorted(list_data())
    assert list_data("*_p*") == ["sigmoid_pairs", "tutorial_points"]


def test_every_public_name_can_be_had_and_is_listed():
    assert set(nnzoo.__all__) <= set(dir(nnzoo))
    for name in nnzoo.__all__:
        assert getattr(nnzoo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'create_modle'"):
        _ = nnzoo.create_modle


def test_create_model_starts_from_the_yaml():
    model = create_model("autoencoder", in_features=2)
    assert sum(p.numel() for p in model.parameters()) == 1234
    assert model.hparams["output_activation"] == "sigmoid"  # the class's own default is identity
    assert create_model("perceptron", in_features=3).lr == 0.01


def test_options_win_over_the_yaml_and_mappings_are_merged():
    model = create_model("autoencoder", in_features=3, latent=1, optimizer={"lr": 0.5})
    assert model.encoder[-1].out_features == 1
    assert model.optimizer_config == {"name": "adam", "lr": 0.5}


def test_create_model_as_in_the_readme():
    model = create_model("competitive", in_features=3, units=5)
    assert model.layer.weight.shape == (5, 3)


@pytest.mark.parametrize(
    ("name", "data", "sizes"),
    [
        ("autoencoder", "digits", {"in_features": 64}),
        ("competitive", "wine", {"in_features": 13, "units": 3}),
        ("competitive", "gaussian_clusters", {"in_features": 3, "units": 5}),
        ("perceptron", "xor", {"in_features": 2, "units": 1}),
        ("perceptron", "iris", {"in_features": 4, "units": 3}),
        ("sigmoid_classifier", "breast_cancer", {"in_features": 30, "units": 1}),
        ("sigmoid_classifier", "digits", {"in_features": 64, "units": 10}),
    ],
)
def test_sizes_left_null_are_taken_from_the_data(name, data, sizes):
    hparams = create_model(name, create_data(data)).hparams
    assert {key: hparams[key] for key in sizes} == sizes


def test_given_sizes_win_over_the_datas():
    assert create_model("competitive", create_data("wine"), units=7).units == 7


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("autoencodr", {}, "unknown model 'autoencodr'; did you mean 'autoencoder'"),
        ("kohonen", {}, "unknown model 'kohonen'; known: autoencoder, competitive"),
        ("autoencoder", {}, r"model\.in_features is null: give it a number, or data"),
        ("competitive", {"in_features": 3}, r"model\.units is null: give it a number, or data"),
        ("autoencoder", {"in_features": 2, "latnt": 1}, "'latnt'; did you mean 'latent'"),
        ("perceptron", {"in_features": 2, "hidden": [3]}, "unknown key of model 'hidden'"),
        ("autoencoder", {"in_features": 2.5}, r"model\.in_features must be a whole number"),
    ],
)
def test_create_model_errors(name, options, message):
    with pytest.raises(InputError, match=message):
        create_model(name, **options)


def test_a_size_that_the_data_do_not_tell_is_an_error():
    with pytest.raises(InputError, match=r"model\.units is null: give it a number$"):
        create_model("competitive", create_data("xor", y=None))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("blob", {}, "unknown data 'blob'; did you mean 'blobs'"),
        ("blobs", {"centres": 3}, "unknown key of data 'centres'; did you mean 'centers'"),
    ],
)
def test_create_data_errors(name, options, message):
    with pytest.raises(InputError, match=message):
        create_data(name, **options)


# Loading


@pytest.fixture
def run(tmp_path):
    """A run's folder with two checkpoints: best after one epoch, last after two."""
    data = own_data("autoencoder")
    model = own_model("autoencoder", data)
    for name, epochs in (("best", 1), ("last", 2)):
        fit(model, data, max_epochs=epochs).save_checkpoint(tmp_path / f"checkpoints/{name}.ckpt")
    return tmp_path


def weights(model):
    return torch.cat([p.flatten() for p in model.parameters()])


def test_a_folders_best_checkpoint_is_taken_else_the_last(run):
    best, last = (load_model(run / f"checkpoints/{name}.ckpt") for name in ("best", "last"))
    assert not torch.equal(weights(best), weights(last))
    assert torch.equal(weights(load_model(run)), weights(best))
    (run / "checkpoints/best.ckpt").unlink()
    assert torch.equal(weights(load_model(str(run))), weights(last))


def test_a_missing_checkpoint_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"there is no checkpoint .*nowhere\.ckpt"):
        load_model(tmp_path / "nowhere.ckpt")
    with pytest.raises(InputError, match=r"the folder .* holds no checkpoints/best\.ckpt"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 nor this"])
def test_a_file_that_is_no_checkpoint_is_an_input_error(tmp_path, content):
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


def test_a_foreign_lightning_checkpoint_is_an_input_error(tmp_path):
    file = tmp_path / "a.ckpt"
    fit(Foreign(), DataLoader(torch.zeros(4, 2))).save_checkpoint(file)
    assert "state_dict" in torch.load(file, weights_only=True)
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(file)


def test_other_torch_files_are_an_input_error(tmp_path):
    file = tmp_path / "a.ckpt"
    for content in ({"state_dict": {}}, [1, 2], torch.zeros(2)):
        torch.save(content, file)
        with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
            load_model(file)


@pytest.mark.parametrize("name", ["Popen", "Trainer", "Model"])
def test_only_models_are_made(run, name):
    file = run / "checkpoints/last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    checkpoint["nnzoo"]["class"] = name
    torch.save(checkpoint, file)
    with pytest.raises(InputError, match=f"holds a {name}, which is in no catalogue; import"):
        load_model(file)


def test_a_class_of_ones_own_is_the_last_of_its_name(run):
    file = run / "checkpoints/last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    kind = type(load_model(file))
    checkpoint["nnzoo"]["class"] = "Own"
    torch.save(checkpoint, file)
    kinds = [type("Own", (kind,), {}) for _ in range(2)]
    assert type(load_model(file)) is kinds[1]


class Evil:
    """Its pickle runs a command when it is loaded without care."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_a_checkpoint_that_runs_code_is_not_run(tmp_path):
    file, touched = tmp_path / "a.ckpt", tmp_path / "touched"
    torch.save({"nnzoo": {"class": "Autoencoder"}, "x": Evil(touched)}, file)
    with pytest.raises(InputError, match="is not a checkpoint of an nnzoo model"):
        load_model(file)
    assert not touched.exists()


HEAVY = ("lightning", "hydra", "omegaconf", "sklearn", "scipy", "matplotlib", "rich")


@pytest.mark.parametrize("statement", ["import nnzoo", "import nnzoo.nn", "import nnzoo.zoo"])
def test_importing_brings_nothing_heavy(statement):
    heavy = HEAVY if statement.endswith("nn") else (*HEAVY, "torch", "numpy")
    code = f"import sys; {statement}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
