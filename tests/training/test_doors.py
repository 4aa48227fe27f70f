"""The ways in: the help, the script, the module, the wheel."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

import nnzoo

ROOT = Path(__file__).parents[2]


def test_help_names_every_entry_and_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['train.py', '--help']\n"
        "from nnzoo.training.cli import main; main()\n"
        "heavy = {'torch', 'lightning', 'hydra', 'matplotlib', 'sklearn', 'rich', 'numpy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    for name in nnzoo.list_models() + nnzoo.list_data():
        (line,) = [text for text in run.stdout.splitlines() if text.split()[:1] == [name]]
        assert line.split()[1:], f"{name} is not described"


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


def test_wheel(empty_environment, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [empty_environment, *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    where = run("-c", "import nnzoo; print(nnzoo.conf_dir())").stdout.strip()
    assert where.startswith(str(empty_environment.parents[1]))
    trained = run("-m", "nnzoo.training", "model=competitive", "hydra.run.dir=run")
    assert (trained.returncode, trained.stderr) == (0, "")
    assert (tmp_path / "run" / "figures" / "clusters.png").is_file()
    searched = run(
        "-c",
        "from hydra import compose, initialize_config_module\n"
        "with initialize_config_module('nnzoo.conf', version_base='1.3'):\n"
        "    print(compose('train', ['model=autoencoder']).model._target_)",
    )
    assert searched.stdout.strip() == "nnzoo.models.Autoencoder"
