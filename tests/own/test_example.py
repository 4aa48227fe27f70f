"""``examples/own_model`` in every command and function: registered in each of the three ways."""

import gc
import shutil
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import nnzoo
from nnzoo.cli.listing import description
from nnzoo.entries import entries, own_folders

EXAMPLE = Path(__file__).parents[2] / "examples/own_model"
ENDINGS = {"safetensors": "", "torch": ".pt2", "onnx": ".onnx"}
POINT = "input=[5.1,3.5,1.4,0.2]"


def by_variable(folder, monkeypatch):
    monkeypatch.setenv("NNZOO_CONF", str(folder / "oja/conf"))
    return ()


def by_flag(folder, monkeypatch):
    return ("--config-dir", str(folder / "oja/conf"))


def by_entry_point(folder, monkeypatch):
    """Install it as pip does: the package in a folder of ``sys.path``, beside its metadata."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["nnzoo.models"]
    info = folder / "oja-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: 0.1\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[nnzoo.models]", *lines]))
    sys.path.insert(0, str(folder))
    return ()


@pytest.fixture
def example(tmp_path, monkeypatch):
    """A copy of the example, elsewhere than the folder in which commands run."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("NNZOO_CONF", raising=False)
    shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("__pycache__"))
    forget()
    yield tmp_path / "example"
    forget()


def forget():
    """Remove the example's class, as in another process."""
    sys.modules.pop("oja", None)
    gc.collect()


@pytest.mark.parametrize(
    ("register", "formats"),
    [
        (by_variable, ["safetensors"]),
        pytest.param(by_flag, ["safetensors", "torch"], marks=pytest.mark.slow),
        pytest.param(by_entry_point, ["onnx"], marks=pytest.mark.slow),
    ],
)
def test_every_command(register, formats, example, monkeypatch, command, tmp_path):
    flags = register(example, monkeypatch)
    assert "oja" in command("list", "models", *flags).out.split()
    assert "oja" not in sys.modules  # listing imports nothing
    assert "model.lr" in command("train", *flags, "model=oja", "--help").out
    if not flags:
        monkeypatch.setenv("COMP_LINE", "nnzoo train model=oja model.l")
        assert command("-sc", "query=bash").out == "model.lr=\n"
    short = ("figures=none", "trainer.max_epochs=3")
    printed = command("train", *flags, "model=oja", "hydra.run.dir=run", *short)
    assert (printed.code, printed.err) == (0, "")
    assert ("--config-dir" in printed.out) == bool(flags)
    sweep = ("-m", *flags, "model=oja", "model.lr=0.01,0.1", "seed=0,1", "hydra.sweep.dir=sweep")
    printed = command("train", *sweep, *short)
    assert "jobs 0-3: trained together\n" in printed.out
    forget()
    assert command("predict", *flags, "run=run", POINT).code == 0
    forget()
    assert command("evaluate", *flags, "run=sweep/3", "figures=none").code == 0
    forget()
    for kind in formats:
        output = f"output=oja{ENDINGS[kind]}"
        assert command("export", *flags, "run=run", f"format={kind}", output).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("register", [by_variable, by_entry_point])
def test_every_function(register, example, monkeypatch, tmp_path):
    from nnzoo.export import from_pretrained, save_pretrained
    from nnzoo.sweeps import fit_many

    register(example, monkeypatch)
    assert "oja" in nnzoo.list_models()
    assert nnzoo.create_model("oja", "iris", lr=0.1).hparams["lr"] == 0.1
    run = nnzoo.train("oja", epochs=3, seed=1, folder=tmp_path / "run")
    x = run.data.points.x
    expected = run.model.predict(x)
    assert run.plot() is not None
    fitted = fit_many("oja", grid={"lr": [0.01, 0.02], "epochs": 3, "seed": 1})
    assert [row["status"] for row in fitted.table] == ["completed"] * 2
    torch.testing.assert_close(fitted.members[1].predict(x), expected)
    save_pretrained(run.model, tmp_path / "hub")
    del run, fitted
    forget()
    assert torch.equal(nnzoo.load_model(tmp_path / "run").predict(x), expected)
    forget()
    assert torch.equal(nnzoo.load_run(tmp_path / "run").model.predict(x), expected)
    forget()
    assert torch.equal(from_pretrained(tmp_path / "hub").predict(x), expected)


def test_an_estimator(example, monkeypatch):
    from sklearn.model_selection import GridSearchCV

    from nnzoo.sklearn import FusedSearchCV, ModelTransformer

    by_variable(example, monkeypatch)
    x = np.random.default_rng(0).normal(size=(60, 3)) @ [[3, 2, 1], [0, 1, 0], [0, 0, 1]]
    fast = {"options": {"lr": 0.05}, "epochs": 50, "random_state": 0}
    found = ModelTransformer("oja", **fast).fit(x)
    first = np.linalg.svd((x - x.mean(0)) / x.std(0))[2][0]
    assert abs(found.model_.weight.numpy() @ first) == pytest.approx(1, abs=0.02)
    assert found.transform(x).shape == (60, 1)
    assert found.set_output(transform="pandas").transform(x).shape == (60, 1)
    kind = import_module("oja").Oja
    other = ModelTransformer(kind, **fast).fit(x)
    np.testing.assert_array_equal(other.transform(x), found.transform(x))

    def score(estimator, points, y=None):
        return -float(estimator.transform(points).std())

    grid = {"options": [{"lr": 0.001}, {"lr": 0.01}]}
    search = [
        kind(ModelTransformer("oja", epochs=5, random_state=0), grid, scoring=score, cv=2).fit(x)
        for kind in (FusedSearchCV, GridSearchCV)
    ]
    scores = [one.cv_results_["mean_test_score"] for one in search]
    np.testing.assert_allclose(*scores, rtol=1e-4)
    assert len(set(scores[0])) == 2


def test_the_page_shows_the_example():
    page = (EXAMPLE.parents[1] / "docs/models-of-your-own.md").read_text()
    for file in ("oja/__init__.py", "oja/conf/model/oja.yaml", "pyproject.toml"):
        assert f" {file}\n{(EXAMPLE / file).read_text()}```\n" in page


def test_the_ways_add_up(example, monkeypatch):
    by_variable(example, monkeypatch)
    assert own_folders() == [example / "oja/conf"]
    by_entry_point(example, monkeypatch)
    assert own_folders() == [example / "oja/conf"]  # the same folder
    assert description("model", "oja") == "The first principal component (Oja, 1982)."
    assert entries("model").count("oja") == 1
