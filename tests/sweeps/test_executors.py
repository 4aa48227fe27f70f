"""Sweeps by joblib, Ray and submitit: 40 jobs in two groups, killed workers, interrupts, SLURM.

Each command, and each worker, is a process that imports Lightning again.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from comparing import compare, job_folders, read_csv, result

from nnzoo.cli.main import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sweep,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and processes as on Linux"),
]
OWN = """
import os
from pathlib import Path

import nnzoo.models


class Own(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        Path(__file__).with_name(f"pid-{self.hparams['hidden'][0]}-{os.getpid()}").touch()
        return super().loss(batch, noise)
"""
LONG = (
    *("-m", "--config-dir", "own", "model=own", "model.hidden=[3],[4]", "seed=0,1", "data=iris"),
    *("trainer.max_epochs=100000", "trainer.check_val_every_n_epoch=100", "hydra.sweep.dir=sweep"),
    "run.every_seconds=0",
)


@pytest.fixture(autouse=True)
def library(request):
    values = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    pytest.importorskip(values.get("launcher", "submitit").partition("_")[0], exc_type=ImportError)


@pytest.fixture
def start(tmp_path):
    """``start("ray")`` starts a long sweep of two groups in its own session; both are training."""
    (tmp_path / "own" / "model").mkdir(parents=True)
    (tmp_path / "own" / "model" / "own.yaml").write_text(
        "# @package _global_\ndefaults: [mlp]\nmodel: {_target_: recorded.Own}\n"
    )
    (tmp_path / "recorded.py").write_text(OWN)
    started = []

    def run(launcher):
        command = [sys.executable, "-m", "nnzoo.cli.main", "train", *LONG]
        command += [f"hydra/launcher={launcher}"]
        with (tmp_path / "out").open("w") as out:
            process = subprocess.Popen(
                command, cwd=tmp_path, stdout=out, stderr=out, start_new_session=True
            )
        started.append(process)

        def trains():
            assert process.poll() is None, (tmp_path / "out").read_text()
            files = [tmp_path / "sweep" / str(k) / "checkpoints" / "last.ckpt" for k in range(4)]
            return all(file.exists() for file in files)

        wait_for(trains)
        return process

    def workers(process, size):
        pids = [int(file.name.split("-")[2]) for file in tmp_path.glob(f"pid-{size}-*")]
        return [pid for pid in pids if pid != process.pid]

    run.workers = workers
    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def assert_forty_jobs(printed, launcher, local, sweep):
    assert f"40 jobs sent to {launcher} in 2 groups\n" in printed
    assert "40 jobs, 0 failed; mean ± standard deviation over seeds" in printed
    assert (sweep / "sweep.png").is_file()
    compare(local, sweep, 0, 0)
    assert len(job_folders(sweep)) == 40


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    """The folder of a local sweep of 40 jobs in two groups, and its options."""
    folder = tmp_path_factory.mktemp("forty") / "sweep"
    options = ("-m", "model=mlp,perceptron", "seed=range(0,20)", "data=iris")
    options = (*options, "trainer.max_epochs=3")
    main(["train", *options, f"hydra.sweep.dir={folder}"])
    return folder, options


@pytest.mark.parametrize("launcher", ["joblib", "ray"])  # test_slurm is that of submitit
def test_forty_jobs_in_two_groups(forty, launcher, tmp_path):
    local, options = forty
    typed = ("train", *options, f"hydra/launcher={launcher}", "hydra.sweep.dir=sweep")
    command = [sys.executable, "-m", "nnzoo.cli.main", *typed]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert_forty_jobs(done.stdout, launcher, local, tmp_path / "sweep")


@pytest.mark.parametrize(
    ("launcher", "name"),
    [("joblib", "SIGINT"), ("ray", "SIGTERM"), ("submitit_local", "SIGINT")],
)
def test_a_killed_worker_ends_no_other_and_an_interrupt_stops_all(start, launcher, name, tmp_path):
    process = start(launcher)
    (first,), (other,) = (start.workers(process, size) for size in (3, 4))
    os.kill(first, signal.SIGKILL)
    jobs = job_folders(tmp_path / "sweep")
    assert len(jobs) == 4
    wait_for(lambda: all((job / "result.json").exists() for job in jobs[:2]), seconds=180)
    assert is_running(other)
    assert not (jobs[2] / "result.json").exists()
    if name == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal
    else:
        process.send_signal(getattr(signal, name))
    assert process.wait(120) == 1
    wait_for(lambda: launcher == "ray" or not is_running(other), seconds=30)
    assert "error: interrupted by" in (tmp_path / "out").read_text()
    errors = [row["error"] for row in read_csv(tmp_path / "sweep" / "results.csv")]
    assert errors == [result(job)["error"] for job in jobs]
    assert all("killed" in error or "without a result" in error for error in errors[:2])
    assert all(error.startswith("interrupted after epoch") for error in errors[2:])
    assert all((job / "checkpoints" / "last.ckpt").is_file() for job in jobs)


FAKES = {
    "sbatch": """
        grep '^#SBATCH' $1 > $SLURM_FAKE/options
        last=$(grep -oP 'array=0-\\K[0-9]+' $1)
        for k in $(seq 0 $last); do
            SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$k SLURM_JOB_ID=7$k SLURM_PROCID=0 \\
            SLURM_LOCALID=0 SLURM_NTASKS=1 SLURM_NODEID=0 SLURM_JOB_NUM_NODES=1 \\
            SLURM_JOB_NODELIST=here bash $1 &
        done >/dev/null 2>&1
        echo Submitted batch job 7
        """,
    "srun": """
        while [[ $1 == --* ]]; do [[ $1 == --unbuffered ]] || shift; shift; done
        exec "$@"
        """,
    "sacct": "echo 'JobID|State|NodeList'",
}


def test_slurm(forty, nnzoo_train, monkeypatch, tmp_path):
    """Fake programs with the names of SLURM's start the tasks on this machine."""
    local, options = forty
    for name, text in FAKES.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_FAKE", str(tmp_path))
    printed = nnzoo_train(
        *(*options, "hydra/launcher=submitit_slurm", "hydra.sweep.dir=sweep"),
        *("hydra.launcher.partition=small", "hydra.launcher.timeout_min=30"),
        *("hydra.launcher.mem_gb=4", "hydra.launcher.cpus_per_task=2"),
        *("+hydra.launcher.comment=trial", "hydra.launcher.additional_parameters={nice: 5}"),
    )
    assert (printed.code, printed.err) == (0, "")
    assert_forty_jobs(printed.out, "submitit_slurm", local, tmp_path / "sweep")
    wanted = "partition=small time=30 mem=4GB cpus-per-task=2 comment=trial nice=5 job-name=nnzoo"
    given = (tmp_path / "options").read_text().split("\n")
    assert {f"#SBATCH --{text}" for text in (*wanted.split(), "array=0-1%2")} <= {*given}


@pytest.mark.parametrize(
    ("launcher", "option", "message"),
    [
        ("submitit_local", "+hydra.launcher.nodes=2", "hydra.launcher.nodes must be 1"),
        ("submitit_local", "+hydra.launcher.rate=2", "Unknown argument 'rate'"),
        ("submitit_local", "hydra.launcher.timeout_min=long", 'Parameter "timeout_min" expected'),
        ("submitit_slurm", "seed=0,1", "are you indeed on a slurm cluster?"),
        ("ray", "+hydra.launcher.remote.rate=2", "Invalid option keyword rate"),
    ],
)
def test_an_option_that_is_refused(nnzoo_train, launcher, option, message, monkeypatch):
    monkeypatch.setenv("PATH", "")
    printed = nnzoo_train(
        *("-m", "model=mlp", "data=iris", "seed=0,1", f"hydra/launcher={launcher}", option)
    )
    assert printed.code == 1
    assert message in printed.err
    assert printed.err.count("\n") == 1
