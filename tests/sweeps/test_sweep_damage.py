"""Failed jobs and damage from outside: other jobs and the user's files are not lost."""

import shutil
import signal

import pytest
from comparing import read_csv, result
from helpers import mostly_slow
from run_folder import contents

from nnzoo.engine.loop import Engine
from nnzoo.runs.files import TEMPORARY

MLP = ("-m", "model=mlp", "data=iris", "trainer.max_epochs=2", "figures=none")
SWEEP = "hydra.sweep.dir=sweep"


def rows_of(folder, *columns):
    return [tuple(row[column] for column in columns) for row in read_csv(folder / "results.csv")]


# Jobs that fail

WRONG = {
    "model.scheduler.name=cosine model.scheduler.T_max=2,0": "completed failed",
    "model.scheduler.name=cosine,step,exponential": "completed failed failed",
    "callbacks=early_stopping callbacks.early_stopping.stopping_threshold=0.1,abc": "completed "
    "failed",
    "model.scheduler.name=step model.scheduler.step_size=1 model.scheduler.gamma=abc,0.5": "failed "
    "completed",
}


@pytest.mark.parametrize("typed", WRONG)
def test_a_wrong_value_fails_only_its_job(typed, nnzoo_train, tmp_path):
    printed = nnzoo_train(*MLP, *typed.split(), SWEEP)
    assert printed.code == 1
    statuses = [status for (status,) in rows_of(tmp_path / "sweep", "status")]
    assert statuses == WRONG[typed].split()


def test_a_group_that_fails_trains_one_by_one(nnzoo_train, monkeypatch, tmp_path):
    measure = Engine._measure

    def failing(self):
        seeds = [member.seed for member in self.history.members]
        if 1 in seeds:
            raise ZeroDivisionError("seed 1")
        measure(self)

    monkeypatch.setattr(Engine, "_measure", failing)
    printed = nnzoo_train(*MLP, "seed=0,1,2", SWEEP)
    assert printed.code == 1
    line = "jobs 0-2: trained one by one (together: ZeroDivisionError: seed 1)\n"
    assert line in printed.out
    statuses = rows_of(tmp_path / "sweep", "status", "error")
    assert statuses == [("completed", ""), ("failed", "seed 1"), ("completed", "")]


def removing(monkeypatch, folder, at):
    """Remove a folder before the measurement ``at``."""
    measure, calls = Engine._measure, []

    def removed(self):
        calls.append(None)
        if len(calls) == at:
            shutil.rmtree(folder)
        measure(self)

    monkeypatch.setattr(Engine, "_measure", removed)


def test_a_job_whose_folder_is_removed_fails_alone(nnzoo_train, monkeypatch, tmp_path):
    removing(monkeypatch, tmp_path / "sweep" / "1", at=2)
    assert nnzoo_train(*MLP, "seed=0,1,2", SWEEP).code == 1
    statuses = rows_of(tmp_path / "sweep", "status")
    assert statuses == [("completed",), ("failed",), ("completed",)]
    assert result(tmp_path / "sweep" / "2")["status"] == "completed"


def test_a_removed_sweep_folder_fails_only_the_jobs_before(nnzoo_train, monkeypatch, tmp_path):
    removing(monkeypatch, tmp_path / "sweep", at=4)  # in the second job
    printed = nnzoo_train(*MLP, "seed=0,1,2", SWEEP, "hydra/launcher=basic")
    assert printed.code == 1
    assert "3 jobs, 2 failed" in printed.out
    statuses = rows_of(tmp_path / "sweep", "job", "status")
    assert statuses == [("0", "failed"), ("1", "failed"), ("2", "completed")]


# Signals


