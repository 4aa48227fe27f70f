"""Existing files are never lost, and a file that cannot be written gives one clear line."""

import errno
import os
import sys

import pytest
from run_folder import checkpoint, contents, result_of, rows
from test_resume import options

from nnzoo.engine.loop import Engine
from nnzoo.errors import RunError
from nnzoo.runs import files
from nnzoo.runs.files import TEMPORARY
from nnzoo.runs.run import train

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
CAUSES = {
    "No space left on device": FULL,
    "Disk quota exceeded": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "Read-only file system": OSError(errno.EROFS, os.strerror(errno.EROFS)),
    "Permission denied": PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    "Input/output error": OSError(errno.EIO, os.strerror(errno.EIO)),
}


def fail_at(monkeypatch, call, error=FULL, name="fsync"):
    """Make a system call fail from the ``call``-th on."""
    original, calls = getattr(os, name), []

    def failing(*arguments):
        calls.append(None)
        if len(calls) >= call:
            raise type(error)(*error.args)
        return original(*arguments)

    monkeypatch.setattr(os, name, failing)


def has_temporary(folder):
    return any(path.name.startswith(TEMPORARY) for path in contents(folder))


def without_links(*paths):
    """Fail as a call that a file system does not have."""
    raise OSError(errno.EPERM, "Operation not permitted")


# Folders

OWN = [*("metrics.csv", "result.json", "checkpoints/best.ckpt", "figures/curve.png"), ".hidden"]


@pytest.mark.parametrize("name", [*OWN, "empty/"])
def test_a_folder_with_anything_in_it_is_refused(name, nnzoo_train, tmp_path):
    own = tmp_path / "run" / name
    own.parent.mkdir(parents=True)
    own.mkdir() if name.endswith("/") else own.write_text("mine")
    before = contents(tmp_path / "run")
    printed = nnzoo_train("model=perceptron", "hydra.run.dir=run")
    assert (printed.code, printed.out) == (1, "")
    first = name.split("/")[0]
    assert printed.err == (
        f"error: {tmp_path}/run is not empty: it has {first}; name another folder in "
        "hydra.run.dir\n"
    )
    assert contents(tmp_path / "run") == before


def test_an_empty_folder_is_used(nnzoo_train, tmp_path):
    (tmp_path / "run").mkdir()
    assert nnzoo_train("model=perceptron", "hydra.run.dir=run", "figures=none").code == 0
    assert not has_temporary(tmp_path / "run")


def test_of_two_runs_that_start_at_once_one_is_refused(composed, monkeypatch):
    """Both find the folder empty; the second to write its config is refused."""
    config = composed(*options("perceptron"))
    token_hex = files.secrets.token_hex

    def meanwhile(size):
        monkeypatch.setattr(files.secrets, "token_hex", token_hex)
        train([config])
        return token_hex(size)

    monkeypatch.setattr(files.secrets, "token_hex", meanwhile)
    with pytest.raises(RunError, match=r"cannot write .*config\.yaml: File exists"):
        train([config])
    assert result_of(config["run"]["folder"])["status"] == "completed"
    assert not has_temporary(config["run"]["folder"])


