"""The ways in: the help, the script, the module, the wheel."""

import gc
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import nnzoo
from nnzoo.training import door as doors
from nnzoo.training import evaluate, predict

ROOT = Path(__file__).parents[2]


def said_by_help(module):
    """What a command prints to ``--help``, which imports nothing heavy."""
    code = (
        "import sys; sys.argv = ['door.py', '--help']\n"
        f"from nnzoo.training.{module} import main; main()\n"
        "heavy = {'torch', 'lightning', 'hydra', 'omegaconf', 'matplotlib', 'sklearn', 'rich'}\n"
        "heavy = (heavy | {'numpy'}) & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def test_help_names_every_entry():
    lines = said_by_help("cli").splitlines()
    for name in nnzoo.list_models() + nnzoo.list_data():
        (line,) = [text for text in lines if text.split()[:1] == [name]]
        assert line.split()[1:], f"{name} is not described"


@pytest.mark.parametrize("module", [predict, evaluate], ids=["predict", "evaluate"])
def test_help_names_every_key(module):
    said = said_by_help(module.__name__.rpartition(".")[2])
    assert all(f"{key}=" in said for key in module.KEYS)


def test_config_is_printed_without_a_run(nnzoo_train, tmp_path):
    said = nnzoo_train("model=autoencoder", "model.latent=2", "--cfg", "job")
    assert said.code == 0
    assert "latent: 2" in said.out
    assert not list(tmp_path.iterdir())


def test_groups_that_are_none_by_default_may_be_said(nnzoo_train):
    said = nnzoo_train("model=autoencoder", "debug=null", "experiment=null", "--cfg", "job")
    assert (said.code, said.err) == (0, "")


def test_script(tmp_path):
    run = subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", "model=perceptron", "hydra.run.dir=run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "run" / "figures" / "boundary.png").is_file()


def test_a_run_names_the_next_step(nnzoo_train, nnzoo_predict, tmp_path):
    said = nnzoo_train("model=perceptron", "figures=none", "hydra.run.dir='a run'")
    line = said.out.splitlines()[-1]
    assert line.startswith("try it  ")
    python, script, run = shlex.split(line.removeprefix("try it"))
    assert (python, script, run) == ("python", "scripts/predict.py", "run=a run")
    assert (ROOT / script).is_file()
    assert nnzoo_predict(run, "input=[1,2]").code == 0


def test_scripts_of_a_trained_model(trained, tmp_path):
    shutil.copytree(trained("model=perceptron"), tmp_path / "run")
    for script, argument in (("predict", "input=[1,2]"), ("evaluate", "figures=none")):
        command = [sys.executable, ROOT / "scripts" / f"{script}.py", "run=run", argument]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "run" / "evaluation" / "result.json").is_file()


def test_a_reader_that_has_seen_enough(trained, tmp_path):
    code = (
        "import os, sys; from nnzoo.training.predict import main\n"
        "reader, writer = os.pipe(); os.dup2(writer, 1); os.close(reader)\n"
        "main()"
    )
    command = [sys.executable, "-c", code, f"run={trained('model=perceptron')}", "input=[1,2]"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "")


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory):
    """The Python of a new environment that holds the wheel and nothing else of nnzoo.

    What nnzoo depends on is borrowed from this environment, by path.
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


def test_wheel(empty_environment, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)  # which would name the source tree

    def run(*arguments):
        return subprocess.run(
            [empty_environment, *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    where = run("-c", "import nnzoo; print(nnzoo.conf_dir())").stdout.strip()
    assert where.startswith(str(empty_environment.parents[1]))
    trained = run("-m", "nnzoo.training", "model=competitive", "hydra.run.dir=run")
    assert (trained.returncode, trained.stderr) == (0, "")
    assert (tmp_path / "run" / "figures" / "clusters.png").is_file()
    asked = run("-m", "nnzoo.training.predict", "run=run", "input=[1,2,3]")
    assert (asked.returncode, asked.stderr) == (0, "")
    scored = run("-m", "nnzoo.training.evaluate", "run=run", "figures=none")
    assert (scored.returncode, scored.stderr) == (0, "")
    searched = run(
        "-c",
        "from hydra import compose, initialize_config_module\n"
        "with initialize_config_module('nnzoo.conf', version_base='1.3'):\n"
        "    print(compose('train', ['model=autoencoder']).model._target_)",
    )
    assert searched.stdout.strip() == "nnzoo.models.Autoencoder"


def test_libraries_are_imported_without_a_search_for_garbage(monkeypatch):
    done = []
    monkeypatch.delitem(sys.modules, "lightning.pytorch", raising=False)
    monkeypatch.setattr(doors, "import_module", lambda name: done.append(gc.isenabled()))
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    doors.load_libraries()
    assert done == [False, "freeze"]
    assert gc.isenabled()


def test_libraries_that_are_there_are_left_alone(monkeypatch):
    """In a process that trains already there may be garbage, which must not be kept for ever."""
    monkeypatch.setitem(sys.modules, "lightning.pytorch", object())
    monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("frozen"))
    doors.load_libraries()
