"""The command, the module, the scripts, the wheel; help and version."""

import gc
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import nnzoo
from nnzoo.cli import command as shared
from nnzoo.cli import evaluate, main, predict
from nnzoo.entries import entries

ROOT = Path(__file__).parents[2]


def printed_light(*arguments, yaml="omegaconf"):
    """The output of a command that imports nothing heavy, except ``yaml`` to read YAML."""
    code = (
        "import sys\n"
        f"from nnzoo.cli.main import main; main({arguments!r})\n"
        "heavy = {'torch', 'lightning', 'hydra', 'omegaconf', 'matplotlib', 'sklearn', 'rich'}\n"
        f"heavy = (heavy | {{'numpy'}}) & set(sys.modules) - {{{yaml!r}}}\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def test_help_names_every_entry():
    lines = printed_light("train", "--help", yaml="").splitlines()
    for name in nnzoo.list_models() + nnzoo.list_data():
        named = [text.split() for text in lines if text.split()[:1] == [name]]
        assert named, name
        assert all(words[1:] for words in named), f"{name} is not described"


@pytest.mark.parametrize("module", [predict, evaluate], ids=["predict", "evaluate"])
def test_help_names_every_key(module):
    text = printed_light(module.__name__.rpartition(".")[2], "-h")
    assert all(f"{key}=" in text for key in module.KEYS)


def test_help_of_a_model():
    text = printed_light("train", "model=mlp", "--help")
    for part in ("model.hidden", "[10, 10]", "data.n_points", "trainer.max_epochs", "model=mlp"):
        assert part in text


@pytest.mark.parametrize("typed", [(), ("--help",), ("-h",)])
def test_help_of_the_command(typed):
    text = printed_light(*typed, yaml="")
    assert all(f"  {name}  " in text for name in main.COMMANDS)


def test_version():
    assert printed_light("--version", yaml="") == f"nnzoo {nnzoo.__version__}\n"
    assert printed_light("train", "--version", yaml="") == f"nnzoo {nnzoo.__version__}\n"


def test_help_of_list():
    text = "usage: nnzoo list models, nnzoo list data or nnzoo list experiments\n"
    assert printed_light("list", "--help") == printed_light("list", "models", "-h") == text


@pytest.mark.parametrize("kind", ["models", "data", "experiments"])
def test_lists(kind):
    group = {"models": "model", "experiments": "experiment"}.get(kind, kind)
    lines = printed_light("list", kind).splitlines()
    assert [line.split()[0] for line in lines] == entries(group)
    assert all(len(line.split()) >= 2 for line in lines)


MISTAKES = {
    "trian model=mlp": "unknown command 'trian'; did you mean 'train'?",
    "model=mlp": "unknown command 'model=mlp'; known: evaluate, export, list, predict, report, "
    "train; did you mean nnzoo train model=mlp?",
    "list": "write nnzoo list models, nnzoo list data or nnzoo list experiments",
    "-sc install=csh": "unknown shell 'csh'; did you mean 'zsh'? known: bash, fish, zsh",
    "-sc": "write nnzoo -sc install=SHELL; known: bash, fish, zsh",
    "list model": "unknown kind of list 'model'; did you mean 'models'?",
    "train model=mlp --epochs 3": "unknown flag '--epochs'; did you mean trainer.max_epochs=3?",
}


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_gives_one_line_and_no_file(typed, command, tmp_path):
    printed = command(*typed.split())
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert MISTAKES[typed] in printed.err
    assert not list(tmp_path.iterdir())


def test_config_is_printed_without_a_run(nnzoo_train, tmp_path):
    printed = nnzoo_train("model=autoencoder", "model.latent=2", "--cfg", "job")
    assert printed.code == 0
    assert "latent: 2" in printed.out
    assert not list(tmp_path.iterdir())


def test_groups_that_are_none_by_default_may_be_typed(nnzoo_train):
    printed = nnzoo_train("model=autoencoder", "debug=null", "experiment=null", "--cfg", "job")
    assert (printed.code, printed.err) == (0, "")


def test_the_script_trains(tmp_path):
    run = subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", "model=perceptron", "hydra.run.dir=run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "run" / "figures" / "boundary.png").is_file()


def test_a_run_names_the_next_step(nnzoo_train, nnzoo_predict, tmp_path):
    printed = nnzoo_train("model=perceptron", "figures=none", "hydra.run.dir='a run'")
    line = printed.out.splitlines()[-1]
    assert line.startswith("try it  ")
    name, predict, run = shlex.split(line.removeprefix("try it"))
    assert (name, predict, run) == ("nnzoo", "predict", "run=a run")
    assert nnzoo_predict(run, "input=[1,2]").code == 0


