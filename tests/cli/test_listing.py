"""The catalogue, read as text, agrees with the imported classes."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from nnzoo.cli import listing, sources
from nnzoo.cli.listing import chosen, description, merged, options, print_list, read, target
from nnzoo.cli.main import main
from nnzoo.cli.sources import arguments, attribute, shown
from nnzoo.entries import entries
from nnzoo.errors import InputError

ENTRIES = [(group, name) for group in ("model", "data") for name in entries(group)]


def test_a_closed_output_is_not_an_error(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", None)
        patched.setattr(sys, "stderr", None)
        main(["list", "models"])
        with pytest.raises(SystemExit) as stopped:
            main(["lst"])
        sys.stdout.close()
        sys.stderr.close()
    assert stopped.value.code == 1


def test_models_have_a_column_of_sources(capsys):
    print_list(["models"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == entries("model")
    line = next(line for line in lines if line.startswith("mlp "))
    assert line.endswith("  Rumelhart, Hinton & Williams, 1986")
    assert "(" not in line
    texts = {line.index(line.split(maxsplit=1)[1]) for line in lines}
    assert len(texts) == 1
    sources = {line.rindex("  ") for line in lines if line[-4:].isdigit() and ";" not in line}
    assert len(sources) == 1


@pytest.mark.parametrize("kind", ["data", "experiments"])
def test_others_have_two_columns(kind, capsys):
    group = listing.KINDS[kind]
    print_list([kind])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == entries(group)
    assert all(line.endswith(description(group, line.split()[0])) for line in lines)
    assert not any(line.endswith(" ") for line in lines)


def test_an_unknown_kind_of_list():
    with pytest.raises(
        InputError, match="unknown kind of list 'model'; did you mean 'models'"
    ) as e:
        print_list(["model"])
    assert str(e.value).endswith("known: data, experiments, models")


@pytest.mark.parametrize("group", listing.GROUPS)
def test_each_entry_has_a_description(group):
    for name in entries(group):
        assert description(group, name)
        assert not description(group, name).startswith(("@", "Expected"))


def test_nothing_heavy_is_imported():
    code = (
        "import sys;"
        "import nnzoo.cli.suggestions as s, nnzoo.cli.help as h, nnzoo.cli.listing as l;"
        "heavy = 'hydra', 'lightning', 'matplotlib', 'numpy', 'sklearn', 'torch';"
        "assert not {*heavy} & {*sys.modules}, 'at import';"
        "l.print_list(['models']); h.help_text([]); h.help_text(['model=mlp', 'data=samples']);"
        "s.check_arguments(['model=mlp', 'seed=1', '-m']);"
        "assert not {*heavy} & {*sys.modules}, 'when used'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_read_follows_the_entry_that_it_builds_on(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "base.yaml").write_text(
        "# @package _global_\n"
        "# A model.\n"
        "defaults:\n"
        "  - override /data: xor\n"
        "model:\n"
        "  _target_: nnzoo.models.MLP\n"
        "  hidden: [8, 4]   # two layers\n"
        "  init: a#b        # with a hash\n"
        "  optimizer:       # its options\n"
        "    name: sgd      # plain\n"
        "    lr: 1.0\n"
        "trainer:\n"
        "  max_epochs: 50   # enough\n"
    )
    (tmp_path / "model" / "derived.yaml").write_text(
        "# @package _global_\n"
        "defaults: [base]\n"
        "model:\n"
        "  hidden: []\n"
        "  optimizer:\n"
        "    name: adam   # better\n"
    )
    monkeypatch.setattr("nnzoo.entries.conf_dir", lambda: tmp_path)
    entry = read("model", "derived")
    assert entry["defaults"] == {"data": "xor"}
    assert entry["trainer"] == {"max_epochs": 50}
    assert entry["model"] == {
        "_target_": "nnzoo.models.MLP",
        "hidden": [],
        "init": "a#b",
        "optimizer": {"name": "adam", "lr": 1.0},
    }
    comments = {key: comment for key, comment in entry["comments"].items() if comment}
    assert comments == {  # without those of values that the derived entry replaces
        "model.init": "with a hash",
        "model.optimizer.name": "better",
        "trainer.max_epochs": "enough",
    }


@pytest.mark.parametrize("group", listing.GROUPS)
def test_read_takes_every_entry(group):
    for name in entries(group):
        assert isinstance(read(group, name).get(group, {}), dict)


def test_read_the_root():
    root = read("", "train")
    assert root["seed"] == 0
    assert root["defaults"]["trainer"] in entries("trainer")
    assert root["comments"]["seed"]


def test_nested_mappings_are_merged():
    below = {"a": {"b": 1, "c": 2}, "d": {"e": 1}, "f": 1}
    above = {"a": {"c": 3}, "d": None, "f": {"g": 1}}
    assert merged(below, above) == {"a": {"b": 1, "c": 3}, "d": None, "f": {"g": 1}}


@pytest.mark.parametrize(
    ("typed", "group", "name"),
    [
        ("", "model", None),
        ("model=mlp", "model", "mlp"),
        ("model=mlp model=vae", "model", "vae"),
        ("+model=mlp", "model", "mlp"),
        ("model=mlp,vae", "model", "mlp,vae"),
        ("model=nothing", "model", "nothing"),
        ("model=nothing", "data", None),
        ("model=mlp,vae", "data", None),
        ("model.units=3", "model", None),
        ("model=mlp", "data", "parabola"),
        ("model=sigmoid_neuron", "data", "synaptic"),
        ("model=mlp data=iris", "data", "iris"),
        ("experiment=xor_tutorial", "model", "mlp"),
        ("experiment=xor_tutorial", "data", "xor"),
        ("experiment=xor_tutorial model=vae", "model", "vae"),
        ("experiment=null model=vae", "model", "vae"),
        ("experiment=synaptic_tutorial", "trainer", "cpu"),
        ("-m --cfg job", "experiment", None),
    ],
)
def test_the_chosen_entry_of_a_group(typed, group, name):
    assert chosen(typed.split(), group) == name


def test_options_by_what_is_chosen():
    assert "optimizer" in options(["model=mlp"])["model"]
    assert "optimizer" not in options(["model=perceptron"])["model"]
    assert {"optimizer", "rule"} <= options(["model=glob(*)"])["model"].keys()
    assert {"optimizer", "rule"} <= options([])["model"].keys()
    assert "rule" not in options(["model=mlp,vae"])["model"]
    assert options(["model=of_a_user"])["model"] == {}
    assert options(["model=mlp", "model._target_=my.Model"])["model"] == {}
    assert "path" in options(["model=mlp", "data=csv"])["data"]
    assert "path" not in options(["model=mlp"])["data"]


@pytest.mark.parametrize(("group", "name"), ENTRIES)
def test_arguments_cover_the_yaml(group, name):
    """The names come from the source of the class, so torch is not imported."""
    values = read(group, name)[group]
    assert values.keys() - {"_target_"} <= arguments(target(group, name)).keys()


def test_arguments_follow_bases(tmp_path, monkeypatch):
    package = tmp_path / "nnzoo" / "zoo"
    package.mkdir(parents=True)
    (tmp_path / "nnzoo" / "base.py").write_text(
        "class Base(Other[int]):\n"
        "    flag: int\n"
        "    table = {'a': 1}\n"
        "    def __init__(self, a, *, b: float = 0.5, late: str, **options): ...\n"
    )
    (package / "middle.py").write_text(
        "from nnzoo.base import Base\n"
        "SIZE = 7\n"
        "class Middle(Base): flag = None\n"
        "class Late(Middle):\n"
        "    def __init__(self, a: int = SIZE, c=(1, 2), **options: Any) -> None: ...\n"
        "class Closed(Middle):\n"
        "    def __init__(self, only: bool = True) -> None: ...\n"
    )
    spec = type("Spec", (), {"submodule_search_locations": [tmp_path / "nnzoo"]})
    monkeypatch.setattr(sources, "find_spec", lambda name: spec)
    sources._texts.cache_clear()
    found = {name: arguments(f"nnzoo.zoo.{name}") for name in ("Middle", "Late", "Closed")}
    assert found["Middle"] == {"a": (None, ""), "b": ("0.5", "float"), "late": (None, "str")}
    assert found["Late"] == {
        **{"a": ("7", "int"), "c": ("[1, 2]", "")},
        **{"b": ("0.5", "float"), "late": (None, "str")},
    }
    assert list(found["Late"]) == ["a", "c", "b", "late"]
    assert found["Closed"] == {"only": ("true", "bool")}
    assert arguments("nnzoo.zoo.Absent") == arguments("elsewhere.Class") == {}
    assert ast.literal_eval(attribute("nnzoo.zoo.Late", "table")) == {"a": 1}
    assert ast.literal_eval(attribute("nnzoo.zoo.Late", "flag")) is None
    assert attribute("nnzoo.zoo.Late", "absent") is None
    sources._texts.cache_clear()


def test_arguments_of_the_trainer_are_lightnings():
    folder = find_spec("lightning").submodule_search_locations[0]
    tree = ast.parse(Path(folder, "pytorch", "trainer", "trainer.py").read_text(encoding="utf-8"))
    trainer = next(node for node in tree.body if getattr(node, "name", "") == "Trainer")
    init = next(node for node in trainer.body if getattr(node, "name", "") == "__init__")
    names = [a.arg for a in (*init.args.args[1:], *init.args.kwonlyargs)]
    assert list(arguments(listing.TRAINER)) == names
    assert arguments(listing.TRAINER)["max_epochs"].default == "null"


@pytest.mark.parametrize(
    ("annotation", "words"),
    {
        "int": "int",
        "float | None": "float or null",
        "Sequence[int]": "list of int",
        "Sequence[Sequence[float]] | None": "list of list of float or null",
        "Sequence[Any]": "list",
        "list": "list",
        "dict[str, Any] | None": "mapping or null",
        "Mapping[str, Any]": "mapping",
        'float | Literal["auto", "x"] | None': "float or auto, x or null",
        "Any": "",
    }.items(),
)
def test_annotations_in_words(annotation, words):
    assert sources._type(ast.parse(annotation, mode="eval").body) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.001, "0.001"),
        ("relu", "relu"),
        ("", '""'),
        ("${seed}", "as seed"),
        ([1, [2.5, None]], "[1, [2.5, null]]"),
        ((), "[]"),
        ({"name": "adam", "betas": [0.9]}, "{name: adam, betas: [0.9]}"),
    ],
)
def test_values_as_text(value, text):
    assert shown(value) == text
