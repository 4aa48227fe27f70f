"""Sweeps by executors: groups as tasks, killed tasks, interrupts, arguments and results of a task.

Tasks are forked processes here; test_executors.py tests the executors themselves.
"""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from threading import Thread

import pytest
from comparing import compare, job_folders, read_csv, result
from kills import die

from nnzoo.sweeps import cluster

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes fork elsewhere")
SWEEP = ("-m", "data=iris", "trainer.max_epochs=3")
SENT = (*SWEEP, "hydra/launcher=joblib", "hydra.sweep.dir=sent")


@pytest.fixture
def sent(monkeypatch):
    """The parts and options that the executor gets; each part is trained in a forked process."""
    calls = []
    pools = []

    def start(work, parts, folder, options):
        calls.append((parts, options))
        own = [ProcessPoolExecutor(1, get_context("fork")) for _ in parts]
        pools.extend(own)
        futures = [pool.submit(work, part) for pool, part in zip(own, parts, strict=True)]
        pids = [pid for pool in own for pid in pool._processes]
        return futures, lambda k: os.kill(pids[k], signal.SIGTERM)

    monkeypatch.setitem(cluster.EXECUTORS, "joblib", start)
    yield calls
    for pool in pools:
        pool.shutdown()


def numbers(parts):
    return [[spec.number for spec in part] for part in parts]


def test_each_group_is_a_task_with_the_results_of_a_local_sweep(nnzoo_train, sent, tmp_path):
    jobs = ("model=mlp,perceptron", "seed=0,1,2")
    local = nnzoo_train(*SWEEP, *jobs, "hydra.sweep.dir=local")
    printed = nnzoo_train(*SENT, *jobs)
    assert printed.code == local.code == 0, printed
    ((parts, options),) = sent
    assert numbers(parts) == [[0, 1, 2], [3, 4, 5]]
    assert options == {"n_jobs": -1}
    assert "6 jobs sent to joblib in 2 groups\n" in printed.out
    assert "jobs 0-2: trained together\n" in printed.out
    compare(tmp_path / "local", tmp_path / "sent", 0, 0)
    tables = [read_csv(tmp_path / name / "results.csv") for name in ("local", "sent")]
    for row in (*tables[0], *tables[1]):
        del row["folder"]
    assert tables[0] == tables[1]
    assert local.out.split("mean ±")[1].split("results")[0] in printed.out
    assert (tmp_path / "sent" / "sweep.png").is_file()


@pytest.mark.slow
def test_members_cut_groups_and_jobs_that_train_alone_are_tasks(nnzoo_train, sent):
    alone = "model.optimizer.name=lbfgs,adam"
    printed = nnzoo_train(*SENT, "model=mlp", alone, "seed=0,1,2", "model.optimizer.lr=0.01")
    assert numbers(sent[0][0]) == [[3, 4, 5], [0], [1], [2]]
    assert "job 0: trained one by one (" in printed.out
    options = ("hydra.launcher.members=2", "resume_sweep=sent")
    again = (*SENT[:-1], "model=mlp", alone, "model.optimizer.lr=0.01")
    printed = nnzoo_train(*again, "seed=0,1,2,3,4,5", *options)
    assert printed.code == 0, printed
    assert "6 of 12 jobs are complete already" in printed.out
    assert sorted(numbers(sent[1][0])) == [[3], [4, 5], [9], [10, 11]]
    assert "12 jobs, 0 failed" in printed.out


def test_a_job_that_fails_affects_no_other(nnzoo_train, sent, monkeypatch, tmp_path):
    from nnzoo.runs import run

    finalize = run.finalize

    def failing(job):
        return finalize(job) if job.seed else 1 / 0

    monkeypatch.setattr(run, "finalize", failing)
    printed = nnzoo_train(*SENT, "model=mlp", "seed=0,1,-1")
    assert printed.code == 1
    assert numbers(sent[0][0]) == [[0, 1]]
    table = read_csv(tmp_path / "sent" / "results.csv")
    assert [row["status"] for row in table] == ["failed", "completed", "failed"]
    assert table[0]["error"] == "division by zero"
    assert "seed must be" in table[2]["error"]


