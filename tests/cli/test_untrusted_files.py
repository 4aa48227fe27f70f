"""Nothing that a file names is imported or called unless the user allows its package."""

import gc
import json
import shutil
import sys

import pytest
import torch
import yaml
from helpers import mostly_slow
from run_folder import contents

import nnzoo
from nnzoo import InputError

CANARY = """\
from pathlib import Path
from nnzoo.data import Blobs
from nnzoo.models import Perceptron

Path(__file__).with_name("imported").touch()

class Call:
    def __init__(self, *arguments, **options):
        Path(__file__).with_name("called").touch()

class Data(Blobs):
    pass

class CanaryModel(Perceptron):
    pass
"""


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy of a run, beside a module ``canary`` that leaves a file when it is imported."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "canary.py").write_text(CANARY)
    shutil.copytree(trained("model=perceptron", "data=blobs"), tmp_path / "run")
    yield tmp_path / "run"
    sys.modules.pop("canary", None)
    gc.collect()  # of the class, which would be found without an import


def canary_traces(folder):
    """Whether the module was imported and its class called, by the files that it leaves."""
    return [name for name in ("imported", "called") if (folder / name).exists()]


def edit(run, change):
    file = run / "config.yaml"
    config = yaml.safe_load(file.read_text())
    change(config)
    file.write_text(yaml.safe_dump(config))


