"""The catalogue in Python, and the cost of importing it."""

import subprocess
import sys

import pytest
import torch
from helpers import MODELS, TINY

import nnzoo
import nnzoo.models
from nnzoo import InputError, create_data, create_model, list_data, list_models
from nnzoo.catalogue import build, build_model
from nnzoo.entries import conf_dir, entries, read_entry


def test_list_models():
    assert list_models() == sorted(list_models())
    assert {"autoencoder", "competitive", "mlp", "perceptron"} <= set(list_models())
    assert list_models("sig*") == ["sigmoid_classifier", "sigmoid_neuron"]
    assert list_models("nothing") == []


def test_list_data():
    assert list_data() == sorted(list_data())
    assert {"blobs", "gaussian_clusters", "iris", "tutorial_points", "xor"} <= set(list_data())
    expected = ["lvq_points", "random_patterns", "sigmoid_pairs", "tutorial_points"]
    assert list_data("*_p*") == expected


def test_every_model_has_tiny_arguments():
    """Without a line in ``TINY``, the tests of all models do not cover a new model."""
    assert sorted(TINY) == MODELS


def test_every_public_name_exists_and_is_listed():
    assert set(nnzoo.__all__) <= set(dir(nnzoo))
    for name in nnzoo.__all__:
        assert getattr(nnzoo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'create_modle'"):
        _ = nnzoo.create_modle


# Entries


@pytest.mark.parametrize("name", [*entries("data")])
def test_every_data_entry_has_a_class_and_no_other_node(name):
    entry = read_entry("data", name)
    assert entry["_target_"].startswith("nnzoo.")
    assert not {"data", "trainer", "defaults"} & set(entry)


def test_an_entry_that_sets_the_trainer_is_read_without_it():
    text = (conf_dir() / "data" / "xor.yaml").read_text()
    assert "@package _global_" in text
    assert "trainer:" in text
    assert read_entry("data", "xor") == {
        "_target_": "nnzoo.data.Inline",
        "x": [[0, 0], [0, 1], [1, 0], [1, 1]],
        "y": [0, 1, 1, 0],
    }


def test_an_entry_is_merged_over_the_entry_in_its_defaults():
    neuron, classifier = (read_entry("model", f"sigmoid_{k}") for k in ("neuron", "classifier"))
    assert neuron["_target_"] == classifier["_target_"]
    assert neuron["activation"] == classifier["activation"]
    assert (neuron["hidden"], classifier["hidden"]) == ([], [8])
    assert neuron["optimizer"] == {"name": "sgd", "lr": 1}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, r"model has no _target_: choose an entry, model=NAME"),
        ("nnzoo.models.Nothing", "cannot be imported"),
        ("nowhere.Model", "cannot be imported: No module named 'nowhere'"),
        ("Model", "cannot be imported"),
        ("nnzoo.catalogue.build", "is not a class"),
    ],
)
def test_invalid_targets(target, message):
    with pytest.raises(InputError, match=message):
        build({"_target_": target}, "model")


# Models


def test_create_model_uses_the_yaml():
    model = create_model("autoencoder", in_features=2)
    assert sum(p.numel() for p in model.parameters()) == 1234
    assert create_model("vae", in_features=2).optimizer_config["lr"] == 0.01
    assert create_model("perceptron", in_features=3).hparams["lr"] == 0.01


def test_options_override_the_yaml_and_mappings_are_merged():
    model = create_model("vae", in_features=3, latent=1, optimizer={"name": "sgd"})
    assert model.hparams["latent"] == 1
    assert model.optimizer_config == {"name": "sgd", "lr": 0.01}


@pytest.mark.parametrize(
    ("name", "data", "sizes"),
    [
        ("autoencoder", "digits", {"in_features": 64}),
        ("competitive", "wine", {"in_features": 13, "units": 3}),
        ("competitive", "gaussian_clusters", {"in_features": 3, "units": 5}),
        ("perceptron", "xor", {"in_features": 2, "units": 1}),
        ("perceptron", "iris", {"in_features": 4, "units": 3}),
        ("sigmoid_classifier", "breast_cancer", {"in_features": 30, "units": 1}),
        ("sigmoid_classifier", "digits", {"in_features": 64, "units": 10}),
    ],
)
def test_sizes_that_are_null_are_taken_from_the_data(name, data, sizes):
    hparams = create_model(name, data).hparams
    assert {key: hparams[key] for key in sizes} == sizes