def test_a_killed_task_affects_no_other(nnzoo_train, sent, monkeypatch, tmp_path):
    from nnzoo.runs import run

    finish = run.finish

    def deadly(job):
        kept = finish(job)
        if job.result["model"] == "mlp" and job.seed == 1:
            die()
        return kept

    monkeypatch.setattr(run, "finish", deadly)
    jobs = ("model=mlp,perceptron", "seed=0,1,2")
    printed = nnzoo_train(*SENT, *jobs)
    assert printed.code == 1
    table = read_csv(tmp_path / "sent" / "results.csv")
    assert [row["status"] for row in table] == [*["completed"] * 2, "failed", *["completed"] * 3]
    assert table[2]["error"].startswith("its process was killed: ")
    assert result(tmp_path / "sent" / "2")["error"] == table[2]["error"]
    monkeypatch.setattr(run, "finish", finish)
    again = nnzoo_train(*SENT[:-1], *jobs, "resume_sweep=sent")
    assert again.code == 0, again
    assert numbers(sent[1][0]) == [[2]]


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, even if a shell has started pytest in the background."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("name", "when"), [("SIGINT", "starting"), ("SIGTERM", "training")])
def test_an_interrupt_cancels_the_tasks(nnzoo_train, sent, monkeypatch, tmp_path, name, when):
    start = cluster.EXECUTORS["joblib"]
    files = [tmp_path / "sent" / str(k) / "checkpoints" / "last.ckpt" for k in range(4)]

    def interrupt():
        end = time.monotonic() + 60
        while not all(file.exists() for file in files):
            assert time.monotonic() < end
            time.sleep(0.02)
        os.kill(os.getpid(), getattr(signal, name))

    def starting(*arguments):
        started = start(*arguments)
        interrupt()
        return started

    thread = Thread(target=interrupt)
    if when == "starting":
        monkeypatch.setitem(cluster.EXECUTORS, "joblib", starting)
    else:
        thread.start()
    jobs = ("model=mlp,sigmoid_classifier", "seed=0,1")
    printed = nnzoo_train(*SENT, *jobs, "trainer.max_epochs=100000", "run.every_seconds=0")
    if when == "training":
        thread.join()
    assert printed.code == 1
    assert printed.err == f"error: interrupted by {name}\n"
    for job in job_folders(tmp_path / "sent"):
        assert result(job)["error"].startswith("interrupted after epoch")
        assert (job / "checkpoints" / "last.ckpt").is_file()
    table = read_csv(tmp_path / "sent" / "results.csv")
    assert [row["error"] for row in table] == [
        result(job)["error"] for job in job_folders(tmp_path / "sent")
    ]


def test_tasks_are_reported_as_they_end(monkeypatch):
    class Fake:
        def __init__(self, checks):
            self.left = checks

        def done(self):
            self.left -= 1
            return self.left < 0

        def result(self):
            return [], []

    monkeypatch.setattr(cluster, "PAUSE", 0)
    found = list(cluster._outcomes(lambda: ([Fake(3), Fake(0), Fake(1)], None)))
    assert found == [(1, ([], [])), (2, ([], [])), (0, ([], []))]


@pytest.fixture
def specs(composed):
    def build(*overrides, seeds=(0, 1)):
        configs = [composed(*overrides, f"seed={seed}", "figures=none") for seed in seeds]
        return [cluster.Spec(config, [], number) for number, config in enumerate(configs)]

    return build


def forked(work):
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        return pool.submit(work).result()


