"""Associative memories: what they recall, how many patterns they hold, and input that fails."""

import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.data import Inline
from nnzoo.models import Hamming, Hopfield
from nnzoo.models.pictures.memories import _errors
from nnzoo.nn.hopfield import RULES

TWO = [[1, 1, 1, 1, 0, 0], [0, 1, 0, 1, 0, 1]]


def trained(model, data, epochs=1, **options):
    model = nnzoo.create_model(model, data, **options)
    train_by_engine(model, data, epochs)
    return model


def random_patterns(n, units, **options):
    options = {"shuffle": False, "n_patterns": n, "n_features": units} | options
    return nnzoo.create_data("random_patterns", **options)


def letters(name="letters", **options):
    return nnzoo.create_data(name, scale="bipolar", shuffle=False, **options)


# What is recalled


def test_a_pattern_is_completed_in_raw_units():
    data = Inline(TWO, scale="bipolar")
    model = trained("hopfield", data)
    x = 2 * torch.tensor(TWO) - 1.0
    assert torch.equal(model.weights()["weight"], (x.T @ x).fill_diagonal_(0))
    assert model.predict([1.0, 1, 1, 1, 0, 1]).tolist() == TWO[0]
    # The patterns are orthogonal: -(6^2 - 2 * 6) / 2.
    assert model.energy(model.scaled([TWO[0]])).tolist() == [-12]


@pytest.mark.parametrize("rule", ["storkey", "pseudo_inverse"])
def test_50_random_patterns_of_400_units_are_recalled_from_noise(rule):
    data = random_patterns(50, 400, batch_size=25, seed=1)
    found = trained("hopfield", data, rule=rule, recall="synchronous").diagnostics(data)
    assert found == {"stable": 1, "recalled": 1, "noisy_error": 0}


def test_hebbs_rule_recalls_50_of_400_nearly():
    data = random_patterns(50, 400)
    found = trained("hopfield", data, recall="synchronous", max_steps=10).diagnostics(data)
    assert found["recalled"] < 1
    assert 0 < found["noisy_error"] < 0.03


def test_the_capacity_of_hebbs_rule():
    """Below .138 n patterns nearly all components are right, beyond it the recall breaks down."""
    x = random_patterns(80, 300).points.x
    model = Hopfield(300, recall="synchronous", max_steps=20)
    below, beyond = _errors(model, x, [30, 80], "hebb")
    assert below < 0.01
    assert beyond > 0.1


def test_letters_that_differ_are_recalled_by_each_rule():
    data = letters("few_letters")
    for rule in RULES:
        assert trained("hopfield", data, rule=rule).diagnostics(data)["recalled"] == 1
    everything = letters()
    models = [trained("hopfield", everything, rule=rule) for rule in RULES]
    stable = [model.diagnostics(everything)["stable"] for model in models]
    assert stable[1] == 1 > stable[2] > stable[0]


def test_the_steps_of_a_recall():
    data = letters("few_letters")
    model = trained("hopfield", data, noise=0.2)
    x = data.train.x
    states = model.states(model.noisy(x))
    assert (states.diff(dim=0).abs().sum(-1) <= 2).all()  # one unit at a time
    assert (model.energy(states).diff(dim=0) <= 0).all()
    assert torch.equal(states[-1], model(model.noisy(x)))
    other = trained("hopfield", data, noise=0.2, recall="synchronous").states(model.noisy(x))
    assert len(other) < len(states)


@pytest.mark.parametrize("name", ["hamming", "modern_hopfield"])
def test_all_letters_are_recalled(name):
    data = letters(batch_size=5)
    model = trained(name, data, noise=0.1)
    assert torch.equal(model.stored, data.train.x)  # in the order of the data
    assert model.diagnostics(data)["recalled"] == 1
    assert model.predict(data.points.x).shape == (26, 35)


def test_continuous_patterns_are_recalled():
    x = torch.randn(40, 64, generator=torch.Generator().manual_seed(0))
    model = trained("modern_hopfield", nnzoo.create_data(x, scale="none", val_fraction=0))
    half = x.clone()
    half[:, 32:] = 0  # half of each pattern is missing
    assert float((model(half) - x).abs().max()) < 0.01


def test_the_nearest_pattern_wins():
    """The Hamming network equals a search through all patterns; of equally near ones the first."""
    data = random_patterns(30, 12)
    model = trained("hamming", data)
    x = random_patterns(200, 12, seed=1).points.x
    distances = (x[:, None] != model.stored).sum(-1)
    assert model.winners(x).tolist() == distances.argmin(1).tolist()
    active = model.competition(x)[-1] > 0  # MAXNET leaves all those that are equally near
    assert torch.equal(active, distances == distances.amin(1, keepdim=True))


