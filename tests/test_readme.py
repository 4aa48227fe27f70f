"""What the README tells people to type does what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest

import nnzoo

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```(python)?\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.removeprefix("python scripts/train.py ")
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
    if line.startswith("python scripts/train.py ")
]


def test_set_up_is_two_commands():
    assert [line for _, block in BLOCKS for line in block.splitlines() if "pip" in line] == [
        "pip install -c constraints.txt -e . && python scripts/train.py model=autoencoder",
        'pip install -c constraints.txt -e ".[test]" && pytest',
    ]


def test_the_table_names_every_model():
    assert set(nnzoo.list_models()) <= set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command, nnzoo_train, tmp_path):
    said = nnzoo_train(*shlex.split(command))
    assert (said.code, said.err) == (0, "")
    results = list(tmp_path.rglob("result.json"))
    assert results
    assert all(json.loads(path.read_text())["status"] == "completed" for path in results)


@pytest.mark.filterwarnings(
    # Lightning's remarks to a person at a plain Trainer, none of them about nnzoo.
    "ignore:.*LeafSpec.*is deprecated",
    "ignore:.*could not be installed",
)
def test_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for language, block in BLOCKS:
        if language:
            exec(block, names)
    assert names["model"].predict([[5.1, 3.5, 1.4, 0.2]]).argmax() == 0  # a setosa
