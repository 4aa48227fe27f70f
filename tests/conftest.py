"""Fixtures of all tests."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from helpers import FIRST, MODELS
from omegaconf import OmegaConf

from nnzoo.catalogue import composed as compose_run
from nnzoo.cli.main import main
from nnzoo.runs.run import train


@pytest.hookimpl(tryfirst=True)  # before tests are selected by their marks
def pytest_collection_modifyitems(items):
    """Mark tests of all models as slow for models that are not the first of their kind."""
    others = {*MODELS} - FIRST
    for item in items:
        values = getattr(item, "callspec", None) and item.callspec.params.values()
        found = {*map(_model_of, values or ())} & others
        if found and not any(item.path.stem.endswith(name) for name in found):
            item.add_marker(pytest.mark.slow)


def _model_of(value: Any) -> str | None:
    """Return the name of the model in a test's argument: a name, or an estimator."""
    if isinstance(value, str):
        return value.split(",")[0]
    model_class = getattr(value, "model_class", None)
    return model_class and model_class.__module__.rpartition(".")[2]


@pytest.fixture(autouse=True)
def one_thread():
    """One thread, as in a run: more threads make small models slower."""
    torch.set_num_threads(1)


def _composed(folder: Path, overrides: tuple[str, ...]) -> dict[str, Any]:
    named = {item.split("=")[0]: item.split("=")[1] for item in overrides}
    names = [f"run.{group}={named.get(group, 'default')}" for group in ("model", "data")]
    config = compose_run([f"run.folder={folder}", "show=0", *names, *overrides])
    return OmegaConf.to_container(config, resolve=True)


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """``composed("model=autoencoder", ...)``: the config of a run in a folder of its own."""
    runs = iter(range(1000))
    return lambda *overrides: _composed(tmp_path / f"run{next(runs)}", overrides)


@pytest.fixture
def trained_result(composed) -> Callable[..., dict[str, Any]]:
    """``trained_result("model=perceptron", ...)``: the result of a run; its error is raised."""

    def run(*overrides: str) -> dict[str, Any]:
        (result,) = train([composed(*overrides)])
        if result.error is not None:
            raise result.error
        return result.content

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[..., Path]:
    """``trained("model=perceptron", ...)``: the folder of a run without figures. It is trained once
    for all tests: do not write into it."""
    folders: dict[tuple[str, ...], Path] = {}

    def run(*overrides: str) -> Path:
        if overrides not in folders:
            folder = tmp_path_factory.mktemp("trained")
            (result,) = train([_composed(folder, (*overrides, "figures=none"))])
            if result.error is not None:
                raise result.error
            folders[overrides] = folder
        return folders[overrides]

    return run


class Printed(NamedTuple):
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path, monkeypatch, capsys) -> Callable[..., Printed]:
    """``command("train", "key=value", ...)``: a command, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Printed:
        code = 0
        try:
            main(arguments)
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return Printed(code, printed.out, printed.err)

    return run


@pytest.fixture
def nnzoo_train(command) -> Callable[..., Printed]:
    """``nnzoo_train("model=autoencoder", ...)``: ``nnzoo train`` in a folder of its own."""
    return partial(command, "train")


@pytest.fixture
def nnzoo_predict(command) -> Callable[..., Printed]:
    """``nnzoo_predict("input=[1,0]", ...)``: ``nnzoo predict`` in a folder of its own."""
    return partial(command, "predict")


@pytest.fixture
def nnzoo_evaluate(command) -> Callable[..., Printed]:
    """``nnzoo_evaluate("data=iris", ...)``: ``nnzoo evaluate`` in a folder of its own."""
    return partial(command, "evaluate")