# Runs


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("name", ["fsync", "replace"])  # replace: without hard links
def test_a_run_that_cannot_write_its_first_file(cause, name, nnzoo_train, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", without_links)
        fail_at(patch, 1, CAUSES[cause], name)
        printed = nnzoo_train("model=perceptron", "hydra.run.dir=run")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == f"error: cannot write {tmp_path}/run/config.yaml: {cause}\n"
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_ends_a_training_and_leaves_its_files(nnzoo_train, monkeypatch):
    """The third write fails; training stops then, not at its next measurement."""
    monkeypatch.setattr(Engine, "_is_due", lambda engine, since: True)
    typed = ("model=mlp", "data=iris", "trainer.max_epochs=2000", "figures=none")
    with monkeypatch.context() as patch:
        fail_at(patch, 6)
        printed = nnzoo_train(
            *typed, "hydra.run.dir=run", "trainer.check_val_every_n_epoch=1000", "trainer=cpu"
        )
    assert printed.code == 1
    assert printed.err.startswith("error: cannot write ")
    assert "run/checkpoints/last.ckpt: No space left on device" in printed.err
    assert printed.err.count("\n") == 1
    training = checkpoint("run")["nnzoo"]["training"]
    assert 0 < training["step"] < 10
    assert len(rows("run")) == len(training["rows"])
    assert not has_temporary("run")


@pytest.mark.parametrize("call", [5, 6])
def test_a_run_that_cannot_write_its_result_or_figures(call, nnzoo_train, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        fail_at(patch, call)
        printed = nnzoo_train("model=perceptron", "hydra.run.dir=run")
    name = "result.json" if call == 5 else "figures/"
    assert printed.code == 1
    assert printed.err.startswith(f"error: cannot write {tmp_path}/run/{name}")
    assert printed.err.endswith(": No space left on device\n")
    assert checkpoint("run", "best")


@pytest.mark.parametrize("loop", ["engine", "lightning"])
def test_a_run_whose_folder_is_removed(loop, nnzoo_train, monkeypatch, tmp_path):
    import shutil

    from nnzoo.runs import checkpoint as module

    monkeypatch.setattr(module, "_saved", lambda content: shutil.rmtree("run", True) or b"")
    more = ["++trainer.accumulate_grad_batches=1"] if loop == "lightning" else []
    printed = nnzoo_train("model=mlp", "trainer.max_epochs=2", "hydra.run.dir=run", *more)
    assert printed.code == 1
    assert printed.err.startswith(f"error: cannot write {tmp_path}/run/checkpoints")
    assert printed.err.endswith(": its folder no longer exists\n")
    assert printed.err.count("\n") == 1


def test_lightnings_loop_needs_no_temporary_folder(trained_result, monkeypatch, tmp_path):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    result = trained_result(
        "model=mlp", "++trainer.accumulate_grad_batches=1", *options("mlp")[1:4]
    )
    assert result["status"] == "completed"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
@pytest.mark.parametrize("more", [[], ["-m", "seed=0,1"], ["hydra.run.dir=run"]])
def test_a_current_folder_that_cannot_be_written(more, nnzoo_train, monkeypatch, tmp_path):
    from pathlib import Path

    def refused(path, *arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refused)
    flags, rest = [m for m in more if m == "-m"], [m for m in more if m != "-m"]
    printed = nnzoo_train(*flags, "model=perceptron", *rest)
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith("error: cannot ")
    assert printed.err.endswith(": Permission denied\n")
    assert "Error" not in printed.err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="a full device as Linux has it")
def test_a_standard_output_on_a_full_disk(tmp_path):
    import subprocess

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nnzoo", "list", "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "error: cannot write the output: No space left on device\n"


# Sweeps

SWEEP = ("-m", "model=perceptron", "seed=0,1", "figures=none")


def test_a_sweep_on_a_full_disk(nnzoo_train, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        fail_at(patch, 5)  # two configs and one job's files, or those of both as far as they go
        printed = nnzoo_train(*SWEEP, "hydra.sweep.dir=sweep")
    assert printed.code == 1
    assert printed.err.startswith(f"error: cannot write {tmp_path}/sweep/results.csv: No space")
    assert printed.err.count("\n") == 1
    again = nnzoo_train("-m", "resume_sweep=sweep")
    assert again.code == 0, again
    assert "2 jobs, 0 failed" in again.out


# Commands on a run


def test_predictions_never_replace_a_file(trained, nnzoo_predict, monkeypatch, tmp_path):
    run = trained("model=perceptron")
    typed = (f"run={run}", "input=[1,0]")
    (tmp_path / "link.csv").symlink_to("nowhere")
    printed = nnzoo_predict(*typed, "output=link.csv")
    assert printed.err == "error: link.csv exists already; name another file: output=FILE.csv\n"
    fsync = os.fsync

    def meanwhile(file):
        (tmp_path / "out.csv").write_text("mine")
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", meanwhile)
        printed = nnzoo_predict(*typed, "output=out.csv")
    assert (printed.code, printed.err) == (1, "error: cannot write out.csv: File exists\n")
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert not has_temporary(tmp_path)


@pytest.mark.parametrize("cause", CAUSES)
def test_predictions_that_cannot_be_written(cause, trained, nnzoo_predict, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        fail_at(patch, 1, CAUSES[cause])
        printed = nnzoo_predict(f"run={trained('model=perceptron')}", "input=[1,0]", "output=o.csv")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == f"error: cannot write o.csv: {cause}\n"
    assert not list(tmp_path.iterdir())


def test_an_evaluation_that_cannot_be_written(nnzoo_train, command, monkeypatch, tmp_path):
    assert nnzoo_train("model=perceptron", "hydra.run.dir=run", "figures=none").code == 0
    before = contents(tmp_path / "run")
    with monkeypatch.context() as patch:
        fail_at(patch, 1)
        printed = command("evaluate", "run=run")
    assert printed.code == 1
    assert printed.err == (
        f"error: cannot write {tmp_path}/run/evaluation/result.json: No space left on device\n"
    )
    assert contents(tmp_path / "run") == before
