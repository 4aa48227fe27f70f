"""Models in the layout of the Hub."""

import json

import pytest
import torch
from helpers import MODELS, same, state, tiny_data, tiny_model

import nnzoo
from nnzoo import InputError
from nnzoo.export import from_pretrained, save_pretrained
from nnzoo.models import MLP

pytest.importorskip("safetensors")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_comes_back(name, dtype, tmp_path):
    model = tiny_model(name, tiny_data(name, scale="standard")).to(dtype).eval()
    save_pretrained(model, str(tmp_path / "m"))
    back = from_pretrained(tmp_path / "m")
    assert type(back) is type(model)
    assert same(state(back), state(model))
    assert back.prototype.dtype == dtype
    assert (back.feature_names, back.class_names) == (model.feature_names, model.class_names)
    x = tiny_data(name).points.x[:5]
    assert torch.equal(back.predict(x), model.predict(x))
    assert not back.training


class WithoutDrawing(MLP):
    chain = {}  # noqa: RUF012


def test_the_layout_is_that_of_the_hub(tmp_path):
    names = {"model.safetensors", "config.json", "README.md"}
    for model, figure in ((tiny_model("mlp"), {"figure.png"}), (WithoutDrawing(2, 1), set())):
        folder = tmp_path / type(model).__name__
        save_pretrained(model, folder)
        assert {path.name for path in folder.iterdir()} == names | figure
        card = (folder / "README.md").read_text()
        assert card.startswith("---\nlibrary_name: nnzoo\n")
        assert ("](figure.png)" in card) == bool(figure)


def test_a_run_has_its_metrics_on_the_card(tmp_path):
    run = nnzoo.train("perceptron", epochs=1)
    save_pretrained(run, tmp_path / "m")
    card = (tmp_path / "m" / "README.md").read_text()
    assert all(f"| {name} | " in card for name in run.metrics)
    assert same(state(from_pretrained(tmp_path / "m")), state(run.model))


def test_damage_is_one_error(tmp_path):
    save_pretrained(tiny_model("mlp"), tmp_path / "m")
    with pytest.raises(InputError, match="is not empty"):
        save_pretrained(tiny_model("mlp"), tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    for change in (
        {"model_class": "os.system"},
        {"arguments": {"in_features": 10**9, "units": 1, "task": "regression"}},
        {"arguments": {"in_features": "x"}},
        {"feature_names": 3},
    ):
        (tmp_path / "m" / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(InputError):
            from_pretrained(tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    (tmp_path / "m" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match="cannot be read"):
        from_pretrained(tmp_path / "m")
    with pytest.raises(InputError, match="there is no"):
        from_pretrained(tmp_path / "none")
