"""Completion in a shell: groups, entries, options of the chosen model, files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnzoo.cli.completion import complete
from nnzoo.entries import entries
from nnzoo.models.training.optimizers import OPTIMIZERS

NNZOO = Path(sys.executable).with_name("nnzoo")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("nnzoo ", ["evaluate", "export", "list", "predict", "report", "train"]),
        ("nnzoo tr", ["train"]),
        ("nnzoo list ", ["data", "experiments", "models"]),
        ("nnzoo train mode", ["model.", "model="]),
        ("nnzoo train model=per", ["model=perceptron"]),
        ("nnzoo train model=", [f"model={name}" for name in entries("model")]),
        ("nnzoo train -m model=mlp,va", ["model=mlp,vae"]),
        ("nnzoo train model=mlp model.hid", ["model.hidden="]),
        ("nnzoo train model=perceptron model.hid", []),
        ("nnzoo train model=perceptron model.opt", []),
        ("nnzoo train model=mlp model.optimizer.n", ["model.optimizer.name="]),
        (
            "nnzoo train model=mlp model.optimizer.name=",
            [f"model.optimizer.name={name}" for name in sorted(OPTIMIZERS)],
        ),
        ("nnzoo train model=mlp model.bias=", ["model.bias=false", "model.bias=true"]),
        ("nnzoo train data=iris data.val", ["data.val_fraction="]),
        ("nnzoo train trainer.max_ep", ["trainer.max_epochs="]),
        ("python scripts/train.py experiment=an", ["experiment=anomaly"]),
        ("nnzoo predict ", ["allow=", "input=", "output=", "run=", "sample=", "seed="]),
        ("nnzoo evaluate data=iri", ["data=iris"]),
        ("nnzoo report ", ["allow=", "output=", "run="]),
        ("nnzoo nothing x", []),
    ],
)
def test_completions_of_a_line(line, found):
    assert complete(line) == found


def test_paths_are_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    (tmp_path / "out.csv").touch()
    assert complete("nnzoo predict run=ou") == ["run=out.csv", "run=outputs/"]
    assert complete("nnzoo train data=csv data.path=out.") == ["data.path=out.csv"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_in_bash(tmp_path):
    script = (
        'eval "$(nnzoo train -sc install=bash)"\n'
        "complete -p nnzoo\n"
        'COMP_LINE="nnzoo train model=auto" COMP_POINT=22 COMP_CWORD=2\n'
        "hydra_bash_completion\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    path = f"{NNZOO.parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    installed, found = run.stdout.splitlines()
    assert installed.endswith(" -F hydra_bash_completion nnzoo")
    assert found == "model=autoencoder"