def test_given_sizes_take_precedence():
    assert create_model("competitive", create_data("wine"), units=7).units == 7


def test_the_model_gets_the_scaling_of_the_data():
    data = create_data("iris", scale="minmax")
    model = create_model("autoencoder", data)
    assert torch.equal(model.scaling.offset, data.scaling.offset)
    assert torch.equal(model.scaling.divisor, data.scaling.divisor)


class PassesOptionsOn(nnzoo.models.MLP):
    @classmethod
    def sizes(cls, data):
        return super().sizes(data) | {"points": len(data.points.x)}

    def __init__(self, points=0, **options):
        super().__init__(**options)
        self.points = points


def test_a_class_that_passes_its_options_on_gets_its_sizes_and_those_of_its_base():
    entry = {"_target_": f"{__name__}.PassesOptionsOn", "hidden": [3]}
    model = build_model(entry, create_data("iris"))
    assert model(torch.zeros(1, 4)).shape == (1, 3)
    assert model.points == 150
    with pytest.raises(InputError, match=r"model\.in_features is null"):
        build_model(entry)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("autoencodr", {}, "unknown model 'autoencodr'; did you mean 'autoencoder'"),
        ("kohonen", {}, "unknown model 'kohonen'; did you mean 'som'"),
        ("SOM", {}, "unknown model 'SOM'; did you mean 'som'"),
        ("hebbian", {}, "unknown model 'hebbian'; known: adaline, art, artmap, autoencoder"),
        (
            "autoencoder",
            {},
            r"model\.in_features is null: write model\.in_features=5, or give ",
        ),
        ("competitive", {"in_features": 3}, r"model\.units is null: write model\.units=5, or"),
        (
            "mlp",
            {"lr": 0.1},
            r"mean model\.optimizer\.lr, in Python optimizer={'lr': 0\.1}\?",
        ),
        ("autoencoder", {"in_features": 2, "latnt": 1}, "'latnt'; did you mean 'latent'"),
        ("perceptron", {"in_features": 2, "hidden": [3]}, "unknown key of model 'hidden'"),
        ("autoencoder", {"in_features": 2.5}, r"model\.in_features must be a whole number"),
    ],
)
def test_create_model_errors(name, options, message):
    with pytest.raises(InputError, match=message):
        create_model(name, **options)


def test_a_size_that_the_data_do_not_have_is_an_error():
    with pytest.raises(InputError, match=r"model\.units is null: write model\.units=5, or give"):
        create_model("competitive", create_data("xor", y=None))


@pytest.mark.parametrize("size", [10**13, 10**30])
def test_sizes_that_do_not_fit_into_memory(size):
    with pytest.raises(InputError, match=rf"fit into memory: lower model\.categories={size}"):
        create_model("art", in_features=2, categories=size)
    with pytest.raises(InputError, match=rf"fit into memory: lower model\.hidden=\[3, {size}\]"):
        create_model("dbn", in_features=2, hidden=[3, size])


# Data


def test_options_override_the_data_entry():
    data = create_data("iris", scale="none", val_fraction=0)
    assert (data.scale, data.val_fraction, data.name) == ("none", 0, "iris")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("blob", {}, "unknown data 'blob'; did you mean 'blobs'"),
        ("iris", {"batch": 8}, r"did you mean data\.batch_size, in Python batch_size=8\?"),
        (
            "blobs",
            {"x": [[0, 0]]},
            "unknown key of data 'x': type points with data=xor, as in data",
        ),
        ("blobs", {"centres": 3}, "unknown key of data 'centres'; did you mean 'centers'"),
    ],
)
def test_create_data_errors(name, options, message):
    with pytest.raises(InputError, match=message):
        create_data(name, **options)


# Imports

HEAVY = ("lightning", "hydra", "omegaconf", "sklearn", "scipy", "matplotlib", "rich")


@pytest.mark.parametrize(
    "statement",
    ["import nnzoo", "import nnzoo.nn", "import nnzoo.catalogue", "import nnzoo.cli.main"],
)
def test_imports_are_light(statement):
    heavy = HEAVY if statement.endswith("nn") else (*HEAVY, "torch", "numpy")
    code = f"import sys; {statement}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_packages_are_attributes():
    assert nnzoo.models.MLP is nnzoo.create_model("mlp", in_features=2, units=2).__class__
    with pytest.raises(AttributeError, match="no attribute 'modls'"):
        nnzoo.modls  # noqa: B018  evaluated for its error
