"""Wrong entries and classes of one's own get one line that says what to change."""

import sys

import pytest
from helpers import mostly_slow
from run_folder import contents

import nnzoo
from nnzoo import InputError
from nnzoo.entries import clash

CODE = """\
import torch
from nnzoo.models import Model

class Good(Model):
    default_optimizer = {"name": "adam", "lr": 0.01}

    def __init__(self, in_features):
        super().__init__(in_features)
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(in_features, in_features)

    def forward(self, x):
        return self.layer(x)

    def loss(self, batch, noise=None):
        return (self(batch.x) - batch.x).square().mean()

class Branch(Good):
    def loss(self, batch, noise=None):
        loss = super().loss(batch)
        return loss if loss.item() > 1 else 2 * loss

class Plain:
    def __init__(self, in_features):
        pass

class Size(Good):
    def __init__(self, size=4):
        super().__init__(size)

class NoForward(Good):
    forward = Model.forward

class NoLoss(Good):
    loss = Model.loss

class NoOptimizer(Good):
    default_optimizer = None

class Unsaved(Good):
    def save_hyperparameters(self):
        pass
"""
ENTRY = """\
# @package _global_
# A test.
defaults:
  - override /data: iris
model:
  _target_: {}
trainer:
  max_epochs: 2
"""
SHORT = ("figures=none", "hydra.run.dir=run")
WRONG = {
    "wrong_models.Goood": "'wrong_models.Goood' cannot be imported: module 'wrong_models' has no",
    "wrong_modells.Good": "'wrong_modells.Good' cannot be imported: No module named",
    "broken_models.Good": "'broken_models.Good' cannot be imported: SyntaxError: invalid syntax",
    "failing_models.Good": "'failing_models.Good' cannot be imported: RuntimeError: mine",
    "wrong_models.ENTRY": "'wrong_models.ENTRY' cannot be imported: module",
    "wrong_models.torch": "'wrong_models.torch' is not a class",
    "wrong_models.Plain": "wrong_models.Plain is not a subclass of nnzoo.models.Model",
    "wrong_models.Size": "the constructor of Size has no argument in_features",
    "wrong_models.NoForward": "NoForward has no method forward",
    "wrong_models.NoLoss": "NoLoss has neither a method loss nor steps",
    "wrong_models.NoOptimizer": "NoOptimizer has no default_optimizer, such as {'name': 'adam'",
    "wrong_models.Unsaved": "Unsaved must call save_hyperparameters() in its constructor",
}


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """The folder of ``NNZOO_CONF``, beside the module ``wrong_models``."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "wrong_models.py").write_text(CODE)
    (tmp_path / "broken_models.py").write_text("class Good(:")
    (tmp_path / "failing_models.py").write_text("raise RuntimeError('mine')")
    (tmp_path / "conf/model").mkdir(parents=True)
    monkeypatch.setenv("NNZOO_CONF", str(tmp_path / "conf"))
    yield tmp_path / "conf"
    sys.modules.pop("wrong_models", None)


def write(folder, name="mine", target="wrong_models.Good"):
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / f"{name}.yaml").write_text(ENTRY.format(target))


@pytest.mark.parametrize("target", mostly_slow(WRONG, keep=5))
def test_a_class_that_is_no_complete_model(target, conf, nnzoo_train, tmp_path):
    write(conf, target=target)
    printed = nnzoo_train("model=mine", *SHORT)
    assert (printed.code, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert WRONG[target] in printed.err
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=WRONG[target].partition("(")[0]):
        nnzoo.train("mine", epochs=1)


def test_a_model_that_only_trains_needs_no_more(conf, nnzoo_train, command):
    write(conf)
    assert nnzoo_train("model=mine", *SHORT).code == 0
    printed = command("predict", "run=run", "input=[1,2,3,4]")
    assert (printed.code, printed.err) == (0, "")


def test_a_class_that_vmap_cannot_map_trains_one_by_one_with_a_note(conf, nnzoo_train):
    write(conf, target="wrong_models.Branch")
    printed = nnzoo_train("-m", "model=mine", "seed=0,1", "figures=none", "hydra.sweep.dir=sweep")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.count("trained one by one (torch.func.vmap cannot call Branch:") == 1
    assert "2 jobs, 0 failed" in printed.out


def test_a_missing_folder(nnzoo_train, command, monkeypatch, tmp_path):
    monkeypatch.setenv("NNZOO_CONF", "nowhere")
    error = f"error: NNZOO_CONF: there is no folder {tmp_path}/nowhere\n"
    assert nnzoo_train("model=mlp") == (1, "", error)
    assert command("list", "models") == (1, "", error)
    monkeypatch.setenv("COMP_LINE", "nnzoo train model=m")
    assert command("-sc", "query=bash") == (0, "", "")
    with pytest.raises(InputError, match="NNZOO_CONF: there is no folder"):
        nnzoo.list_models()


@pytest.mark.parametrize("text", ["- a", "model: [", "defaults: 3", "\xff"])
def test_a_broken_entry(text, conf, nnzoo_train):
    (conf / "model/mine.yaml").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"mine.yaml cannot be read as an entry"):
        nnzoo.create_model("mine", "iris")
    printed = nnzoo_train("model=mine", *SHORT)
    assert (printed.code, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert "mine.yaml" in printed.err
    with pytest.raises(InputError, match=r"mine"):
        nnzoo.train("mine")


def test_an_entry_that_names_unknown_data(conf):
    text = ENTRY.format("wrong_models.Good").replace("iris", "irris")
    (conf / "model/mine.yaml").write_text(text)
    with pytest.raises(InputError, match=r"model=mine cannot be composed: .*irris"):
        nnzoo.train("mine")


def test_nnzoos_own_entry_wins_with_a_note(conf, nnzoo_train):
    write(conf, "perceptron")
    note = f"model=perceptron is nnzoo's own; rename {conf}/model/perceptron.yaml to use it"
    printed = nnzoo_train("model=perceptron", *SHORT)
    assert printed.out.startswith(f"note: {note}\nperceptron (")
    with pytest.warns(UserWarning, match="model=perceptron is nnzoo's own"):
        model = nnzoo.create_model("perceptron", "iris")
    assert type(model) is nnzoo.models.Perceptron


def test_one_name_in_two_folders(conf, nnzoo_train, monkeypatch, tmp_path):
    write(conf)
    write(tmp_path / "other")
    monkeypatch.setenv("NNZOO_CONF", f"{conf}:{tmp_path / 'other'}")
    error = f"model=mine is in {conf}/model/mine.yaml and in {tmp_path}/other/model/mine.yaml"
    for typed in (["model=mine"], ["-m", "model=mlp,mine"]):
        printed = nnzoo_train(*typed, *SHORT)
        assert (printed.code, printed.out) == (1, "")
        assert printed.err == f"error: {error}; rename one of them\n"
    with pytest.raises(InputError, match="rename one of them"):
        nnzoo.train("mine")
    assert clash("model", "mlp") is None
    assert nnzoo_train("model=perceptron", *SHORT).code == 0


@pytest.mark.parametrize("value", ["gone", "wrong_models", "a b", "gone.inner", "nnzoo"])
def test_a_broken_entry_point(value, conf, tmp_path, command, monkeypatch):
    monkeypatch.delenv("NNZOO_CONF")
    (tmp_path / "zoo-1.dist-info").mkdir()
    (tmp_path / "zoo-1.dist-info/METADATA").write_text("Name: zoo\nVersion: 1\n")
    point = f"[nnzoo.models]\nmy = {value}\n"
    (tmp_path / "zoo-1.dist-info/entry_points.txt").write_text(point)
    sys.path.insert(0, str(tmp_path))
    before = contents(tmp_path)
    printed = command("list", "models")
    if value == "nnzoo":  # in a wheel it has a folder conf
        assert printed.err.count("\n") == printed.code
        return
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == (
        f"error: the entry point my of zoo names {value!r}, which is not a package with a folder "
        "conf; its value in the group nnzoo.models must be that package\n"
    )
    assert ("wrong_models" in sys.modules, contents(tmp_path)) == (False, before)


def test_two_packages_with_a_class_of_the_same_name(conf, command, nnzoo_train):
    write(conf)
    (conf.parent / "second_models.py").write_text(CODE.replace("adam", "sgd"))
    write(conf, "second", "second_models.Good")
    for name in ("mine", "second"):
        assert nnzoo_train(f"model={name}", "figures=none", f"hydra.run.dir={name}").code == 0
        model = nnzoo.load_model(name)
        package = {"mine": "wrong_models", "second": "second_models"}[name]
        assert type(model).__module__ == package
    sys.modules.pop("second_models")
