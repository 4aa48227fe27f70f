"""Every mistake at ``nnzoo train`` gives one clear line and exit code 1, and leaves no files."""

import pytest
import torch
from hydra.errors import MissingConfigException
from lightning.pytorch import loggers
from run_folder import contents

import nnzoo
from nnzoo.cli.hydra_errors import explain, with_quotes

LM = "model.optimizer.name=levenberg_marquardt"
CASES = {
    "": "choose a model: model=" + "|".join(nnzoo.list_models()),
    "model=autoencodr": "unknown model 'autoencodr'; did you mean 'autoencoder'?",
    "model=autoencoder data=blob": "unknown data 'blob'; did you mean 'blobs'?",
    "model=autoencoder model.latnt=3": "unknown key 'model.latnt'; did you mean model.latent=3?",
    "model=autoencoder data.batchsize=3": "did you mean data.batch_size=3?",
    "model=autoencoder trainer.max_epoch=3": "did you mean trainer.max_epochs=3?",
    "model=mlp data.features=[a,b]": "unknown key of data 'features'; known: ",
    "model=competitive data=parabola": "model.units is null: write model.units=5",
    "model=autoencoder sed=3": "unknown key 'sed'; did you mean seed=3?",
    "-m model=autoencoder hydra/launcher=fused hydra.launcher.member=3": "unknown key "
    "of hydra.launcher 'member'; did you mean 'members'?",
    "modle=autoencoder": "unknown key 'modle'; did you mean model=autoencoder?",
    "model=autoencoder figures.shw=true": "did you mean 'show'?",
    "model=autoencoder figures.rotat=true": "did you mean 'rotate'?",
    "model=autoencoder figures.rotate=3": "figures.rotate must be true or false, got 3",
    "model=autoencoder model.optimizer.learning_rate=1": "did you mean model.optimizer.lr=1?",
    "model=autoencoder model.optimizer.name=adm": "did you mean 'adam' or 'adamw'?",
    "model=autoencoder model.optimizer=adam": "model.optimizer must be a mapping with a name",
    "autoencoder": "cannot read 'autoencoder'; write KEY=VALUE",
    "model=autoencoder --epochs 3": "unknown flag '--epochs'",
    "model=dbn callbacks=early_stopping": "patience above 20",
    "model=autoencoder callbacks.early_stopping.patience=3": "choose an entry, callbacks=NAME",
    "model=perceptron data=gaussian_clusters": "this model learns from labels, but the data",
    "model=perceptron data=iris model.units=1": "separates two classes but the data have 3",
    "model=sigmoid_classifier data=iris model.units=2": "model.units is 2 but the data have 3",
    "model=autoencoder data=iris model.in_features=3": "in_features is 3 but the data have 4",
    "model=autoencoder model.latent=0": "latent must be a whole number of at least 1, got 0",
    "model=autoencoder model.latent=2.5": "latent must be a whole number of at least 1, got 2.5",
    "model=autoencoder model.hidden=[8,-1]": "each of model.hidden must be a whole number",
    "model=autoencoder model.hidden=8": "hidden must be a list of whole numbers such as [8]",
    "model=sigmoid_classifier model.units=0": "units must be a whole number",
    "model=sigmoid_classifier model.hidden=[0]": "each of model.hidden must be a whole number",
    "model=competitive model.units=0": "units must be a whole number",
    "model=competitive model.units=501": "model.units is 501 but there are only 500",
    "model=competitive model.rule=foo": "known: conscience, cwta, wta",
    "model=competitive model.start=kmeans": "did you mean 'kmeans++'?",
    "model=competitive model.lr=0": "model.lr must be a number > 0",
    "model=autoencoder +foo=3": "unknown key 'foo'",
    "model=mlp callbacks=early_stopping callbacks.early_stopping.patience=a": "patience must",
    "model=mlp model.activation=3": "activation must be a name or a list of names, got 3",
    "model=mlp data=moons model.output_activation=softmax": "softmax outputs need one unit for",
    "model=elman model.hidden=[10]": "model.hidden must be a whole number of at least 1, got [10]",
    "model=jordan model.hidden=[10]": "model.hidden must be a whole number of at least 1, got [10]",
    "model=som model.optimizer.name=adam": "SOM learns by its own rule and has no optimizer; leave",
    "model=rbf model.optimizer.name=adam": "RBF computes its weights at once from all points and",
    "model=gan model.latent=0": "model.latent must be a whole number of at least 1, got 0",
    "model=gan model.average=1": "the decay of the average must be less than 1, got 1",
    "model=gan data=samples": "data.run is null: name the run of a model that can sample",
    "model=gan trainer=ddp_cpu trainer.gradient_clip_val=1": "cannot clip the gradients of a GAN",
    "model=perceptron model.lr=-1": "model.lr must be a number > 0, got -1",
    "model=autoencoder model.optimizer.lr=0": "model.optimizer.lr must be a number > 0, got 0",
    "model=autoencoder model.optimizer.lr=-.1": "model.optimizer.lr must be a number > 0, got -0.1",
    "model=autoencoder model.optimizer.lr=fast": "must be a number > 0, got 'fast'",
    "model=autoencoder model.activation=rleu": "did you mean 'relu'",
    "model=mlp model.scheduler.name=step": "model.scheduler.step_size is missing: give it a value",
    "model=mlp model.scheduler={name:step,step_size:0}": "step_size must be a whole number of",
    "model=mlp model.scheduler={name:step,step_size:2,gamma:abc}": "gamma must be a number >= 0",
    "model=mlp model.scheduler={name:cosine,T_max:0}": "model.scheduler.T_max must be a whole",
    "model=mlp model.scheduler={name:exponential,gamma:-2}": "gamma must be a number >= 0, got -2",
    "model=mlp model.scheduler={name:exponential,gamma:1,last_epoch:3}": "unknown key of model.s",
    "model=mlp model.scheduler={name:multistep,milestones:2}": "must be a list of whole numbers",
    f"model=mlp {LM}": "data.batch_size is 32 of 100: add data.batch_size=null",
    f"model=mlp {LM} model.optimizer.mu=-1 data.batch_size=null": "mu must be above 0 and at most",
    f"model=mlp {LM} model.optimizer.lr=1 data.batch_size=null": "remove model.optimizer.lr=1",
    f"model=mlp {LM} trainer.gradient_clip_val=1 data.batch_size=null": "remove trainer.gradient_",
    "model=mlp model.optimizer.name=lbfgs model.scheduler.name=step": "step_size is missing",
    "model=mlp callbacks=early_stopping callbacks.early_stopping.stopping_threshold=abc": "number",
    "model=mlp callbacks=early_stopping callbacks.early_stopping.stopping_threshold=[1]": "number",
    "model=autoencoder model.latent=${foo.bar}": "Interpolation key 'foo.bar' not found; ${...} m",
    "model=autoencoder data.batch_size=0": "data.batch_size must be a whole number",
    "model=autoencoder data.batch_size=-1": "data.batch_size must be a whole number",
    "model=autoencoder data.scale=max": "known: bipolar, frobenius, minmax, none, standard",
    "model=autoencoder data.val_fraction=1": "data.val_fraction and data.test_fraction must be "
    "less than 1 together",
    "model=perceptron data.val_fraction=.01": "of 4 points leaves a part empty",
    "model=perceptron data.y=[1,2]": "data.y must be 4 class indices",
    "model=autoencoder trainer.max_epochs=-1": "trainer.max_epochs must be a whole number of at",
    "model=autoencoder trainer.max_epochs=null": "trainer.max_epochs must be a whole number",
    "model=autoencoder trainer.accelerator=gpuu": "invalid accelerator",
    "model=autoencoder seed=-1": "seed must be a whole number from 0 to 4294967295, got -1",
    "model=autoencoder threads=0": "threads must be a whole number from 1 to ",
    "model=autoencoder debug=true": "unknown debug 'true'; known: default",
    "model=null": "unknown model 'null'",
    "model=autoencoder,perceptron": "several values for one key: use -m to sweep",
    "model=autoencoder model.optimizer.lr=0,01": "decimals need a point",
    "model=autoencoder figures.show=maybe": "figures.show must be true or false, got 'maybe'",
    "model=autoencoder hydra.run.dir=": "hydra.run.dir= names no folder",
    "model=autoencoder model.hidden=[8": "cannot read 'model.hidden=[8'",
    "model=autoencoder model._target_=os.system": "model._target_ 'os.system' is not a class",
    "model=autoencoder trainer.callbacks=[]": "unknown key of trainer 'callbacks'",
    "model=perceptron trainer=ddp_cpu trainer.strategy=ddp_spawn": "use trainer.strategy=ddp",
    "-m model=autoencoder,perceptrn": "unknown model 'perceptrn'; did you mean 'perceptron'?",
    "model=autoencoder resume=true": "there is no run or checkpoint True",
    "model=autoencoder resume=nowhere": "there is no run or checkpoint nowhere",
    "model=autoencoder resume=nowhere hydra.run.dir=new": "there is no run or checkpoint nowhere",
    "model=autoencoder resume=text.ckpt": "text.ckpt is not a checkpoint of an nnzoo model",
    "model=autoencoder resume=empty": "there is no run or checkpoint empty/checkpoints/last.ckpt",
    "model=autoencoder hydra.run.dir=text.ckpt/run": "cannot use",
    "model=autoencoder hydra.run.dir=used": "used holds a run already",
}


