"""``nnzoo train --help`` names every option, in columns no wider than 100 characters."""

import re

import pytest
from helpers import tiny_data, tiny_model

from nnzoo.cli import help as command_help
from nnzoo.cli.command import COMMANDS
from nnzoo.cli.help import help_text
from nnzoo.cli.listing import GROUPS, description, target
from nnzoo.cli.sources import arguments, meaning, names_in
from nnzoo.cli.table import WIDTH
from nnzoo.entries import entries, read_entry
from nnzoo.errors import InputError


def rows(text: str) -> dict[str, str]:
    """Options with their line, continuation lines joined."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := re.match(r"  ([\w.]+)  +\S", line):
            found[(name := match[1])] = " ".join(line.split())
        elif line.startswith("      ") and found:
            found[name] += " " + " ".join(line.split())
        elif not line.strip():
            name = ""
    return found


def test_the_general_help():
    text = help_text()
    assert text.startswith("nnzoo trains a classical neural network.\n\nusage: nnzoo train model=")
    assert max(map(len, text.splitlines())) <= WIDTH
    words = " ".join(text.split())
    for group in GROUPS:
        assert f"\n{group}=\n" in text
        for name in entries(group):
            assert re.search(rf"^  {name} ", text, re.M)
            assert " ".join(description(group, name).split()) in words
    for part in (f"nnzoo {name} " for name in COMMANDS):
        assert part in text
    for part in ("seed=", "resume=", "resume_sweep=", "trainer.max_epochs=", "--version", "-m "):
        assert part in text
    assert "pass over the data" in text


@pytest.mark.parametrize("typed", [["--help"], ["data=iris", "-h"], ["model=mlp,vae", "--help"]])
def test_without_one_model_the_help_is_general(typed):
    assert help_text(typed) == help_text()


@pytest.mark.parametrize("model", entries("model"))
def test_the_help_on_a_model(model):
    text = help_text([f"model={model}", "--help"])
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert " ".join(text.split()).startswith(f"{model}: {description('model', model)}")
    found = rows(text)
    known, own = arguments(target("model", model)), read_entry("model", model)
    for name in known.keys() - {"optimizer", "scheduler"}:
        assert f"model.{name}" in found
        assert len(found[f"model.{name}"].split()) > 3, "an option without a meaning"
    for name in set(tiny_model(model).sizes(tiny_data(model))) - own.keys():
        assert f"model.{name} from the data" in found[f"model.{name}"]
    for key in ("seed", "trainer.max_epochs", "figures", "resume", "resume_sweep", "hydra.run.dir"):
        assert key in found
    assert ("model.optimizer.lr" in found) == ("optimizer" in known)
    assert ("model.scheduler.name" in found) == ("scheduler" in known)
    assert "``" not in text
    assert "None" not in text
    assert "${" not in text
    assert "see Model" not in text


@pytest.mark.parametrize("data", entries("data"))
def test_the_help_on_data(data):
    text = help_text(["model=autoencoder", f"data={data}", "--help"])
    assert f"data={data}: " in text
    found = rows(text)
    for name in arguments(target("data", data)):
        assert f"data.{name}" in found
    assert len({key for key in found if key.startswith("data.")}) == len(
        arguments(target("data", data))
    )


def test_columns_are_aligned():
    lines = help_text(["model=mlp"]).splitlines()
    start = lines.index(next(line for line in lines if line.startswith("model=mlp (")))
    head, *table = lines[start + 1 : lines.index("", start)]
    for column in ("default", "type", "meaning"):
        position = head.index(column)
        assert all(line[position - 2 : position].strip() == "" for line in table)


def test_defaults_and_types():
    found = rows(help_text(["model=mlp"]))
    assert found["model.in_features"].startswith("model.in_features from the data int number of")
    assert found["model.units"].startswith("model.units from the data int ")
    assert found["model.hidden"].startswith("model.hidden [10, 10] list of int units of each")
    assert found["model.bias"].startswith("model.bias true bool ")
    assert found["data.seed"].startswith("data.seed as seed int ")
    assert found["data.scale"].startswith("data.scale standard str ")
    assert found["seed"].startswith("seed 0 int fixes weights")
    assert found["trainer"].startswith("trainer auto auto, cpu, ddp, ddp_cpu, gpu: ")
    assert "relu, sigmoid, silu" in found["model.activation"]
    assert "lbfgs, levenberg_marquardt" in found["model.optimizer.name"]
    assert found["model.optimizer.name"].split()[1] == "adam"
    assert found["model.optimizer.lr"].split()[1] == "0.01"
    assert "cosine" in found["model.scheduler.name"]
    assert found["resume"].startswith("resume null str or null ")


def test_the_yaml_and_the_experiment_override_defaults():
    assert rows(help_text(["model=perceptron"]))["data.batch_size"].split()[1] == "null"
    assert rows(help_text(["model=gan"]))["model.optimizer.name"].split()[1] == "rmsprop"
    assert rows(help_text(["model=vae"]))["model.scheduler.name"].split()[1] == "cosine"
    found = rows(help_text(["experiment=competitive_tutorial", "--help"]))
    assert found["model.rule"].split()[1] == "cwta"
    assert found["model.lr_end"].split()[1] == "null"
    assert found["data.scale"].split()[1] == "frobenius"
    found = rows(help_text(["experiment=digits_autoencoder", "--help"]))
    assert found["model.optimizer.lr"].split()[1] == "0.003"
    assert found["model.optimizer.name"].split()[1] == "adam"
    assert rows(help_text(["experiment=synaptic_tutorial"]))["trainer"].split()[1] == "cpu"


def test_comments_of_the_yaml_are_shown():
    found = rows(help_text(["model=mlp", "data=csv"]))
    assert found["data.target"].endswith(
        " (a column of classes or numbers; [a, b]: regression targets; null: no targets)"
    )
    assert "fastest for small models" in found["threads"]  # a comment replaces the missing meaning
    assert found["figures.show"].startswith("figures.show false bool true: also open a window")
    found = rows(help_text(["model=sigmoid_neuron"]))
    assert found["model.init"].endswith(" (NumPy's RandomState(seed))")
    assert found["model.loss"].endswith(" (half the sum of squared errors)")
    assert "or mse" not in found["model.loss"]  # the comment on the value it replaces
    assert "single layer)" not in found["model.hidden"]
    found = rows(help_text(["model=counterpropagation"]))
    assert found["model.optimizer.lr"].endswith("learning rate (of encoder and head)")


def test_a_comment_that_repeats_the_docstring_is_not_shown():
    config = {"comments": {"data.low": "Smallest x", "data.high": ""}}
    assert command_help._explained("data.low", "the smallest x", config) == "the smallest x"
    assert command_help._explained("data.high", "largest x", config) == "largest x"
    assert command_help._explained("data.low", "", config) == "Smallest x"


def test_references_are_looked_up():
    hidden = meaning("nnzoo.models.Autoencoder", "hidden")
    assert meaning("nnzoo.models.Counterpropagation", "hidden") == f"{hidden} (of the encoder)"
    quantile = meaning("nnzoo.models.VAE", "anomaly_quantile")
    assert quantile.startswith("share of the training points that counts as normal")
    assert meaning("nnzoo.models.MLP", "units") == "number of output units"
    assert meaning("nnzoo.models.MLP", "absent") == ""
    text = meaning("nnzoo.data.Table", "batch_size")
    assert text.startswith("points per step and process; null: ")


def test_names_in_constants():
    assert {"relu", "silu", "identity"} <= {*names_in("ACTIVATIONS")}
    assert {"adam", "sgd"} <= {*names_in("OPTIMIZERS")}
    assert {"cosine"} <= {*names_in("SCHEDULERS")}
    assert names_in("ABSENT") == []
    assert "iris" in names_in("NAMES", "nnzoo.data")  # not NAMES of another package


@pytest.mark.parametrize(
    ("typed", "text"),
    {
        "model=mpl": "unknown model 'mpl'; did you mean 'mlp'?",
        "model=mlp data=irsi": "unknown data 'irsi'; did you mean 'iris'?",
        "experiment=anomoly": "unknown experiment 'anomoly'; did you mean 'anomaly'?",
    }.items(),
)
def test_an_unknown_name_is_an_error(typed, text):
    with pytest.raises(InputError) as error:
        help_text([*typed.split(), "--help"])
    assert str(error.value).startswith(text)