def test_typed_points_are_not_called_by_the_name_of_the_data(nnzoo_train, nnzoo_evaluate):
    points = ("data.x=[[0,0],[0,1]]", "data.y=[0,1]")
    printed = nnzoo_train("model=perceptron", *points, "figures=none", "hydra.run.dir=run")
    assert "on typed points (2 points x 2 features, 2 classes)" in printed.out
    assert "on typed points (" in nnzoo_evaluate("run=run", "figures=none").out
    assert "on typed points (" in nnzoo_evaluate("run=run", "data=xor", *points).out
    assert "on xor (" in nnzoo_evaluate("run=run", "data=xor").out


def test_the_script_evaluates(trained, tmp_path):
    """test_prompt.py runs the script that predicts."""
    shutil.copytree(trained("model=perceptron"), tmp_path / "run")
    command = [sys.executable, ROOT / "scripts" / "evaluate.py", "run=run", "figures=none"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "run" / "evaluation" / "result.json").is_file()


@pytest.mark.slow
def test_a_closed_pipe_gives_no_traceback(trained, tmp_path):
    code = (
        "import os, sys; from nnzoo.cli.main import main\n"
        "reader, writer = os.pipe(); os.dup2(writer, 1); os.close(reader)\n"
        "main(['predict', *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", code, f"run={trained('model=perceptron')}", "input=[1,2]"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "")


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory):
    """The Python of a new environment that holds the wheel and nothing else of nnzoo.

    The dependencies of nnzoo come from this environment, by path.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    purelib = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    site = Path(purelib.stdout.strip())
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", site, wheel]
    subprocess.run(install, check=True, capture_output=True)
    borrowed = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True)
    (site / "borrowed.pth").write_text(borrowed.stdout)
    return python


@pytest.mark.slow
def test_the_wheel_works_without_the_source_tree(empty_environment, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)  # which would name the source tree

    def run(*arguments):
        return subprocess.run(
            [empty_environment, *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    where = run("-c", "import nnzoo; print(nnzoo.conf_dir())").stdout.strip()
    assert where.startswith(str(empty_environment.parents[1]))
    trained = run("-m", "nnzoo", "train", "model=competitive", "debug=default", "hydra.run.dir=run")
    assert (trained.returncode, trained.stderr) == (0, "")
    assert (tmp_path / "run" / "figures" / "clusters.png").is_file()
    asked = run("-m", "nnzoo", "predict", "run=run", "input=[1,2,3]")
    assert (asked.returncode, asked.stderr) == (0, "")
    searched = run(
        "-c",
        "from hydra import compose, initialize_config_module\n"
        "with initialize_config_module('nnzoo.conf', version_base='1.3'):\n"
        "    print(compose('train', ['model=autoencoder']).model._target_)",
    )
    assert searched.stdout.strip() == "nnzoo.models.Autoencoder"

    helps = [[], ["train", "model=mlp"], *([name] for name in main.COMMANDS)]
    typed = [*([*words, "--help"] for words in helps), ["trian"], ["train", "modle=mlp"]]
    code = (
        "from contextlib import suppress; from nnzoo.cli.main import main\n"
        f"for words in {typed}:\n"
        "    with suppress(SystemExit): main(words)"
    )
    printed = run("-c", code)
    assert printed.stdout.count("usage: nnzoo") == len(helps)
    assert printed.stderr.count("did you mean") == 2
    hints = trained.stdout + asked.stdout + printed.stdout + printed.stderr
    assert not re.search(r"scripts/|pip install (-c|-e)|docs/", hints)


SKIPPING = """
[mypy]
[mypy-torch.*,lightning.*,torchmetrics.*,numpy.*,pandas.*,sklearn.*,scipy.*,matplotlib.*]
follow_imports = skip
"""


@pytest.mark.slow
def test_mypy_sees_the_types_of_the_wheel(empty_environment, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = "import nnzoo\nreveal_type(nnzoo.train)\nnnzoo.list_models(3)\n"
    (tmp_path / "theirs.py").write_text(code)
    (tmp_path / "mypy.ini").write_text(SKIPPING)
    mypy = [sys.executable, "-m", "mypy", "--python-executable", empty_environment, "theirs.py"]
    ran = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True)
    assert "nnzoo.runs.trained.Run" in ran.stdout, ran.stdout + ran.stderr
    assert 'theirs.py:3: error: Argument 1 to "list_models"' in ran.stdout
    assert "Found 1 error" in ran.stdout


def test_libraries_are_imported_without_a_search_for_garbage(monkeypatch):
    done = []
    monkeypatch.delitem(sys.modules, "lightning.pytorch", raising=False)
    monkeypatch.setattr(shared, "import_module", lambda name: done.append(gc.isenabled()))
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    shared.load_libraries()
    assert done == [False, "freeze"]
    assert gc.isenabled()


def test_libraries_that_are_there_are_left_alone(monkeypatch):
    """A process that already trains may have garbage, which must not be frozen."""
    monkeypatch.setitem(sys.modules, "lightning.pytorch", object())
    monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("frozen"))
    shared.load_libraries()
