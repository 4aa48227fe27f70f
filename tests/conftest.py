"""What all tests share."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from nnzoo.training.cli import main
from nnzoo.zoo import conf_dir


@pytest.fixture(autouse=True)
def one_thread():
    """As in a run: more threads make small models slower."""
    torch.set_num_threads(1)


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., DictConfig]:
    """``composed("model=autoencoder", ...)``: the config of a run in a folder of its own."""
    runs = iter(range(1000))

    def compose_run(*overrides: str) -> DictConfig:
        named = {item.split("=")[0]: item.split("=")[1] for item in overrides}
        names = [f"run.{group}={named.get(group, 'default')}" for group in ("model", "data")]
        folder = f"run.folder={tmp_path}/run{next(runs)}"
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            return compose("train", [folder, *names, *overrides])

    return compose_run


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def nnzoo_train(tmp_path, monkeypatch, capsys) -> Callable[..., Said]:
    """``nnzoo_train("model=autoencoder", ...)``: ``scripts/train.py`` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