CALL = {"_target_": "canary.Call"}
CANARY_MODEL = {"class": "CanaryModel", "module": "canary"}
REFUSED = {
    "data": lambda c: c.update(data=CALL),
    "process": lambda c: c.update(data={"_target_": "subprocess.Popen", "args": "touch called"}),
    "handler": lambda c: c.update(data={"_target_": "logging.FileHandler", "filename": "called"}),
    "partial": lambda c: c["data"].update(_target_="canary.Call", _partial_=True),
    "own": lambda c: c["data"].update(_target_="canary.Data"),
    "not text": lambda c: c["data"].update(_target_=["canary.Call"]),
    "another group's": lambda c: c.update(data={"_target_": "nnzoo.models.GAN", "in_features": 2}),
    "below it": lambda c: c["data"].update(_target_="nnzoo.data.base.DataModule"),
}
IGNORED = {
    "nested": lambda c: c["data"].update(cluster_std=CALL),
    "nested partial": lambda c: c["data"].update(n_samples={**CALL, "_partial_": True}),
    "only partial": lambda c: c["data"].update(_partial_=True),
    "logger": lambda c: c.update(logger={"a": CALL}),
    "callbacks": lambda c: c.update(callbacks={"a": CALL}),
    "trainer": lambda c: c["trainer"].update(_target_="canary.Call", profiler=CALL),
    "model": lambda c: c.update(model=CALL),
    "run": lambda c: c["run"].update(CALL),
    "seed": lambda c: c.update(seed=CALL),
    "samples": lambda c: c.update(data={"_target_": "nnzoo.runs.samples.Samples", "run": CALL}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_target_of_the_data_in_the_config_is_refused(name, run, nnzoo_evaluate, tmp_path):
    edit(run, REFUSED[name])
    before = contents(tmp_path)
    printed = nnzoo_evaluate("run=run")
    assert (printed.code, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert "data._target_" in printed.err
    assert "comes from a file and is not in the catalogue" in printed.err
    assert "allow=[" in printed.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", mostly_slow(IGNORED, keep=3))
def test_a_target_elsewhere_in_the_config_is_ignored(name, run, nnzoo_evaluate, tmp_path):
    edit(run, IGNORED[name])
    printed = nnzoo_evaluate("run=run", "figures=none")
    assert printed.err.count("\n") == printed.code
    assert canary_traces(tmp_path) == []


def test_classes_that_the_user_allows_or_types_are_used(run, nnzoo_evaluate, tmp_path):
    edit(run, REFUSED["own"])
    assert nnzoo_evaluate("run=run", "allow=[canary]", "figures=none").code == 0
    assert canary_traces(tmp_path) == ["imported"]
    edit(run, REFUSED["data"])
    typed = nnzoo_evaluate("run=run", "data._target_=canary.Data", "figures=none")
    assert (typed.code, typed.err) == (0, "")


@pytest.mark.parametrize("allow", ["[can]", "[canary.Data2]", "[other]", "[]"])
def test_only_the_package_itself_is_allowed(allow, run, nnzoo_evaluate, tmp_path):
    edit(run, REFUSED["own"])
    printed = nnzoo_evaluate("run=run", f"allow={allow}")
    assert "'canary.Data' comes from a file and is not in the catalogue" in printed.err
    assert canary_traces(tmp_path) == []


@pytest.mark.parametrize("allow", ["canary", "[a b]", "[/tmp]", "{a: 1}"])
def test_allow_is_a_list_of_names(allow, run, nnzoo_evaluate):
    printed = nnzoo_evaluate("run=run", f"allow={allow}")
    assert printed.err == (
        f"error: allow must be a list of packages, such as allow=[my_package], got {allow}\n"
    )


def test_a_users_model_needs_allow(run, nnzoo_predict, nnzoo_evaluate, tmp_path):
    change(run, lambda content: content["nnzoo"].update(CANARY_MODEL))
    printed = nnzoo_predict("run=run", "input=[1,0]")
    assert "holds a model of the class CanaryModel, which is not in the catalogue" in printed.err
    assert canary_traces(tmp_path) == []
    assert nnzoo_predict("run=run", "input=[1,0]", "allow=[canary]").code == 0
    assert nnzoo_evaluate("run=run", "allow=[canary]", "figures=none").code == 0


# Checkpoints


def change(run, edit, name="best"):
    file = run / "checkpoints" / f"{name}.ckpt"
    content = torch.load(file, weights_only=True)
    edit(content)
    torch.save(content, file)


CHECKPOINTS = {
    "arguments": lambda c: c["hyper_parameters"].update(CALL),
    "nested": lambda c: c["hyper_parameters"].update(optimizer=CALL, lr={"lr": CALL}),
    "class": lambda c: c["nnzoo"].update({"class": "canary.Call"}),
    "module": lambda c: c["nnzoo"].update(CANARY_MODEL),
    "module of no model": lambda c: c["nnzoo"].update(CANARY_MODEL, **{"class": "Call"}),
    "module of a known class": lambda c: c["nnzoo"].update(module="canary"),
    "module in a module": lambda c: c["nnzoo"].update({"class": "f", "module": "canary.Call"}),
    "module that is no text": lambda c: c["nnzoo"].update(module=["canary"]),
    "config": lambda c: c.update(config={"data": CALL, "model": CALL}),
    "lightning": lambda c: c.update(
        hparams_name="x", datamodule_hyper_parameters=CALL, callbacks={"canary.Call": CALL}
    ),
    "training": lambda c: c["nnzoo"].setdefault("training", {}).update(CALL),
    "stopping": lambda c: (
        c["nnzoo"].setdefault("training", {}).update(stopping={"ends": "x", **CALL})
    ),
}


@pytest.mark.parametrize("name", mostly_slow(CHECKPOINTS, keep=3))
def test_targets_in_a_checkpoint_are_not_used(name, run, command, tmp_path):
    for file in ("best", "last"):
        change(run, CHECKPOINTS[name], file)
    resume = ("model=perceptron", "data=blobs", "resume=run", "trainer.max_epochs=1000")
    samples = ("model=perceptron", "data=samples", "data.run=run")
    for typed in (
        ("predict", "run=run", "input=[1,0]"),
        ("evaluate", "run=run", "figures=none"),
        ("train", *resume, "figures=none"),
        ("train", *resume, "figures=none", "trainer.accumulate_grad_batches=2"),
        ("train", *samples, "figures=none"),
    ):
        printed = command(*typed)
        assert printed.err.count("\n") == printed.code
        assert canary_traces(tmp_path) == []


def test_python_imports_allowed_packages_only(run, tmp_path):
    change(run, lambda content: content["nnzoo"].update(CANARY_MODEL))
    for load in (nnzoo.load_model, nnzoo.load_run):
        for allow in ([], ["can"], ["canary.Call"]):
            with pytest.raises(InputError, match=r"allow its package, allow=\[canary\]"):
                load(run, allow=allow)
    assert canary_traces(tmp_path) == []
    kind = type(nnzoo.load_model(run, allow=["canary"]))
    assert (kind.__module__, kind.__name__) == ("canary", "CanaryModel")
    change(run, lambda content: content["nnzoo"].update({"class": "Call"}))
    with pytest.raises(InputError, match=r"canary\.Call is not a subclass"):
        nnzoo.load_model(run, allow=["canary"])
    assert canary_traces(tmp_path) == ["imported"]


def test_own_entries_allow_only_the_classes_that_they_name(run, command, tmp_path, monkeypatch):
    change(run, lambda content: content["nnzoo"].update(CANARY_MODEL))
    entry = tmp_path / "conf/model/mine.yaml"
    entry.parent.mkdir(parents=True)
    monkeypatch.setenv("NNZOO_CONF", str(tmp_path / "conf"))
    for target in ("canary.Other", "other.CanaryModel"):
        entry.write_text(f"_target_: {target}\n")
        printed = command("predict", "run=run", "input=[1,0]")
        assert "holds a model of the class CanaryModel, which is not in" in printed.err
        assert canary_traces(tmp_path) == []
    entry.write_text("_target_: canary.CanaryModel\n")
    assert command("predict", "run=run", "input=[1,0]").code == 0


def test_a_model_in_the_layout_of_the_hub(run, tmp_path):
    pytest.importorskip("safetensors")
    from nnzoo.export import from_pretrained, save_pretrained

    save_pretrained(nnzoo.load_model(run), tmp_path / "hub")
    file = tmp_path / "hub/config.json"
    content = json.loads(file.read_text())
    content |= {"model_class": "CanaryModel", "model_module": "canary"}
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"allow=\[canary\]"):
        from_pretrained(tmp_path / "hub")
    assert canary_traces(tmp_path) == []
    assert type(from_pretrained(tmp_path / "hub", allow=["canary"])).__module__ == "canary"


# Sweeps

SWEEPS = {
    "model._target_=canary.Call": "model._target_ 'canary.Call' comes from a file",
    "data._target_=nnzoo.data.Blobs,canary.Data": "data._target_ 'canary.Data' comes from a file",
    "+logger.a._target_=canary.Call": "logger.a._target_ 'canary.Call' comes from a file",
    "+callbacks.a._target_=canary.Call": "callbacks.a._target_ 'canary.Call' comes from a file",
    "+trainer._target_=canary.Call": "trainer._target_ 'canary.Call' comes from a file",
    "++trainer.profiler._target_=canary.Call": "trainer.profiler._target_ 'canary.Call' comes from",
    "+logger.a._target_=lightning.pytorch.cli.LightningCLI": "comes from a file",
    "+callbacks.a._target_=lightning.pytorch.loggers.canary.Call": "comes from a file",
    "model._target_=lightning.pytorch.profilers.SimpleProfiler": "comes from a file",
    "+callbacks={a: {_target_: canary.Call}}": "names a class in a way that cannot be checked",
    "model._target_=${run.data}": "names a class in a way that cannot be checked",
    "hydra.launcher._target_=canary.Call": "configures Hydra",
    "hydra.launcher.train=canary.Call": "configures Hydra",
    "+hydra.callbacks.a._target_=canary.Call": "configures Hydra",
    "hydra/launcher=basic": "configures Hydra",
    "hydra.searchpath=[file://conf]": "configures Hydra",
    "+data@hydra.callbacks=blobs": "configures Hydra",
    "+logger.mlflow.tracking_uri=https://example.org": "names an address; type it yourself",
    "+logger.mlflow.tracking_uri=databricks": "logger, which may contact a server; type it",
    "++logger.wandb.offline=false": "type it yourself, or allow it: allow=[wandb]",
    "+logger.a._target_=lightning.pytorch.loggers.WandbLogger": "allow it: allow=[a]",
    "logger={mlflow: {tracking_uri: databricks}}": "allow it: allow=[logger]",
    "++trainer.default_root_dir=s3://bucket": "names an address; type it yourself",
    "run.folder=precious": "sets the folder of a run",
    "model=[": "cannot be read",
}


@pytest.mark.parametrize("override", mostly_slow(SWEEPS, keep=5))
def test_options_of_a_resumed_sweep_that_are_refused(override, run, nnzoo_train, tmp_path):
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    (sweep / "jobs.jsonl").write_text('[0, "sweep/0", []]\n')
    task = ["model=perceptron", "seed=1,2", override]
    (sweep / "multirun.yaml").write_text(yaml.safe_dump({"hydra": {"overrides": {"task": task}}}))
    printed = nnzoo_train("-m", "resume_sweep=sweep")
    assert (printed.code, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert SWEEPS[override] in printed.err
    assert canary_traces(tmp_path) == []


def test_a_resumed_sweep_needs_allow(run, nnzoo_train, tmp_path):
    typed = ("-m", "model=perceptron", "data=blobs", "data._target_=canary.Data", "seed=1,2")
    assert nnzoo_train(*typed, "hydra.sweep.dir=sweep").code == 0
    (tmp_path / "sweep/1/result.json").unlink()
    printed = nnzoo_train("-m", "resume_sweep=sweep")
    assert "data._target_ 'canary.Data' comes from a file" in printed.err
    printed = nnzoo_train("-m", "resume_sweep=sweep", "allow=[canary]")
    assert (printed.code, printed.err) == (0, "")
    assert "1 of 2 jobs are complete already" in printed.out
    printed = nnzoo_train("model=perceptron", "allow=[canary]")
    assert "allow= needs resume_sweep=FOLDER" in printed.err


def test_parts_of_lightning_may_be_named():
    from nnzoo.cli.allowed import check_overrides

    named = ("trainer.profiler", "profilers.Any"), ("callbacks.a", "callbacks.Any")
    texts = [f"++{key}._target_=lightning.pytorch.{name}" for key, name in named]
    check_overrides([*texts, "logger=mlflow"], "multirun.yaml", [])
    for text in ("++trainer.profiler._target_=canary.Call", "+logger.a._target_=canary.Call"):
        check_overrides([text], "multirun.yaml", ["canary"])
    wandb = ("offline=false", "_target_=lightning.pytorch.loggers.WandbLogger")
    check_overrides([f"logger.wandb.{text}" for text in wandb], "multirun.yaml", ["wandb"])