@pytest.mark.parametrize("error", [AttributeError, None])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_code_that_hides_it(error, number, nnzoo_train, monkeypatch, tmp_path):
    """Such as OmegaConf, which may raise an error of its own instead."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    load, calls = ConfigLoaderImpl.load_sweep_config, []

    def hidden(self, *arguments, **named):
        calls.append(None)
        if len(calls) == 5:  # three jobs are composed in advance, and two more one by one
            try:
                signal.raise_signal(number)
            except KeyboardInterrupt:
                if error is not None:
                    raise error("flags") from None
        return load(self, *arguments, **named)

    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", hidden)
    printed = nnzoo_train(*MLP, "seed=0,1,2", SWEEP, "hydra/launcher=basic")
    name = signal.Signals(number).name
    assert (printed.code, printed.err) == (1, f"error: interrupted by {name}\n")
    assert len(calls) == 5
    assert rows_of(tmp_path / "sweep", "job", "status") == [("0", "completed")]


def test_a_signal_before_the_first_job_leaves_nothing(nnzoo_train, monkeypatch, tmp_path):
    from nnzoo.sweeps.compose import Composer

    def interrupted(self, **arguments):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Composer, "load_sweep_config", interrupted)
    printed = nnzoo_train(*MLP, "seed=0,1,2", SWEEP)
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == "error: interrupted by SIGTERM\n"
    assert not list(tmp_path.iterdir())


# resume_sweep=


@pytest.mark.parametrize("manifest", [None, "", "a list of jobs\n", '{"a": 1}\n[1, 2, 3]\n"abc"\n'])
@pytest.mark.parametrize("typed", [MLP, MLP[1:], ()])
def test_a_folder_without_a_sweep_is_refused(manifest, typed, nnzoo_train, tmp_path):
    other = tmp_path / "gpt"
    (other / "0" / "checkpoints").mkdir(parents=True)
    for name in ("0/checkpoints/gpt.ckpt", "0/metrics.csv", "0/config.yaml", "multirun.yaml"):
        (other / name).write_text("mine")
    if manifest is not None:
        (other / "jobs.jsonl").write_text(manifest)
    before = contents(tmp_path)
    printed = nnzoo_train(*typed, "resume_sweep=gpt")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith(f"error: {other} holds no sweep of nnzoo (no list of jobs, jobs")
    assert contents(tmp_path) == before


def test_a_single_run_is_not_a_sweep(nnzoo_train, tmp_path):
    assert nnzoo_train(*MLP[1:], "hydra.run.dir=run").code == 0
    before = contents(tmp_path)
    for typed in (MLP, MLP[1:], ()):
        printed = nnzoo_train(*typed, "resume_sweep=run")
        assert printed.code == 1
        assert "holds no sweep of nnzoo" in printed.err
    assert contents(tmp_path) == before


def test_other_files_in_a_sweep_remain(nnzoo_train, tmp_path):
    assert nnzoo_train(*MLP, "seed=0,1,2", SWEEP).code == 0
    sweep = tmp_path / "sweep"
    for job in ("0", "1"):
        (sweep / job / "result.json").unlink()
    (sweep / "1" / "checkpoints" / "gpt.ckpt").write_text("mine")
    (sweep / "3").mkdir()
    (sweep / "3" / "config.yaml").write_text("mine")
    assert nnzoo_train(*MLP, "seed=0,1,2,3", "resume_sweep=sweep").code == 0
    assert (sweep / "1" / "checkpoints" / "gpt.ckpt").read_text() == "mine"
    assert (sweep / "3" / "config.yaml").read_text() == "mine"
    folders = [folder.rpartition("/")[2] for (folder,) in rows_of(sweep, "folder")]
    assert folders == ["0", "1-2", "2", "3-2"]


@pytest.mark.parametrize("launcher", mostly_slow(["fused", "basic"], keep=1))
def test_completed_jobs_keep_their_rows(launcher, nnzoo_train, tmp_path):
    options = (*MLP, f"hydra/launcher={launcher}")
    assert nnzoo_train(*options, "seed=0,1,2", SWEEP).code == 0
    for seeds, wanted in (("5,6", "5 6 2 0 1"), ("1,7,0", "1 7 0 5 6 2"), ("8", "8 7 0 5 6 2 1")):
        assert nnzoo_train(*options, f"seed={seeds}", "resume_sweep=sweep").code == 0
        table = rows_of(tmp_path / "sweep", "job", "seed", "status")
        assert [row[2] for row in table] == ["completed"] * len(table)
        assert sorted(seed for _, seed, _ in table) == sorted(wanted.split())
        assert len({number for number, *_ in table}) == len(table)


def test_a_sweep_is_resumed_without_the_flag_m(nnzoo_train, tmp_path):
    """``resume_sweep=`` implies ``-m``, with the options of the sweep, repeated or not."""
    assert nnzoo_train(*MLP, "seed=0,1,2", SWEEP).code == 0
    for typed in ((), (*MLP[1:], "seed=0,1,2")):
        (tmp_path / "sweep" / "1" / "result.json").unlink()
        printed = nnzoo_train(*typed, "resume_sweep=sweep")
        assert (printed.code, printed.err) == (0, "")
        assert "2 of 3 jobs are complete already" in printed.out
        assert result(tmp_path / "sweep" / "1")["status"] == "completed"
    assert nnzoo_train(*MLP[1:], "resume_sweep=gone").err == (
        f"error: there is no sweep {tmp_path}/gone to resume\n"
    )


def test_a_multirun_yaml_that_cannot_be_read(nnzoo_train, tmp_path):
    assert nnzoo_train(*MLP, "seed=0,1", SWEEP).code == 0
    for broken in ("a: [", "- 1", "hydra: 3"):
        (tmp_path / "sweep" / "multirun.yaml").write_text(broken)
        printed = nnzoo_train("-m", "resume_sweep=sweep")
        file = tmp_path / "sweep" / "multirun.yaml"
        assert printed.err.startswith(f"error: {file} ")
        assert printed.err.endswith("; repeat the sweep's options\n")
        assert printed.err.count("\n") == 1


@pytest.mark.parametrize("typed", [MLP, MLP[1:]])
@pytest.mark.parametrize("key", ["run.folder", "+run.folder", "++run.folder"])
def test_the_folder_is_not_an_option_of_the_run(typed, key, nnzoo_train, tmp_path):
    printed = nnzoo_train(*typed, f"{key}=same")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == (
        "error: run.folder cannot be set: set hydra.run.dir or hydra.sweep.dir instead\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_sweep_with_a_truncated_list_of_jobs_continues(nnzoo_train, tmp_path):
    assert nnzoo_train(*MLP, "seed=0,1", SWEEP).code == 0
    file = tmp_path / "sweep" / "jobs.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    again = nnzoo_train("-m", "resume_sweep=sweep")
    assert "2 jobs, 0 failed" in again.out, again


def test_other_files_in_the_folder_of_a_job_remain(nnzoo_train, tmp_path):
    assert nnzoo_train(*MLP, "seed=0,1", SWEEP).code == 0
    job = tmp_path / "sweep" / "0"
    (job / "result.json").unlink()
    (job / "mine").write_text("mine")
    (job / f"{TEMPORARY}3").touch()
    again = nnzoo_train("-m", "resume_sweep=sweep")
    assert again.code == 0, again
    assert [path.name for path in job.iterdir()] == ["mine"]
    assert result(tmp_path / "sweep" / "0-2")["status"] == "completed"


def test_jobs_never_share_a_folder(nnzoo_train, tmp_path):
    printed = nnzoo_train(*MLP, "seed=0,1", SWEEP, "hydra.sweep.subdir=same")
    assert printed.code == 0, printed
    seeds = [result(tmp_path / "sweep" / name)["seed"] for name in ("same", "same-2")]
    assert seeds == [0, 1]