def test_a_task_that_slurm_runs_again_keeps_what_is_complete(specs, monkeypatch):
    part = specs("model=mlp", "data=iris", "trainer.max_epochs=2")
    work = partial(cluster.train_part, part, None, [])
    first, _ = forked(work)
    assert [job.content["status"] for job in first] == ["completed"] * 2
    folder = first[1].folder
    (folder / "result.json").unlink()  # as if the task had been killed before
    kept = (first[0].folder / "result.json").read_text()
    refused, _ = forked(work)
    assert all("holds a run already" in job.content["error"] for job in refused)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    again, _ = forked(work)
    assert {job.number: job.content["status"] for job in again} == {0: "completed", 1: "completed"}
    assert (first[0].folder / "result.json").read_text() == kept
    assert result(folder)["metrics"] == pytest.approx(first[1].content["metrics"], rel=1e-5)


def test_a_task_near_its_time_limit_stops_cleanly(specs, monkeypatch):
    from nnzoo.engine.loop import Engine

    part = specs("model=mlp", "data=iris", "trainer.max_epochs=100000")
    measure, calls = Engine._measure, []

    def late(self):
        calls.append(None)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGUSR2)
        measure(self)

    monkeypatch.setattr(Engine, "_measure", late)
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    found, _ = forked(partial(cluster.train_part, part, None, []))
    assert [job.content["error"][:23] for job in found] == ["interrupted after epoch"] * 2
    assert all((job.folder / "checkpoints" / "last.ckpt").exists() for job in found)


def test_a_task_imports_what_the_command_can(specs, tmp_path):
    (tmp_path / "own.py").write_text("import nnzoo.models\nclass Own(nnzoo.models.MLP): pass\n")
    part = specs("model=mlp", "data=iris", "model._target_=own.Own", "trainer.max_epochs=1")
    failed, _ = forked(partial(cluster.train_part, part, None, []))
    assert "cannot be imported" in failed[0].content["error"]
    found, lines = forked(partial(cluster.train_part, part, None, [str(tmp_path)]))
    assert [job.content["status"] for job in found] == ["completed"] * 2
    assert lines == ["jobs 0-1: trained together"]


@pytest.mark.parametrize("launcher", ["ray", "submitit_local", "submitit_slurm"])
def test_a_missing_library_is_named(nnzoo_train, monkeypatch, tmp_path, launcher):
    monkeypatch.setitem(sys.modules, launcher.partition("_")[0], None)
    printed = nnzoo_train(*SWEEP, "model=mlp", "seed=0,1", f"hydra/launcher={launcher}")
    assert printed.code == 1
    assert printed.err == f"error: hydra/launcher={launcher} needs: pip install 'nnzoo[cluster]'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["hydra.launcher.n_job=2"], "unknown key of hydra.launcher 'n_job'; did you mean 'n_jobs"),
        (["+hydra.launcher.rate=2"], "hydra/launcher=joblib: "),
        (["hydra.launcher.n_jobs=many"], "hydra/launcher=joblib: "),
        (["hydra.launcher.members=0"], "hydra.launcher.members must be a whole number"),
        (["hydra.launcher.executor=sge"], "unknown hydra.launcher.executor 'sge'; known: joblib"),
    ],
)
def test_invalid_options(nnzoo_train, options, message):
    printed = nnzoo_train(*SENT, "model=mlp", "seed=0,1", *options)
    assert printed.code == 1
    assert printed.err.startswith(f"error: {message}")
    assert printed.err.count("\n") == 1


def test_entries_of_plugins_with_the_same_names_do_not_matter(nnzoo_train, sent):
    from hydra.core.config_store import ConfigStore

    node = {"_target_": "some.Launcher", "n_jobs": 5}
    store = ConfigStore.instance()
    before = dict(store.repo["hydra"]["launcher"])
    store.store(group="hydra/launcher", name="joblib", node=node)
    try:
        assert nnzoo_train(*SENT, "model=mlp", "seed=0,1").code == 0
        assert store.repo["hydra"]["launcher"]["joblib.yaml"].node == node
    finally:
        store.repo["hydra"]["launcher"].clear()
        store.repo["hydra"]["launcher"].update(before)
    assert sent[0][1] == {"n_jobs": -1}


@pytest.mark.slow
def test_no_library_is_imported_before_it_is_used():
    code = "import nnzoo.sweeps.cluster, sys; print({'ray', 'submitit'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
