"""Jobs of a sweep that train together write the files that each writes when it trains alone."""

import os

import pytest
import torch
from comparing import checkpoint, compare, difference, files, job_folders, read_csv, result, rows
from helpers import MODELS, TINY, mostly_slow

import nnzoo
import nnzoo.models
from nnzoo.runs.job import Job
from nnzoo.sweeps import memory, sweep
from nnzoo.sweeps.groups import group_key, why_alone
from nnzoo.sweeps.memory import max_members

FIRST, LAST = 1e-5, 1e-4
"""Relative differences between a member and the same run alone: after an epoch, at the end."""

VARIED = {
    "adagrad": ("model=mlp", "model.optimizer={name:adagrad,lr:0.01,lr_decay:0.1}", "seed=0,1"),
    "autoencoder": ("model=autoencoder", "model.optimizer.lr=0.01,0.001"),
    "competitive": ("model=competitive", "model.lr=0.2,0.5"),
    "competitive batch": ("model=competitive", "model.update=batch", "model.conscience_until=.1,1"),
    "competitive start": ("model=competitive", "model.rule=cwta", "seed=0,1"),
    "clipped": ("model=mlp", "data=iris", "trainer.gradient_clip_val=0.05", "seed=0,1"),
    "clipped values": (
        *("model=mlp", "data=iris", "trainer.gradient_clip_algorithm=value", "seed=0,1"),
        "trainer.gradient_clip_val=0.01",
    ),
    "denoising": ("experiment=denoising", "model.noise=0.1,0.3"),
    "mlp": ("model=mlp", "data=wine", "model.optimizer.betas=[0.9,0.999],[0.8,0.99]"),
    "momentum": ("model=mlp", "model.optimizer.name=momentum", "model.optimizer.momentum=.5,.9"),
    "regression": ("model=mlp", "model.scheduler.name=cosine", "model.optimizer.lr=1e-3,1e-2"),
    "schedules": (
        *("model=mlp", "data=moons", "model.scheduler.name=exponential"),
        "model.scheduler.gamma=0.8,0.99",
    ),
    "multilabel": (
        *("model=sigmoid_classifier", "data=csv", "data.path=bits.csv", "data.scale=none"),
        *("data.target=[c,d]", "seed=0,1"),
    ),
    "perceptron": ("model=perceptron", "data=iris", "model.lr=0.01,1"),
    "scaling": ("model=sigmoid_classifier", "data=iris", "data.scale=standard,minmax"),
    "splits": ("model=mlp", "data=iris", "data.seed=1,2", "data.val_fraction=0.3"),
    "vae": ("model=vae", "data=iris", "data.scale=minmax", "model.beta=0.001,0.01"),
    "weight decay": ("model=mlp", "model.optimizer.name=adamw", "model.optimizer.weight_decay=0,1"),
}


@pytest.fixture
def both(nnzoo_train, tmp_path):
    """``both("model=mlp", "seed=1,2")``: the folders of a basic and of a fused sweep, which is the
    default, and the output of the fused one."""
    (tmp_path / "bits.csv").write_text("a,b,c,d\n0,0,0,1\n0,1,1,1\n1,0,1,0\n1,1,0,0\n")

    def run(*overrides: str):
        for name, options in (("basic", ["hydra/launcher=basic"]), ("fused", [])):
            printed = nnzoo_train(
                *("-m", *overrides, "figures=none", *options, f"hydra.sweep.dir={name}")
            )
        return tmp_path / "basic", tmp_path / "fused", printed

    return run


@pytest.mark.parametrize("case", mostly_slow(VARIED, keep=6))
def test_the_same_files_with_the_same_numbers(both, case):
    """In float64 the order of additions does not matter."""
    basic, fused, printed = both(*VARIED[case], "trainer.max_epochs=3", "trainer.precision=64-true")
    assert printed.code == 0, printed
    assert "jobs 0-1: trained together\n" in printed.out
    compare(basic, fused, 1e-9, 1e-9)
    assert [result(job)["members"] for job in (basic / "0", fused / "0")] == [1, 2]
    assert difference_of_jobs(fused) > 1e-6


def difference_of_jobs(folder):
    """How much the weights of the first two jobs differ."""
    one, other = (checkpoint(job, "last")["state_dict"] for job in job_folders(folder)[:2])
    return difference(one, other)


@pytest.mark.parametrize("model", mostly_slow(MODELS, keep=4))
def test_every_model_trains_together(nnzoo_train, tmp_path, model):
    options = [f"model.{key}={value}" for key, value in TINY[model].items()]
    options = [f"model={model}", *options, "data.shuffle=true", "trainer.max_epochs=3"]
    printed = nnzoo_train("-m", *options, "seed=0,1,2", "figures=none", "hydra.sweep.dir=sweep")
    assert printed.code == 0, printed
    assert "jobs 0-2: trained together\n" in printed.out
    assert "3 jobs, 0 failed; mean ± standard deviation over seeds" in printed.out
    jobs = job_folders(tmp_path / "sweep")
    assert {result(job)["members"] for job in jobs} == {3}
    assert difference_of_jobs(tmp_path / "sweep") > 0
    alone = nnzoo_train(*options, "seed=2", "figures=none", "hydra.run.dir=alone")
    assert alone.code == 0
    assert files(tmp_path / "alone") == files(jobs[2])
    assert difference(rows(tmp_path / "alone")[0], rows(jobs[2])[0]) <= FIRST
    assert difference(rows(tmp_path / "alone"), rows(jobs[2])) <= LAST


