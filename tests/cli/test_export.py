"""The command ``nnzoo export``."""

import pytest
import torch

import nnzoo
from nnzoo.export import from_pretrained


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
    printed = command("export", f"run={run}", "format=safetensors", "output=m")
    assert (printed.code, printed.err) == (0, "")
    assert torch.equal(from_pretrained("m").predict(x), expected)
    assert "| accuracy |" in (tmp_path / "m" / "README.md").read_text()


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
