"""``--config-dir`` adds a user's models, data and experiments to the catalogue."""

import gc
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from run_folder import result_of

import nnzoo

MODEL = """\
# @package _global_
defaults:
  - override /data: iris
model:
  _target_: my_models.Mine
  hidden: [2]
trainer:
  max_epochs: 2
"""
CODE = """\
from nnzoo.models import Autoencoder

class Mine(Autoencoder):
    monitor = "mse"
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The name of a folder of configs, which needs quotes; the model's module is beside it."""
    (tmp_path / "my 'own' conf" / "model").mkdir(parents=True)
    (tmp_path / "my 'own' conf" / "model" / "mine.yaml").write_text(MODEL)
    (tmp_path / "my_models.py").write_text(CODE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield "my 'own' conf"
    sys.modules.pop("my_models", None)


@pytest.mark.parametrize("flag", ["--config-dir", "-cd", "--config-dir=", "-cd="])
def test_a_run_of_a_users_model(flag, own, nnzoo_train):
    flags = [f"{flag}{own}"] if flag.endswith("=") else [flag, own]
    printed = nnzoo_train(*flags, "model=mine", "model.latent=3", "figures=none", "hydra.run.dir=r")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.endswith(f"nnzoo predict --config-dir {shlex.quote(own)} run=r\n")
    result = result_of("r")
    assert (result["model"], result["data"], result["epochs"]) == ("mine", "iris", 2)
    assert nnzoo.load_model("r").hparams["latent"] == 3
    assert result["monitor"]["metric"] == "val_mse"


def test_a_sweep_of_a_users_model(own, nnzoo_train):
    typed = ("-m", "model=mine", "model.latent=2,3", "hydra.sweep.dir=s")
    printed = nnzoo_train(*typed, "--config-dir", own)
    assert (printed.code, printed.err) == (0, "")
    assert [nnzoo.load_model(f"s/{job}").hparams["latent"] for job in (0, 1)] == [2, 3]


def test_commands_for_a_trained_model(own, nnzoo_train, nnzoo_predict, nnzoo_evaluate):
    nnzoo_train("--config-dir", own, "model=mine", "figures=none", "hydra.run.dir=r")
    sys.modules.pop("my_models", None)
    gc.collect()  # the class of the training is gone, as in another process
    point = "input=[5,3,1,0.2]"
    printed = nnzoo_predict("run=r", point)
    assert printed.code == 1
    assert "holds a model of the class Mine, which is not in the catalogue" in printed.err
    assert "--config-dir DIR" in printed.err
    assert nnzoo_predict("run=r", point, "--config-dir", own).code == 0
    printed = nnzoo_evaluate(f"--config-dir={own}", "run=r", "figures=none")
    assert (printed.code, printed.err) == (0, "")
    assert "mine (" in printed.out


def test_a_class_that_only_a_checkpoint_names_is_not_imported(
    own, nnzoo_train, nnzoo_predict, tmp_path
):
    nnzoo_train("--config-dir", own, "model=mine", "figures=none", "hydra.run.dir=r")
    for file in (tmp_path / own / "model").iterdir():
        file.write_text("# @package _global_\nmodel: {_target_: elsewhere.Other}\n")
    sys.modules.pop("my_models", None)
    gc.collect()
    printed = nnzoo_predict("run=r", "input=[5,3,1,0.2]", "--config-dir", own)
    assert (printed.code, "my_models" in sys.modules) == (1, False)


def test_help_on_a_users_model(own, nnzoo_train):
    printed = nnzoo_train("--config-dir", own, "model=mine", "--help")
    assert (printed.code, printed.err) == (0, "")
    assert "usage: nnzoo train model=mine" in printed.out
    assert "model.hidden" in printed.out
    assert nnzoo_train("model=mine", "--help").code == 1


def test_the_config_of_a_users_model_is_printed(own, nnzoo_train, tmp_path):
    before = list(tmp_path.iterdir())
    printed = nnzoo_train("--config-dir", own, "model=mine", "--cfg", "job")
    assert (printed.code, printed.err) == (0, "")
    assert "_target_: my_models.Mine" in printed.out
    assert list(tmp_path.iterdir()) == before


def test_a_missing_folder_is_an_error(nnzoo_train, tmp_path):
    printed = nnzoo_train("--config-dir", "nowhere", "model=mlp")
    assert printed == (1, "", f"error: --config-dir: there is no folder {tmp_path}/nowhere\n")


def test_flags_of_hydra_that_train(nnzoo_train):
    printed = nnzoo_train("model=perceptron", "--run", "figures=none", "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert result_of("run")["status"] == "completed"
    printed = nnzoo_train("model=perceptron", "--run", "model.lr=-1", "hydra.run.dir=other")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == "error: model.lr must be a number > 0, got -1\n"
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("flags", "text"),
    [("model=mlp --info searchpath", "pkg://hydra.conf"), ("--hydra-help", "See https://hydra.cc")],
)
def test_flags_of_hydra_that_print(flags, text, tmp_path):
    typed = [sys.executable, "-m", "nnzoo", "train", *flags.split()]
    run = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0
    assert text in run.stdout
    assert not list(tmp_path.iterdir())
