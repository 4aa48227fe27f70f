"""Exported programs give the model's predictions for raw values."""

import json

import numpy as np
import pytest
import torch
from helpers import FROM_0_TO_1, MODELS, fit, mostly_slow, tiny_data, tiny_model

import nnzoo
from nnzoo import InputError
from nnzoo.errors import RunError
from nnzoo.export import RawModel, save_onnx, save_torch
from nnzoo.export import programs as exporting


def changed(name):
    """A tiny model with random weights, so that outputs depend on all inputs."""
    stores = name in (*FROM_0_TO_1, "hamming")  # nothing but what it has learned
    data = tiny_data(name, **({} if stores else {"scale": "standard"}))
    model = tiny_model(name, data)
    if stores:
        fit(model, data)
    generator = torch.Generator().manual_seed(0)
    for value in model.parameters():
        value.data += 0.5 * torch.randn(value.shape, generator=generator).to(value)
    return model.eval()


def raw_points(name, n):
    return tiny_data(name).points.x[:n].double()


@pytest.mark.parametrize("name", MODELS)
def test_torch_export(name, tmp_path):
    model = changed(name)
    save_torch(model, str(tmp_path / "m.pt2"))
    kept = {"class_names": ""}
    program = torch.export.load(tmp_path / "m.pt2", extra_files=kept).module()
    assert json.loads(kept["class_names"]) == model.class_names
    for n in (1, 3, 150):
        x = raw_points(name, n)
        assert not program(x).requires_grad
        torch.testing.assert_close(program(x), model.predict(x), rtol=1e-5, atol=1e-6)
    assert len(program(x).unique(dim=0)) > 1


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=3))
def test_onnx(name, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = changed(name)
    save_onnx(model, tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    names = session.get_modelmeta().custom_metadata_map
    assert json.loads(names["feature_names"]) == model.feature_names
    assert json.loads(names["output_names"]) == model.output_names
    for n in (1, 3, 150):
        x = raw_points(name, n)
        (found,) = session.run(None, {"x": x.numpy()})
        np.testing.assert_allclose(found, model.predict(x), rtol=1e-5, atol=1e-6)


def test_raw_values_far_from_the_origin_and_numbers_to_learn(tmp_path):
    x = np.linspace(1.7e9, 1.7e9 + 1000, 50)[:, None]
    run = nnzoo.train("mlp", x, [[float(i)] for i in range(50)], epochs=20, hidden=[4], lr=0.01)
    save_torch(run, tmp_path / "m.pt2")
    program = torch.export.load(tmp_path / "m.pt2").module()
    points = torch.from_numpy(x)
    torch.testing.assert_close(program(points), run.model.predict(points))
    assert len(program(points).unique()) == 50
    assert torch.equal(RawModel(run.model)(points), run.model.predict(points))


def test_a_program_that_differs_is_not_written(tmp_path, monkeypatch):
    model = changed("mlp")
    monkeypatch.setattr(exporting, "RawModel", lambda m: torch.nn.Linear(4, 3).double())
    with pytest.raises(RunError, match="gives other outputs than the model"):
        save_torch(model, tmp_path / "m.pt2")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("save", [save_torch, save_onnx])
def test_arguments_are_checked_first(save, tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "m.pt2").write_text("mine")
    with pytest.raises(InputError, match=r"m.pt2 exists already; name another file"):
        save(changed("mlp"), tmp_path / "m.pt2")
    assert (tmp_path / "m.pt2").read_text() == "mine"
    with pytest.raises(InputError, match=r"there is no folder .*none to write m\.pt2 in"):
        save(changed("mlp"), tmp_path / "none" / "m.pt2")
    with pytest.raises(InputError, match="a model or a run of nnzoo, got str"):
        save("mlp", tmp_path / "new")


def test_a_model_that_cannot_be_exported(tmp_path):
    class Own(nnzoo.models.MLP):
        def forward(self, x):
            return super().forward(x) * float(x.sum())

    model = Own(2, units=1, task="regression").eval()
    with pytest.raises(InputError, match="torch cannot export Own"):
        save_torch(model, tmp_path / "m.pt2")
