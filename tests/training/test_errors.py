"""Whatever is mistyped gets one clear line and exit code 1, and leaves nothing behind."""

import pytest
import torch
from lightning.pytorch import loggers

import nnzoo

CASES = {
    "": "choose a model: model=" + "|".join(nnzoo.list_models()),
    "model=autoencodr": "unknown model 'autoencodr'; did you mean 'autoencoder'?",
    "model=autoencoder data=blob": "unknown data 'blob'; did you mean 'blobs'?",
    "model=autoencoder model.latnt=3": "unknown key of model 'latnt'; did you mean 'latent'?",
    "model=autoencoder data.batchsize=3": "did you mean 'batch_size'?",
    "model=autoencoder trainer.max_epoch=3": "did you mean 'max_epochs'",
    "model=autoencoder sed=3": "unknown key 'sed'; did you mean 'seed'?",
    "-m model=autoencoder hydra/launcher=fused hydra.launcher.member=3": "unknown key "
    "'hydra.launcher.member'; did you mean 'hydra.launcher.members'?",
    "modle=autoencoder": "unknown key 'modle'; did you mean 'model'?",
    "model=autoencoder figures.shw=true": "did you mean 'figures.show'",
    "model=autoencoder figures.rotat=true": "did you mean 'figures.rotate'",
    "model=autoencoder figures.rotate=3": "figures.rotate must be true or false, got 3",
    "model=autoencoder model.optimizer.learning_rate=1": "unknown key of model.optimizer",
    "model=autoencoder model.optimizer.name=adm": "did you mean 'adam' or 'adamw'?",
    "model=autoencoder model.optimizer=adam": "model.optimizer must be a mapping with a name",
    "autoencoder": "cannot read 'autoencoder'; write KEY=VALUE",
    "model=autoencoder --epochs 3": "unknown flag '--epochs'",
    "model=autoencoder callbacks.early_stopping.patience=3": "choose an entry, callbacks=NAME",
    "model=autoencoder ~callbacks.recorder": "callbacks.recorder writes the run's files",
    "model=perceptron data=gaussian_clusters": "Perceptron learns from labels and the data have",
    "model=perceptron data=iris model.units=1": "two classes apart but the data have 3",
    "model=sigmoid_classifier data=iris model.units=2": "model.units is 2 but the data have 3",
    "model=autoencoder data=iris model.in_features=3": "in_features is 3 but the data have 4",
    "model=autoencoder model.latent=0": "latent must be a whole number of at least 1, got 0",
    "model=autoencoder model.latent=2.5": "latent must be a whole number of at least 1, got 2.5",
    "model=autoencoder model.hidden=[8,-1]": "each of hidden must be a whole number",
    "model=autoencoder model.hidden=8": "hidden must be a list of whole numbers such as [8]",
    "model=sigmoid_classifier model.units=0": "units must be a whole number",
    "model=sigmoid_classifier model.hidden=[0]": "each of hidden must be a whole number",
    "model=competitive model.units=0": "units must be a whole number",
    "model=competitive model.units=501": "model.units is 501 but there are only 500",
    "model=competitive model.rule=foo": "known: conscience, cwta, wta",
    "model=competitive model.start=kmeans": "did you mean 'kmeans++'?",
    "model=competitive model.lr=0": "model.lr must be a number > 0",
    "model=autoencoder +foo=3": "unknown key 'foo'",
    "model=autoencoder model.optimizer.foreach=true": "model.optimizer: ",
    "model=mlp callbacks=early_stopping callbacks.early_stopping.patience=a": "patience must",
    "model=mlp model.activation=3": "activation must be a name or a list of names, got 3",
    "model=mlp data=moons model.output_activation=softmax": "softmax outputs need a unit for each",
    "model=mlp data=xor data.target_scale=minmax": "data.target_scale is for numbers to learn",
    "model=gan model.latent=0": "model.latent must be a whole number of at least 1, got 0",
    "model=gan model.average=1": "the decay of the average must be less than 1, got 1",
    "model=gan data=samples": "data.run is null: name the run of a model that can sample",
    "model=gan trainer.accelerator=cpu trainer.devices=2": "set trainer.devices=1",
    "model=perceptron model.lr=-1": "model.lr must be a number > 0, got -1",
    "model=autoencoder model.optimizer.lr=0": "model.optimizer.lr must be a number > 0, got 0",
    "model=autoencoder model.optimizer.lr=-.1": "model.optimizer.lr must be a number > 0, got -0.1",
    "model=autoencoder model.optimizer.lr=fast": "must be a number > 0, got 'fast'",
    "model=autoencoder model.activation=rleu": "did you mean 'relu'",
    "model=autoencoder data.batch_size=0": "data.batch_size must be a whole number",
    "model=autoencoder data.batch_size=-1": "data.batch_size must be a whole number",
    "model=autoencoder data.repeat=0": "data.repeat must be a whole number",
    "model=autoencoder data.scale=max": "known: frobenius, minmax, none, standard",
    "model=autoencoder data.val_fraction=1": "data.val_fraction must be less than 1",
    "model=perceptron data.val_fraction=.01": "of 4 points leaves a part empty",
    "model=perceptron data.y=[1,2]": "data.y must be 4 class indices",
    "model=autoencoder trainer.max_epochs=0": "trainer.max_epochs must be a whole number of at",
    "model=autoencoder trainer.max_epochs=-1": "trainer.max_epochs must be a whole number of at",
    "model=autoencoder trainer.max_epochs=null": "trainer.max_epochs must be a whole number",
    "model=autoencoder trainer.accelerator=gpuu": "invalid accelerator",
    "model=autoencoder seed=-1": "seed must be a whole number of 0 to 4294967295, got -1",
    "model=autoencoder threads=0": "threads must be a whole number of at least 1, got 0",
    "model=autoencoder debug=true": "unknown debug 'true'; known: default",
    "model=null": "unknown model 'null'",
    "model=autoencoder,perceptron": "several values for one key: -m sweeps over them",
    "model=autoencoder model.optimizer.lr=0,01": "decimals take a point",
    "model=autoencoder figures.show=maybe": "figures.show must be true or false, got 'maybe'",
    "model=autoencoder hydra.run.dir=": "hydra.run.dir= names no folder",
    "model=autoencoder model.hidden=[8": "cannot read 'model.hidden=[8'",
    "model=autoencoder model._target_=os.system": "model._target_ 'os.system' is no class",
    "model=autoencoder trainer.callbacks=[]": "unknown key of trainer 'callbacks'",
    "model=perceptron trainer.accelerator=cpu trainer.devices=2": "set trainer.devices=1",
    "-m model=autoencoder,perceptrn": "unknown model 'perceptrn'; did you mean 'perceptron'?",
    "model=autoencoder resume=true": "there is no checkpoint True",
    "model=autoencoder resume=nowhere": "there is no checkpoint nowhere",
    "model=autoencoder resume=text.ckpt": "text.ckpt is not a checkpoint of an nnzoo model",
    "model=autoencoder resume=empty": "there is no checkpoint empty/checkpoints/last.ckpt",
    "model=autoencoder hydra.run.dir=text.ckpt/run": "cannot use",
    "model=autoencoder hydra.run.dir=used": "used holds a run already",
}


