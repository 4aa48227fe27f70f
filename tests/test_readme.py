"""Every command and all Python code in the README works."""

import json
import re
import shlex
from pathlib import Path

import pytest

import nnzoo

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(python)?\n(.*?)```", README, re.DOTALL)
SCRIPT = re.compile(r"^python scripts/(\w+)\.py ?")
# The commands of each block; in LINES without "nnzoo".
TYPED = [
    [line for line in block.splitlines() if line.startswith(("nnzoo ", "python scripts/"))]
    for language, block in BLOCKS
    if not language
]
LINES = [[SCRIPT.sub(r"\1 ", line).removeprefix("nnzoo ") for line in lines] for lines in TYPED]
SEQUENCES = [lines for lines in LINES if any(not line.startswith("train ") for line in lines)]
COMMANDS = [line for lines in LINES if lines not in SEQUENCES for line in lines]


def check_training(command, folder, *arguments):
    """Run a training in an empty folder; all its jobs are completed."""
    printed = command(*arguments)
    assert (printed.code, printed.err) == (0, "")
    results = list(folder.rglob("result.json"))
    assert results
    assert all(json.loads(path.read_text())["status"] == "completed" for path in results)


def test_set_up_is_two_commands():
    assert [line for _, block in BLOCKS for line in block.splitlines() if "pip" in line] == [
        "pip install -c constraints.txt -e . && python scripts/train.py model=autoencoder",
        'pip install -c constraints.txt -e ".[test]" && pytest',
    ]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_the_table_names_every_model():
    table = README.split("## Models")[1].split("## Change")[0]
    assert set(nnzoo.list_models()) <= set(re.findall(r"`(\w+)`", table))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_training_command_works(line, command, tmp_path):
    if "FILE.csv" in line:
        rows = "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(40))
        (tmp_path / "FILE.csv").write_text(f"width,height,COLUMN\n{rows}\n")
    check_training(command, tmp_path, *shlex.split(line))


@pytest.mark.parametrize("lines", SEQUENCES, ids=lambda lines: lines[0])
def test_commands_work_one_after_the_other(lines, command, tmp_path):
    for line in lines:
        name, *arguments = shlex.split(line)
        printed = command(name, *arguments)
        assert (printed.code, printed.err) == (0, ""), line
        for argument in arguments:
            if argument.startswith("output="):
                assert (tmp_path / argument.removeprefix("output=")).is_file()
    evaluated = sum(line.startswith("evaluate") for line in lines)
    assert len(list(tmp_path.rglob("evaluation*/result.json"))) == evaluated


def test_every_script_and_its_command_are_shown():
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    typed = [line for lines in TYPED for line in lines]
    assert {line.split()[1] for line in typed if line.startswith("nnzoo ")} == scripts
    shown = {Path(shlex.split(line)[1]).stem for line in typed if not line.startswith("nnzoo ")}
    assert shown == scripts


def test_links_lead_to_files():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_python_code_works(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for language, block in BLOCKS:
        if language:
            exec(block, names)
    assert names["run"].predict([[5.1, 3.5, 1.4, 0.2]]).tolist() == ["setosa"]