def test_the_hamming_network_names_classes():
    data = letters()
    model = trained("hamming", data)
    assert model.predict_labels(data.points.x[[2, 0]]) == ["C", "A"]
    unlabeled = random_patterns(3, 8)
    assert trained("hamming", unlabeled).predict_labels(unlabeled.points.x[1]) == ["pattern 1"]


# How it is stored


@pytest.mark.parametrize("name", ["hamming", "hopfield", "modern_hopfield"])
def test_an_epoch_stores_and_a_training_starts_empty(name):
    data = letters("few_letters")
    one, three = trained(name, data), trained(name, data, epochs=3)
    assert torch.equal(next(one.parameters()), next(three.parameters()))
    train_by_engine(one, data, 1)
    assert torch.equal(next(one.parameters()), next(three.parameters()))


@pytest.mark.parametrize("name", ["hamming", "hopfield", "modern_hopfield"])
def test_states_of_other_types_and_shapes(name):
    data = letters("few_letters")
    model, x = trained(name, data), data.train.x
    assert torch.equal(model.states(x.double()), model.states(x))
    for wrong in (x[0], x[:0], x[:, :3]):
        with pytest.raises(InputError, match=r"states must be \(points, 35\)"):
            model.states(wrong)


def test_more_patterns_can_be_stored_later():
    x = random_patterns(4, 20).points.x
    model, both = Hopfield(20), Hopfield(20)
    model.partial_fit(x[:2]).partial_fit(x[2:])
    both.partial_fit(x)
    assert torch.equal(model.weight, both.weight)
    few = Hamming(20, 3).partial_fit(x[:2])
    with pytest.raises(InputError, match=r"model\.patterns=3 is too few for 4 patterns"):
        few.partial_fit(x[2:])


@pytest.mark.parametrize("name", ["hamming", "hopfield", "modern_hopfield"])
def test_all_rows_of_a_table_are_stored(name):
    x = [[float(bit) for bit in f"{k:06b}"] for k in range(1, 13)]
    run = nnzoo.train(name, x)
    assert [len(run.data.train.x), run.data.raw[1]] == [12, None]
    if name == "hamming":
        assert run.predict(x).tolist() == x
        figure = run.plot("recall")
        shapes = {image.get_array().shape for axes in figure.axes for image in axes.images}
        assert shapes == {(1, 6)}  # no pixels
        assert "in each noisy pattern 1 of 6 components is wrong" in " ".join(
            figure.get_supxlabel().split()
        )


# Input that fails


@pytest.mark.parametrize(
    ("model", "data", "options", "text"),
    [
        (
            "hopfield",
            "iris",
            {},
            r"must have two values, .*; model=modern_hopfield stores",
        ),
        ("hamming", "iris", {"scale": "none"}, "data.scale=bipolar maps data with two values"),
        ("hopfield", "letters", {"rule": "hebbian"}, r"unknown model\.rule 'hebbian'"),
        ("hopfield", "letters", {"recall": "async"}, r"unknown model\.recall 'async'"),
        ("hopfield", "letters", {"noise": 2}, r"model\.noise must be"),
        ("hopfield", "letters", {"max_steps": 0}, r"model\.max_steps must be"),
        ("modern_hopfield", "letters", {"beta": 0}, r"model\.beta must be"),
        ("hamming", "letters", {"patterns": 5}, r"model\.patterns=5 is too few for 26 patterns"),
    ],
)
def test_input_that_fails(model, data, options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train(model, data, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"letters": "ab"}, r"data\.letters must be capital letters, such as ACE; got 'ab'"),
        ({"letters": ""}, r"data\.letters must be"),
        ({"letters": "ABA"}, r"data\.letters=ABA has a letter twice"),
        ({"noise": 1.5}, r"data\.noise must be"),
        ({"copies": 0}, r"data\.copies must be"),
    ],
)
def test_letters_that_fail(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.create_data("letters", **options)


def test_patterns_of_unequal_length():
    with pytest.raises(InputError, match=r"data\.x must be rows of numbers of equal length"):
        Inline([[1, -1], [1]])


def test_a_plain_loader_is_checked_too():
    model = Hopfield(3)
    with pytest.raises(InputError, match="patterns must be -1 and 1"):
        model.partial_fit([[0.0, 1, 1]])


def test_more_patterns_than_the_rule_can_recall_are_a_note():
    data = letters()
    (note,) = nnzoo.create_model("hopfield", data).notes(data)
    assert note.startswith("26 patterns exceed what model.rule=hebb can recall: about 5 random")
    assert not nnzoo.create_model("hopfield", data, rule="pseudo_inverse").notes(data)


def test_noisy_letters():
    data = nnzoo.create_data("letters", letters="AZ", copies=3, noise=0.1)
    clean = nnzoo.create_data("letters", letters="AZ").points.x
    assert ((data.points.x - clean.repeat(3, 1)).abs().sum(1) == 4).all()
    assert data.points.y.tolist() == [0, 1] * 3
