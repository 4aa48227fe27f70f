"""What the README tells people to type does what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest

import nnzoo

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```(python)?\n(.*?)```", README, re.DOTALL)
LINES = [
    [line for line in block.splitlines() if line.startswith("python scripts/")]
    for language, block in BLOCKS
    if not language
]
TRAIN = "python scripts/train.py "
COMMANDS = [line.removeprefix(TRAIN) for lines in LINES for line in lines if line.startswith(TRAIN)]
SEQUENCES = [lines for lines in LINES if not all(line.startswith(TRAIN) for line in lines)]


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


@pytest.mark.parametrize("lines", SEQUENCES, ids=lambda lines: lines[0])
def test_commands_after_one_another(lines, nnzoo_train, nnzoo_predict, nnzoo_evaluate, tmp_path):
    doors = {"train": nnzoo_train, "predict": nnzoo_predict, "evaluate": nnzoo_evaluate}
    for line in lines:
        _, script, *arguments = shlex.split(line)
        said = doors[Path(script).stem](*arguments)
        assert (said.code, said.err) == (0, ""), line
        for argument in arguments:
            if argument.startswith("output="):
                assert (tmp_path / argument.removeprefix("output=")).is_file()
    evaluated = sum("evaluate.py" in line for line in lines)
    assert len(list(tmp_path.rglob("evaluation*/result.json"))) == evaluated


def test_every_door_is_shown():
    shown = {shlex.split(line)[1] for lines in LINES for line in lines}
    scripts = Path(__file__).parents[1] / "scripts"
    assert shown == {f"scripts/{path.name}" for path in scripts.glob("*.py")}


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
