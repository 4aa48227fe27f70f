"""The command ``nnzoo export``."""

import shutil
from pathlib import Path

import pytest
import torch

import nnzoo
from nnzoo.export import from_pretrained
from nnzoo.runs.pictures import PNG


@pytest.fixture
def run(trained):
    return trained("model=mlp", "data=iris", "debug=default")


def test_a_program_and_a_folder(run, command, tmp_path):
    printed = command("export", f"run={run}", "format=torch", "output=m.pt2")
    assert (printed.code, printed.err) == (0, "")
    assert "MLP of best.ckpt exported: m.pt2" in printed.out
    x = nnzoo.create_data("iris").points.x[:3].double()
    expected = nnzoo.load_model(run).predict(x)
    torch.testing.assert_close(torch.export.load("m.pt2").module()(x), expected)
    shutil.copytree(run, "run")
    Path("run", "figures").mkdir()
    for name, content in (("curve", PNG + b"own"), ("residuals", b"no figure")):
        Path("run", "figures", f"{name}.png").write_bytes(content)
    printed = command("export", "run=run", "format=safetensors", "output=m")
    assert (printed.code, printed.err) == (0, "")
    assert torch.equal(from_pretrained("m").predict(x), expected)
    assert "| accuracy |" in (tmp_path / "m" / "README.md").read_text()
    assert (tmp_path / "m" / "figure.png").read_bytes() == PNG + b"own"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["format=onx"], "unknown format 'onx'; did you mean 'onnx'?"),
        ([], "name a format, such as format=onnx"),
        (["format=torch", "outpt=x"], "unknown key 'outpt'; did you mean 'output'?"),
        (["format=torch", "output=none/m.pt2"], "there is no folder none to write m.pt2 in"),
        (["format=torch", "output=m.onnx"], "another format than 'm.onnx'; write output=FILE.pt2"),
        (["format=torch", "output=."], ". exists already; name another file: output=FILE.pt2"),
        (["format=safetensors", "output=m.safetensors"], "writes a folder; name one, such as"),
        (["format=safetensors", "output=.."], ".. exists already; name another folder: output="),
    ],
)
def test_errors(run, arguments, message, command):
    printed = command("export", f"run={run}", *arguments)
    assert printed.code == 1
    assert message in printed.err
    assert printed.err.count("\n") == 1