@pytest.fixture
def bystanders(tmp_path):
    """What stands in the folder before: it must stand there after."""
    (tmp_path / "text.ckpt").write_text("no checkpoint")
    (tmp_path / "empty").mkdir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "config.yaml").write_text("seed: 0")
    return {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}


@pytest.mark.parametrize("command", CASES)
def test_one_line(command, nnzoo_train, bystanders, tmp_path):
    said = nnzoo_train(*command.split())
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert CASES[command] in said.err
    after = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*.*")}
    assert after == {path: text for path, text in bystanders.items() if path in after}
    assert {path.name for path in tmp_path.iterdir()} == {"text.ckpt", "empty", "used"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu(nnzoo_train):
    said = nnzoo_train("model=autoencoder", "trainer=gpu")
    assert said.code == 1
    assert said.err == (
        "error: trainer.accelerator is gpu but no GPU was found; use trainer=cpu or trainer=auto\n"
    )


def test_missing_extra(nnzoo_train, monkeypatch):
    class Absent:
        def __init__(self, save_dir, name, version):
            raise ModuleNotFoundError("No module named 'tensorboard'")

    monkeypatch.setattr(loggers, "TensorBoardLogger", Absent)
    said = nnzoo_train("model=perceptron", "logger=tensorboard")
    assert said.code == 1
    assert "pip install 'nnzoo[tensorboard]'" in said.err


def test_traceback_on_demand(nnzoo_train, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    said = nnzoo_train("model=autoencoder", "model.latent=0")
    assert said.code == 1
    assert "Traceback" in said.err
    assert "latent must be a whole number" in said.err
