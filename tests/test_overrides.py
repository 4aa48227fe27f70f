"""Quoting of overrides, and options that other names may mean."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from nnzoo.cli.suggestions import misread
from nnzoo.overrides import options_meant, quoted

PATHS = (
    *("houses.csv", "x1.csv", "a/b.csv", "../a-b_c.csv", "a,b.csv", "a b.csv", " a", "a ", "a  b"),
    *("a[1].csv", "a{1}", "a(1).csv", "a=b.csv", "Müller.csv", "日本.csv", "it's.csv", 'it\'s "x"'),
    *(
        '"quoted".csv',
        "'quoted'",
        "C:\\x.csv",
        "C:\\a b\\",
        "\\\\server\\x",
        'a\\"b',
        "a\\'b",
        "a\\",
    ),
    *(
        "007",
        "1e3",
        "1_0",
        ".5",
        "true",
        "NULL",
        "nan",
        "inf",
        "-1",
        "~x",
        "#x",
        "a;b",
        "$HOME",
        "*",
    ),
    *("a&b|c", "a!b", "`a`", "%x%", "@x", "a:b", "", "+x"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_quoted_path_is_read_unchanged(path):
    parser = OverridesParser.create()
    (argument,) = shlex.split(quoted("data.path", path, windows=False))
    assert parser.parse_override(argument).value() == path
    assert misread("data.path", argument.partition("=")[2]) is None


@pytest.mark.parametrize("path", [path for path in PATHS if '"' not in path])  # Windows has none
def test_a_path_quoted_for_windows_is_read_unchanged(path):
    text = quoted("data.path", path, windows=True)
    if text.startswith('"'):
        assert text.endswith('"')
        text = text[1:-1]
    assert '"' not in text
    assert OverridesParser.create().parse_override(text).value() == path


def test_quotes_are_added_only_where_needed():
    assert quoted("data.path", "a/x1.csv") == "data.path=a/x1.csv"
    assert quoted("data.path", "a,b.csv", windows=False) == "'data.path=\"a,b.csv\"'"
    assert quoted("data.path", "a,b.csv", windows=True) == "\"data.path='a,b.csv'\""


def test_options_meant():
    known = {"model": {"optimizer"}, "data": {"batch_size"}, "seed": ()}
    assert options_meant("lr", known) == options_meant("model.eta", known) == ["model.optimizer.lr"]
    assert options_meant("lr", {"model": {"lr", "optimizer"}}) == ["model.lr", "model.optimizer.lr"]
    assert options_meant("random_state", known) == ["seed"]
    assert options_meant("epochs", known) == ["trainer.max_epochs"]
    assert options_meant("data.lr", known) == options_meant("hidden_size", known) == []
    assert options_meant("seeds", known) == options_meant("nothing", known) == []