@pytest.fixture
def others(tmp_path):
    """The content of the folder, which must not change."""
    (tmp_path / "text.ckpt").write_text("no checkpoint")
    (tmp_path / "empty").mkdir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "config.yaml").write_text("seed: 0")
    return contents(tmp_path)


@pytest.mark.parametrize("typed", CASES)
def test_a_mistake_gives_one_line_and_changes_no_file(typed, nnzoo_train, others, tmp_path):
    printed = nnzoo_train(*typed.split())
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert CASES[typed] in printed.err
    assert contents(tmp_path) == others


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu(nnzoo_train):
    printed = nnzoo_train("model=autoencoder", "trainer=gpu")
    assert printed.code == 1
    assert printed.err == (
        "error: trainer.accelerator is gpu but no GPU was found; use trainer=cpu or trainer=auto\n"
    )


def test_a_missing_extra(nnzoo_train, monkeypatch):
    class Absent:
        def __init__(self, save_dir, name, version):
            raise ModuleNotFoundError("No module named 'tensorboard'")

    monkeypatch.setattr(loggers, "TensorBoardLogger", Absent)
    printed = nnzoo_train("model=perceptron", "logger=tensorboard")
    assert printed.code == 1
    assert "pip install 'nnzoo[tensorboard]'" in printed.err


@pytest.mark.parametrize(
    ("override", "better"),
    [
        ("data.target=[a,Länge (cm)]", """'data.target=[a,"Länge (cm)"]'"""),
        ("data.target=[kind=cat]", """'data.target=["kind=cat"]'"""),
        ("data.target=len (cm)", """'data.target="len (cm)"'"""),
        ("data.target={Länge: 3}", None),
        ("Größe=3", None),
        ("seed=range(0,20", None),
    ],
)
def test_names_that_hydra_reads_only_in_quotes(override, better):
    assert with_quotes(override) == better


def test_a_missing_plugin():
    error = MissingConfigException("", "hydra/sweeper/optuna", ["basic"])
    assert explain(error) == "hydra/sweeper=optuna needs: pip install 'nnzoo[sweep]'"


def test_traceback_on_demand(nnzoo_train, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    printed = nnzoo_train("model=autoencoder", "model.latent=0")
    assert printed.code == 1
    assert "Traceback" in printed.err
    assert "latent must be a whole number" in printed.err


def test_a_pickled_config_is_refused(nnzoo_train):
    printed = nnzoo_train("--experimental-rerun", "config.pickle")
    assert printed.err.startswith("error: unknown flag '--experimental-rerun'")
