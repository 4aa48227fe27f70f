"""The pages of docs: a card per model, every figure in the gallery, messages as printed."""

import re
import shlex
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from helpers import tiny_model

import nnzoo
from nnzoo.catalogue import entries
from nnzoo.cli.listing import target
from nnzoo.models import Supervised
from nnzoo.models.bases.online import Online
from nnzoo.models.pictures.kinds import PICTURES as FIGURES
from nnzoo.runs import predictions
from nnzoo.sklearn.points import WEIGHTED

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {page.relative_to(DOCS).as_posix(): page.read_text("utf-8") for page in DOCS.rglob("*.md")}
SECTIONS = ["Equation", "Shapes", "Results", "Limits", "Options"]
sys.path.insert(0, str(DOCS))
from measured.pictures import PICTURES, SCREENSHOTS  # noqa: E402  beside the pages

FAQ = re.findall(r"^```sh\nnnzoo (.*)\n```\n\n```text\n(.*)\n```$", PAGES["faq.md"], re.MULTILINE)
TABLE = re.findall(r"^```csv (\S+)\n(.*?)^```", PAGES["faq.md"], re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", nnzoo.list_models())
def test_every_model_has_a_card(name):
    card = PAGES[f"models/{name}.md"]
    assert re.findall("^## (.*)$", card, re.MULTILINE) == SECTIONS
    assert "**When not to use it.**" in card
    measured = "](../results.md#", f"](../tutorials/{name}.md#", "<!--/-->"
    assert any(mark in card for mark in measured)
    assert "](../pictures/" in card
    # mkdocstrings makes the table of options from the signature and the docstring.
    assert f"\n::: {target('model', name)}\n" in card
    assert f'--8<-- "conf/model/{name}.yaml"' in card
    assert f"({name}.md)" in PAGES["models/README.md"]


def test_no_card_is_left_over():
    cards = {Path(page).stem for page in PAGES if page.startswith("models/")}
    assert cards == {*entries("model"), "README"}


def test_the_gallery_shows_every_figure():
    shown = re.findall(r"\(pictures/([\w.]+)\)", PAGES["gallery.md"])
    figures = {Path(PICTURES[name][0]).stem for name in shown}
    assert figures == {*FIGURES, "sweep"}


def test_every_picture_is_drawn_by_a_command_of_its_page():
    used = set()
    for page, text in PAGES.items():
        for name in re.findall(r"pictures/([\w.]+)\)", text):
            used.add(name)
            if name not in SCREENSHOTS:
                assert PICTURES[name][1] in text.split() or page in ("sweeps.md", "README.md"), name
    assert (
        used == set(PICTURES) | SCREENSHOTS == {file.name for file in (DOCS / "pictures").iterdir()}
    )


@cache
def tiny_models():
    return {name: tiny_model(name).eval() for name in nnzoo.list_models()}


def answers(function):
    """Whether a function has an answer for a model, for two points or a sequence of them."""

    def is_answered(model):
        try:
            function(model, torch.zeros(2, model.in_features))
        except nnzoo.InputError:
            return False
        return True

    return is_answered


LISTS = {
    "run.predict_proba(x)": answers(predictions.predict_proba),
    "run.encode(x)": answers(predictions.encode),
    "run.score_samples(x)": answers(predictions.score_samples),
    "run.sample(n, seed)": answers(lambda model, x: model.sample(1)),
    "set these weights by hand": lambda model: "initial_weight" in model.hparams,
    "also learn point by point": lambda model: isinstance(model, Online),
    "lr_find` suggests a learning rate": lambda model: model.automatic_optimization,
    "`data.target` the points have no": lambda model: not isinstance(model, Supervised),
    "One monitored metric": lambda model: model.monitor != "loss",
    "have the option `model.class_weight`": lambda model: "class_weight" in model.hparams,
    "Sample and class weights work only with": lambda model: type(model) in WEIGHTED,
    "with another `trainer.max_epochs`": lambda model: model.follows_length,
}


@pytest.mark.parametrize("phrase", LISTS)
def test_a_list_of_models_is_complete(phrase):
    """The models that the line of a table, or the paragraph, with a phrase names."""
    parts = [p for text in PAGES.values() for p in re.split(r"\n\n|\n(?=[|-])", text)]
    (part,) = [part for part in parts if phrase in " ".join(part.split())]
    named = {*re.findall(r"`(\w+)`", part)} & {*nnzoo.list_models()}
    assert named == {name for name, model in tiny_models().items() if LISTS[phrase](model)}


def test_links_lead_to_files():
    for page, text in PAGES.items():
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (DOCS / page).parent.joinpath(link).exists(), f"{page}: {link}"


def test_the_questions_are_read():
    assert len(FAQ) == PAGES["faq.md"].count("```sh") > 10


@pytest.mark.parametrize(("typed", "message"), FAQ, ids=[typed for typed, _ in FAQ])
def test_a_mistake_prints_the_message_of_the_page(typed, message, command, trained, tmp_path):
    for name, text in TABLE:
        (tmp_path / name).write_text(text)
    if typed.endswith("trainer=gpu") and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    run = [f"run={trained('model=perceptron')}"] if typed.startswith("predict") else []
    printed = command(*shlex.split(typed), *run)
    if message.startswith("note: "):
        assert (printed.code, printed.err) == (0, "")
        assert message in printed.out.splitlines()
    else:
        assert printed.code == 1
        assert printed.err.endswith(f"{message}\n")
        assert [file.name for file in tmp_path.iterdir()] == [name for name, _ in TABLE]
