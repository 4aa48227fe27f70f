"""Parts of a group that train one after the other or in several processes, by cores and memory."""

import os
import sys

import pytest
import torch
from comparing import checkpoint, difference, job_folders, read_csv, result, rows
from helpers import MODELS, data_for, kind_of, mostly_slow, tiny_options

from nnzoo.runs.job import Job
from nnzoo.sweeps import memory, sweep
from nnzoo.sweeps.memory import free_memory, max_members
from nnzoo.sweeps.processes import processes as number_of_processes


@pytest.fixture
def processes(monkeypatch):
    """``processes(2)``: two jobs train as one model, in two processes."""
    monkeypatch.setattr(sweep, "MEMBERS_PER_PART", 2)
    return lambda n: monkeypatch.setattr(sweep, "processes", lambda parts, cores: min(parts, n))


HOW = {1: ", in 3 rounds", 2: ", in 2 processes, in 2 rounds", 3: ", in 3 processes"}


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=2))
def test_any_number_of_processes_gives_the_same_bits(name, nnzoo_train, processes, tmp_path):
    few = data_for(name, "") if kind_of(name).learns_sequences else []
    options = ("-m", f"model={name}", *tiny_options(name), *few, "seed=range(0,6)")
    for number, how in HOW.items():
        processes(number)
        printed = nnzoo_train(
            *(*options, "trainer.max_epochs=2", "figures=none", f"hydra.sweep.dir={number}")
        )
        assert printed.code == 0
        assert f"jobs 0-5: trained together{how}\n" in printed.out
    for job in range(6):
        one, *others = [tmp_path / str(number) / str(job) for number in HOW]
        for other in others:
            assert rows(one) == rows(other)
            for file in ("best", "last"):
                pair = [checkpoint(folder, file)["state_dict"] for folder in (one, other)]
                assert difference(*pair) == 0
            assert result(one)["metrics"] == result(other)["metrics"]


def test_a_killed_process_loses_only_its_own_jobs(nnzoo_train, processes, monkeypatch, tmp_path):
    parent, train = os.getpid(), sweep.train_jobs

    def killed(jobs, total):
        if os.getpid() != parent:
            train(jobs[:1], total=total)
            os._exit(9)
        return train(jobs, total=total)

    processes(2)
    monkeypatch.setattr(sweep, "train_jobs", killed)
    printed = nnzoo_train(
        *("-m", "model=mlp", "data=iris", "seed=range(0,6)", "debug=default", "figures=none"),
        "hydra.sweep.dir=sweep",
    )
    assert printed.code == 1
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["status"] for row in table] == ["completed"] * 3 + ["failed"] + ["completed"] * 2
    assert table[3]["error"] == "its process was killed, possibly out of memory"
    assert result(tmp_path / "sweep" / "3")["overrides"][2] == "seed=3"


def test_the_members_of_a_round_can_be_given(nnzoo_train, tmp_path):
    printed = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "seed=range(0,5)", "debug=default", "figures=none"),
        *("hydra.launcher.members=2", "hydra.sweep.dir=sweep"),
    )
    assert "jobs 0-4: trained together, in " in printed.out
    assert [result(job)["members"] for job in job_folders(tmp_path / "sweep")] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("value", ["0", "many"])
def test_members_must_be_a_number(nnzoo_train, value):
    printed = nnzoo_train("-m", "model=perceptron", "seed=0,1", f"hydra.launcher.members={value}")
    assert printed.code == 1
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("members", [1, 3, 20])
def test_as_many_train_at_once_as_fit_into_memory(composed, monkeypatch, members):
    job = Job(composed("model=mlp", "data=iris"), [])
    device = torch.device("cpu")
    monkeypatch.setattr(memory, "free_memory", lambda device: 2**40)
    assert max_members(job, device, 1) == memory.MAX_MEMBERS
    needs = []
    for free in range(10**5, 10**7, 10**4):
        monkeypatch.setattr(memory, "free_memory", lambda device, free=free: free)
        needs.append(max_members(job, device, 1))
    assert needs == sorted(needs)
    assert members in needs


@pytest.mark.skipif(sys.platform != "linux", reason="processes fork there")
def test_a_task_uses_no_more_cores_than_it_has(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    assert [number_of_processes(10, cores) for cores in (None, 1, 3, 8)] == [4, 1, 3, 4]
    assert number_of_processes(2, 3) == 2


def test_no_more_memory_than_slurm_allows(monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "7")  # MB
    assert free_memory(torch.device("cpu")) == 7 * 2**20
