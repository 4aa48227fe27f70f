"""The summary of every model, its source, and its representation in one line."""

import re

import pytest
import torch
from helpers import MODELS, TINY, tiny_data, tiny_model
from rich.console import Console

import nnzoo
from nnzoo import models, nn
from nnzoo.cli.listing import SOURCE, description
from nnzoo.export.hub import model_card
from nnzoo.models.parts.summary import source


@pytest.mark.parametrize("name", MODELS)
def test_the_summary_has_all_parameters_names_and_the_source(name):
    model = tiny_model(name)
    found = model.summary()
    counts = sum(count for *_, count in found.layers)
    assert counts == sum(p.numel() for p in model.parameters())
    text = str(found)
    assert repr(found) == text
    assert re.search(rf"{counts} parameters, (of which \d+ are )?learned by ", text)
    assert "inputs: 4 (sepal length (cm), " in text
    for layer, *_ in found.layers:
        assert layer in text
    assert source(type(model)) in " ".join(text.split())
    html = found._repr_html_()
    assert html.startswith("<pre>")
    assert html.endswith("</pre>")
    assert "inputs → units" in html


@pytest.mark.parametrize("name", MODELS)
def test_the_source_of_a_class_includes_that_of_its_entry(name):
    model = tiny_model(name)
    stated = source(type(model))
    assert stated in model_card(model, {}, has_figure=False)
    assert re.search(r"[A-Z]\. [A-Z].*(19|20)\d\d", stated)
    if match := SOURCE.match(description("model", name)):
        for year in re.findall(r"\d{4}", match[2]):
            assert year in stated


def test_layers_of_a_network():
    model = nnzoo.create_model("mlp", "iris", hidden=[5, 3])
    assert model.summary().layers == [
        ("net.0", "Linear, Tanh", "4 → 5", 25),
        ("net.2", "Linear, Tanh", "5 → 3", 18),
        ("net.4", "Linear, Softmax", "3 → 3", 12),
    ]
    kinds = [kind for _, kind, *_ in tiny_model("gan").summary().layers]
    assert kinds == ["Linear, ReLU", "Linear"] * 2  # without the average of the generator


def test_names_with_brackets_are_no_markup():
    model = nnzoo.create_model("mlp", nnzoo.create_data({"[red]a[/]": [1, 2, 3]}, [0, 1, 0]))
    assert "[red]a[/]" in str(model.summary())


def test_how_models_learn():
    def last(model):
        return next(note for note in model.summary().notes if "learned by" in note)

    assert last(tiny_model("perceptron")).endswith("learned by a rule")
    assert last(tiny_model("mlp")).endswith("learned by adam, lr=0.01")
    found = last(tiny_model("counterpropagation"))
    assert found.endswith("learned by adam, lr=0.01 and a rule")
    found = tiny_model("echo_state").summary()  # 4 units with 4 inputs and a bias; 4 outputs
    assert found.notes[0] == "56 parameters, of which 20 are learned by a rule"
    assert [kind for _, kind, *_ in found.layers] == ["Linear, fixed", "DoubleLinear"]


def test_a_console_prints_a_summary(capsys):
    Console(width=80).print(tiny_model("vae").summary())
    assert "decoder.2" in capsys.readouterr().out


@pytest.mark.parametrize("name", MODELS)
def test_the_representation_builds_the_same_model(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    text = repr(model)
    again = eval(text, vars(models))
    assert again.hparams == {**again.hparams, **model.hparams}
    torch.manual_seed(0)
    assert repr(again) == text
    for option, value in TINY[name].items():
        assert f"{option}={value!r}" in text
    assert "dropout" not in text  # a default


def test_models_without_saved_arguments_and_long_lists():
    class Own(models.Model):
        def __init__(self):
            super().__init__(2)
            self.layer = nn.MLP([2, 1])

    assert repr(Own()) == "Own()"
    assert len(repr(models.Perceptron(200, initial_weight=[[0.5] * 200]))) < 100
