"""What all tests share."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from omegaconf import DictConfig

from nnzoo.training import cli, evaluate, predict
from nnzoo.training.run import train
from nnzoo.zoo import composed as compose_run


@pytest.fixture(autouse=True)
def one_thread():
    """As in a run: more threads make small models slower."""
    torch.set_num_threads(1)


def _composed(folder: Path, overrides: tuple[str, ...]) -> DictConfig:
    named = {item.split("=")[0]: item.split("=")[1] for item in overrides}
    names = [f"run.{group}={named.get(group, 'default')}" for group in ("model", "data")]
    return compose_run([f"run.folder={folder}", *names, *overrides])


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., DictConfig]:
    """``composed("model=autoencoder", ...)``: the config of a run in a folder of its own."""
    runs = iter(range(1000))
    return lambda *overrides: _composed(tmp_path / f"run{next(runs)}", overrides)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[..., Path]:
    """``trained("model=perceptron", ...)``: the folder of a run without pictures, to be read alone:
    it is trained once for all tests."""
    folders: dict[tuple[str, ...], Path] = {}

    def run(*overrides: str) -> Path:
        if overrides not in folders:
            folder = tmp_path_factory.mktemp("trained")
            train(_composed(folder, (*overrides, "figures=none")), quiet=True)
            folders[overrides] = folder
        return folders[overrides]

    return run


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def door(tmp_path, monkeypatch, capsys) -> Callable[..., Said]:
    """``door(main, "key=value", ...)``: a command, given in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(main: Callable[[], None], *arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["nnzoo", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def nnzoo_train(door) -> Callable[..., Said]:
    """``nnzoo_train("model=autoencoder", ...)``: ``scripts/train.py`` in a folder of its own."""
    return partial(door, cli.main)


@pytest.fixture
def nnzoo_predict(door) -> Callable[..., Said]:
    """``nnzoo_predict("input=[1,0]", ...)``: ``scripts/predict.py`` in a folder of its own."""
    return partial(door, predict.main)


@pytest.fixture
def nnzoo_evaluate(door) -> Callable[..., Said]:
    """``nnzoo_evaluate("data=iris", ...)``: ``scripts/evaluate.py`` in a folder of its own."""
    return partial(door, evaluate.main)