def test_models_of_other_shapes_form_another_group(nnzoo_train):
    printed = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "model.hidden=[4],[8]", "seed=0,1", "debug=default"),
        "figures=none",
    )
    assert "jobs 0-1: trained together\n" in printed.out
    assert "jobs 2-3: trained together\n" in printed.out
    assert "4 jobs, 0 failed" in printed.out


class Hooked(nnzoo.models.MLP):
    def on_train_epoch_end(self):
        super().on_train_epoch_end()


class Annealed(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        return super().loss(batch, noise) / (1 + self.current_epoch)


class Jittered(nnzoo.models.MLP):
    def __init__(self, in_features, units, task, **options):
        super().__init__(in_features, units, task, **options)
        self.jitter = torch.randn(3)


class Normalized(nnzoo.models.MLP):
    def __init__(self, in_features, units, task, **options):
        super().__init__(in_features, units, task, **options)
        self.norm = torch.nn.BatchNorm1d(self.in_features)

    def forward(self, x):
        return super().forward(self.norm(x))


class Branching(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        loss = super().loss(batch, noise)
        return loss if loss > 0 else -loss


TIMER = "callbacks.timer._target_=lightning.pytorch.callbacks.Timer"
ALONE = {
    "model.optimizer.name=lbfgs": "the steps of lbfgs depend on all parameters together)",
    f"+{TIMER}": "callbacks.timer may act on each step)",
    "trainer.precision=bf16-mixed": "trainer.precision=bf16-mixed is not supported by the engine)",
    "+trainer.accumulate_grad_batches=2": "trainer.accumulate_grad_batches acts on each step)",
    "Hooked": "Hooked has a hook on_train_epoch_end of its own)",
    "Annealed": "Annealed.loss reads the progress of Lightning's loop)",
    "Jittered": "Jittered has tensors that are neither parameters nor buffers)",
    "Normalized": "batch normalization changes its state in the loss)",
    "Branching": "torch.func.vmap cannot call Branching: ",
}


@pytest.mark.parametrize("option", mostly_slow(ALONE, keep=3))
def test_what_cannot_train_together_trains_alone(nnzoo_train, tmp_path, option):
    own = option if "=" in option else f"model._target_={__name__}.{option}"
    printed = nnzoo_train(
        *("-m", own, "model=mlp", "seed=0,1", "trainer.max_epochs=2", "figures=none"),
        "hydra.sweep.dir=sweep",
    )
    assert printed.code == 0, printed
    assert f"jobs 0-1: trained one by one ({ALONE[option]}" in printed.out
    assert len(read_csv(tmp_path / "sweep" / "results.csv")) == 2
    assert "2 jobs, 0 failed" in printed.out


class Dropped(nnzoo.models.MLP):
    """A network that leaves out inputs at random."""

    def loss(self, batch, noise=None):
        x = torch.nn.functional.dropout(batch.x, 0.5)
        return super().loss(batch._replace(x=x), noise)


def test_dropout_differs_between_members_and_steps():
    from nnzoo.batch import Batch
    from nnzoo.engine.population import Population
    from nnzoo.models import Descend

    data = nnzoo.create_data("wine", scale="standard")
    torch.manual_seed(0)
    population = Population([Dropped(13, 3)] * 3, [0, 1, 2])
    batch = Batch(*(v[:16].expand(3, *v[:16].shape) for v in data.train))
    losses = torch.stack([population.gradients(Descend(), batch, None)[0] for _ in range(8)])
    assert len(population.replay.operations) == 1
    assert len(losses.unique()) == losses.numel()


def test_each_member_stops_early_by_itself(both):
    basic, fused, printed = both(
        *("model=sigmoid_classifier", "data=iris", "model.optimizer.lr=0.001,0.3"),
        *("callbacks=early_stopping", "callbacks.early_stopping.min_delta=0.05"),
        *("callbacks.early_stopping.patience=1", "trainer.check_val_every_n_epoch=2"),
    )
    assert "jobs 0-1: trained together\n" in printed.out
    compare(basic, fused, FIRST, LAST)
    assert len({len(rows(job)) for job in job_folders(fused)}) > 1


def test_each_perceptron_stops_when_it_makes_no_error(both):
    basic, fused, _ = both("model=perceptron", "data.shuffle=true", "seed=0,1,2")
    compare(basic, fused, 1e-7, 1e-7)
    assert len({len(rows(job)) for job in job_folders(fused)}) > 1


def test_a_member_that_diverges_fails_alone(both):
    basic, fused, printed = both(
        "model=autoencoder", "model.optimizer.lr=1e-3,1e33", "trainer.max_epochs=2"
    )
    assert printed.code == 1
    assert "2 jobs, 1 failed" in printed.out
    for one, other in zip(job_folders(basic), job_folders(fused), strict=True):
        a, b = result(one), result(other)
        assert a["status"] == b["status"]
        assert (a["error"] or "").replace("basic", "fused") == (b["error"] or "")
        assert difference(rows(one), rows(other)) < LAST
    table = read_csv(fused / "results.csv")
    assert [row["status"] for row in table] == ["completed", "failed"]
    assert "the training diverged; try a lower learning rate" in table[1]["error"]


def test_an_impossible_job_fails_alone(both):
    basic, fused, printed = both(
        "model=sigmoid_classifier", "data=gaussian_clusters,xor", "debug=default"
    )
    assert printed.code == 1
    assert "2 jobs, 1 failed" in printed.out
    columns = ("job", "status", "error", "data")
    tables = [
        [[row[c] for c in columns] for row in read_csv(folder / "results.csv")]
        for folder in (basic, fused)
    ]
    assert tables[0] == tables[1]
    ((job, _, error, _),) = [row for row in tables[1] if row[1] == "failed"]
    assert f"job {job} failed: {error}\n" in printed.out
    contents = [result(folder / job) for folder in (basic, fused)]
    assert contents[0] == contents[1]
    assert list(contents[0]) == ["status", "error", "overrides", "job"]


def test_a_member_whose_files_cannot_be_written_fails_alone(nnzoo_train, monkeypatch, tmp_path):
    diagnostics, calls = nnzoo.models.Autoencoder.diagnostics, []

    def full(self, data):
        calls.append(None)
        if len(calls) == 2:
            raise OSError("no space left on device")
        return diagnostics(self, data)

    monkeypatch.setattr(nnzoo.models.Autoencoder, "diagnostics", full)
    printed = nnzoo_train(
        *("-m", "model=autoencoder", "seed=1,2,3", "debug=default", "figures=none"),
        "hydra.sweep.dir=sweep",
    )
    assert printed.code == 1
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["status"] for row in table] == ["completed", "failed", "completed"]
    assert "no space left on device" in table[1]["error"]


def test_a_fused_job_is_resumed_as_any_other_run(nnzoo_train, tmp_path):
    options = ("model=mlp", "data=wine", "model.scheduler.name=exponential")
    options = (*options, "model.scheduler.gamma=0.9", "figures=none")
    short = ("-m", *options, "seed=0,1", "trainer.max_epochs=2", "hydra.sweep.dir=sweep")
    assert nnzoo_train(*short).code == 0
    long = (*options, "seed=1", "trainer.max_epochs=4")
    for name, more in (("resumed", [f"resume={tmp_path}/sweep/1"]), ("whole", [])):
        assert nnzoo_train(*long, *more, f"hydra.run.dir={name}").code == 0
    resumed, whole = (rows(tmp_path / name) for name in ("resumed", "whole"))
    assert len(whole) == 4
    assert difference(resumed, whole) < LAST


@pytest.fixture
def processes(monkeypatch):
    """``processes(2)``: two jobs train as one model, in two processes."""
    monkeypatch.setattr(sweep, "MEMBERS_PER_PART", 2)
    return lambda n: monkeypatch.setattr(sweep, "processes", lambda parts, cores: min(parts, n))


HOW = {1: ", in 3 rounds", 2: ", in 2 processes, in 2 rounds", 3: ", in 3 processes"}


@pytest.mark.parametrize("name", mostly_slow(MODELS, keep=2))
def test_any_number_of_processes_gives_the_same_bits(name, nnzoo_train, processes, tmp_path):
    for number, how in HOW.items():
        processes(number)
        printed = nnzoo_train(
            *("-m", f"model={name}", "seed=range(0,6)", "trainer.max_epochs=2", "figures=none"),
            f"hydra.sweep.dir={number}",
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


@pytest.fixture
def job(composed):
    """A job of a small network."""
    return Job(composed("model=mlp", "data=iris"), [])


def test_other_plain_attributes_form_another_group(job, composed):
    assert why_alone(job) is None
    other = Job(composed("model=mlp", "data=iris", "seed=5", "model.optimizer.lr=0.5"), [])
    assert group_key(job) == group_key(other)
    for option in ("+model.activation=relu", "+data.batch_size=7", "+model.optimizer.name=sgd"):
        assert group_key(job) != group_key(Job(composed("model=mlp", "data=iris", option), []))


@pytest.mark.parametrize("members", [1, 3, 20])
def test_as_many_train_at_once_as_fit_into_memory(job, monkeypatch, members):
    device = torch.device("cpu")
    monkeypatch.setattr(memory, "free_memory", lambda device: 2**40)
    assert max_members(job, device, 1) == memory.MAX_MEMBERS
    needs = []
    for free in range(10**5, 10**7, 10**4):
        monkeypatch.setattr(memory, "free_memory", lambda device, free=free: free)
        needs.append(max_members(job, device, 1))
    assert needs == sorted(needs)
    assert members in needs
