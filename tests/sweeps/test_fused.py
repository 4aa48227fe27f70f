"""A fused sweep leaves what the basic launcher leaves: the same files with the same numbers."""

import csv
import json

import pytest
import torch
from comparing import checkpoint, difference, files, jobs, result, rows
from omegaconf import OmegaConf

import nnzoo
import nnzoo.models
import nnzoo.sweeps.fuse as fuse
import nnzoo.sweeps.memory as memory
import nnzoo.sweeps.stack as stack
from nnzoo.batch import Batch
from nnzoo.sweeps.likeness import obstacle
from nnzoo.sweeps.memory import fitting
from nnzoo.sweeps.optimizers import StackedOptimizer
from nnzoo.training.run import Run

OWN = ("fit_seconds", "members", "metrics", "outputs", "paths", "weights", "versions")
"""Keys of ``result.json`` that are not compared as they are."""

FUSED = {
    "adagrad": (
        "model=mlp",
        "model.optimizer={name:adagrad,lr:0.01,initial_accumulator_value:1.0}",
    ),
    "autoencoder": ("model=autoencoder", "model.optimizer.lr=0.01,0.001"),
    "competitive": ("model=competitive", "model.lr=0.2,0.5", "model.lr_end=null,0.01"),
    "competitive batch": ("model=competitive", "model.update=batch", "model.conscience_until=.1,1"),
    "competitive cwta": ("model=competitive", "model.rule=cwta", "model.start=midpoint,kmeans++"),
    "denoising": ("experiment=denoising", "model.noise=0.1,0.3"),
    "mlp": ("model=mlp", "data=wine", "model.optimizer.betas=[0.9,0.999],[0.8,0.99]"),
    "mlp momentum": ("model=mlp", "model.optimizer.name=momentum", "model.optimizer.lr=1e-3,1e-2"),
    "mlp regression": ("model=mlp", "model.scheduler.name=cosine", "model.optimizer.lr=1e-3,1e-2"),
    "mlp schedules": (
        *("model=mlp", "data=moons"),
        *("model.scheduler.name=exponential", "model.scheduler.gamma=0.8,0.99"),
    ),
    "multilabel": ("model=sigmoid_classifier", "data=csv", "data.path=bits.csv", "data.scale=none"),
    "perceptron": ("model=perceptron", "data=iris", "model.lr=0.01,1"),
    "sigmoid_classifier": ("model=sigmoid_classifier", "data=iris", "data.scale=standard,minmax"),
    "sigmoid_neuron": ("model=sigmoid_neuron", "model.optimizer.lr=0.5,1"),
    "sparse": ("experiment=sparse", "model.sparsity=0.01,0.1"),
    "vae": ("model=vae", "model.beta=0.001,0.01"),
    "weight decay": ("model=mlp", "model.optimizer.name=adamw", "model.optimizer.weight_decay=0,1"),
}


@pytest.fixture
def both(nnzoo_train, tmp_path):
    """``both("model=mlp", "seed=1,2")``: the folders of the basic and of the fused sweep, and what
    the fused one said."""
    (tmp_path / "bits.csv").write_text("a,b,c,d\n0,0,0,1\n0,1,1,1\n1,0,1,0\n1,1,0,0\n")

    def run(*overrides: str):
        found = []
        for launcher in ("basic", "fused"):
            said = nnzoo_train(
                *("-m", *overrides, "figures=none", f"hydra/launcher={launcher}"),
                f"hydra.sweep.dir={launcher}",
            )
            found.append(tmp_path / launcher)
        return *found, said

    return run


def short_sweep(nnzoo_train, option):
    """What a fused sweep of two small networks says."""
    return nnzoo_train(
        *("-m", "model=mlp", "seed=0,1", option, "debug=default", "figures=none"),
        "hydra/launcher=fused",
    )


def compare(basic, fused, first, last, only=None):
    """Compare all jobs of two sweeps, or some, within relative differences after the first epoch
    and at the end."""
    assert [job.name for job in jobs(basic)] == [job.name for job in jobs(fused)]
    for one, other in zip(jobs(basic), jobs(fused), strict=True):
        if only is not None and one.name not in only:
            continue
        assert files(one) == files(other)
        a, b = result(one), result(other)
        assert {k: v for k, v in a.items() if k not in OWN} == {
            k: v for k, v in b.items() if k not in OWN
        }
        assert difference(a["metrics"], b["metrics"]) <= last
        left, right = rows(one), rows(other)
        assert len(left) == len(right)
        begun = [row for row in left if row["epoch"] == left[0]["epoch"]]
        assert difference(begun, right[: len(begun)]) <= first
        assert difference(left[-1], right[-1]) <= last
        for name in ("last", "best"):
            x, y = checkpoint(one, name), checkpoint(other, name)
            assert list(x) == list(y)
            assert (x["hyper_parameters"], x["nnzoo"]) == (y["hyper_parameters"], y["nnzoo"])
            assert (x["epoch"], x["global_step"]) == (y["epoch"], y["global_step"])
            assert difference(x["state_dict"], y["state_dict"]) <= last
        assert difference(*(checkpoint(j, "last")["optimizer_states"] for j in (one, other))) < 0.1
        model = nnzoo.load_model(other)
        x = torch.zeros(2, model.in_features)
        assert difference(nnzoo.load_model(one).predict(x), model.predict(x)) <= last


@pytest.mark.parametrize("case", FUSED)
def test_the_same_files_with_the_same_numbers(both, case):
    target = ["data.target=[c,d]"] if case == "multilabel" else []
    basic, fused, said = both(*FUSED[case], *target, "seed=0,1", "trainer.max_epochs=3")
    assert said.code == 0
    n = len(jobs(basic))
    assert f"jobs 0-{n - 1}: trained as one\n" in said.out
    compare(basic, fused, 1e-5, 1e-3)
    assert all(result(job)["members"] == n for job in jobs(fused))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["autoencoder", "sigmoid_classifier", "competitive"])
def test_after_a_whole_training(both, model):
    rate = ["model.optimizer.lr=0.01"] if model == "autoencoder" else []
    basic, fused, _ = both(f"model={model}", *rate, "seed=range(0,4)")
    compare(basic, fused, 1e-5, 1e-3)


@pytest.mark.parametrize("case", ["autoencoder", "mlp", "sigmoid_classifier", "vae", "denoising"])
def test_in_double_precision_no_difference_is_left(both, case):
    basic, fused, _ = both(
        *FUSED[case], "seed=0,1", "trainer.max_epochs=5", "trainer.precision=64-true"
    )
    compare(basic, fused, 1e-6, 1e-6)


def test_every_model_of_the_catalogue_alone_or_as_one(both):
    basic, fused, said = both("model=glob(*)", "seed=0,1", "debug=default")
    assert said.code == 0
    compare(basic, fused, 1e-5, 1e-3)
    assert "(gan: its two networks take steps in turn)\n" in said.out
    assert "(counterpropagation: it is trained in stages)\n" in said.out
    number = len(nnzoo.list_models())
    assert said.out.count("trained as one\n") == number - 2
    assert f"{2 * number} jobs, 0 failed" in said.out
    with open(fused / "results.csv") as file:
        table = list(csv.DictReader(file))
    assert [row["model"] for row in table[::2]] == nnzoo.list_models()


def test_what_cannot_be_stacked_makes_another_group(both):
    basic, fused, said = both(
        "model=sigmoid_classifier", "model.hidden=[4],[8]", "seed=0,1", "debug=default"
    )
    assert "jobs 0-1: trained as one\n" in said.out
    assert "jobs 2-3: trained as one\n" in said.out
    compare(basic, fused, 1e-5, 1e-3)


def test_a_job_without_its_like_is_trained_alone(both):
    basic, fused, said = both("model=sigmoid_classifier,perceptron", "debug=default")
    assert "jobs 0-1: trained one by one (no other job is of the same shape)\n" in said.out
    compare(basic, fused, 0, 0)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("model.optimizer.name=lbfgs", "the steps of L-BFGS hang on all parameters together"),
        ("logger=tensorboard", "it logs as it trains (logger tensorboard)"),
        ("trainer.gradient_clip_val=1", "options of its trainer act on each step"),
        ("+trainer.min_epochs=1", "its trainer has a least number of epochs or steps"),
        ("+trainer.max_steps=5", "options of its trainer act on one model"),
        ("callbacks.recorder.folder=elsewhere", "it has not the one recorder of its folder"),
    ],
)
def test_options_that_act_on_one_model_are_left_to_it(nnzoo_train, option, reason):
    said = short_sweep(nnzoo_train, option)
    assert said.code == 0
    assert f"jobs 0-1: trained one by one (mlp: {reason})\n" in said.out


def test_each_member_stops_early_by_itself(both):
    basic, fused, _ = both(
        *("model=sigmoid_classifier", "data=iris", "model.optimizer.lr=0.05,0.2", "seed=0,1"),
        *("callbacks=early_stopping", "callbacks.early_stopping.patience=3"),
    )
    compare(basic, fused, 1e-5, 1e-3)
    lengths = [len(rows(job)) for job in jobs(fused)]
    assert len(set(lengths)) > 1
    for one, other in zip(jobs(basic), jobs(fused), strict=True):
        a, b = (checkpoint(job, "last")["callbacks"] for job in (one, other))
        for states in (a, b):
            for state in states.values():
                state.pop("stopping_reason_message")
        assert difference(a, b) < 1e-3


def test_a_perceptron_is_done_when_it_makes_no_error(both):
    basic, fused, _ = both(
        "model=perceptron", "data.shuffle=true", "seed=range(0,6)", "data.repeat=3"
    )
    compare(basic, fused, 0, 0)
    assert len({len(rows(job)) for job in jobs(fused)}) > 1


def test_a_member_that_diverges_fails_alone(both):
    basic, fused, said = both(
        "model=autoencoder", "model.optimizer.lr=1e-3,1e33", "seed=0,1", "trainer.max_epochs=2"
    )
    assert said.code == 1
    assert "4 jobs, 2 failed" in said.out
    for one, other in zip(jobs(basic), jobs(fused), strict=True):
        a, b = result(one), result(other)
        assert a["status"] == b["status"]
        assert (a["error"] or "").replace("basic", "fused") == (b["error"] or "")
        assert difference(rows(one), rows(other)) < 1e-3
        for name in ("last", "best"):
            x, y = (checkpoint(job, name)["state_dict"] for job in (one, other))
            assert difference(x, y) < 1e-3
    assert [result(job)["status"] for job in jobs(fused)] == [
        "completed",
        "completed",
        "failed",
        "failed",
    ]


def test_a_member_that_diverges_at_once_fails_alone(both):
    basic, fused, _ = both(
        *("model=mlp", "model.hidden=[]", "model.initial_weight=[[1]],[[1e30]]"),
        "trainer.max_epochs=2",
    )
    for sweep in (basic, fused):
        assert [result(job)["status"] for job in jobs(sweep)] == ["completed", "failed"]
    compare(basic, fused, 1e-5, 1e-3, only=["0"])


def test_jobs_with_the_same_overrides_have_folders_of_their_own(both):
    basic, fused, said = both("model=perceptron", "seed=1,0,1", "trainer.max_epochs=2")
    assert said.code == 0
    compare(basic, fused, 0, 0)


def test_a_fused_run_is_trained_on_as_any_other(both, nnzoo_train, tmp_path):
    short = ("model=mlp", "data=wine", "seed=0,1", "model.scheduler.name=exponential")
    gamma = "model.scheduler.gamma=0.9"
    _, fused, _ = both(*short, gamma, "trainer.max_epochs=2")
    longer = [
        *("model=mlp", "data=wine", "seed=1", *short[3:], gamma, "trainer.max_epochs=4"),
        "figures=none",
    ]
    for name, more in (("on", [f"resume={fused / '1'}"]), ("whole", [])):
        assert nnzoo_train(*longer, *more, f"hydra.run.dir={name}").code == 0
    on, whole = (result(tmp_path / name) for name in ("on", "whole"))
    assert on["epochs"] == whole["epochs"] == 4
    assert difference(on["metrics"], whole["metrics"]) < 1e-3


def test_many_members_are_shared_out_among_processes(both, monkeypatch):
    monkeypatch.setattr(fuse, "processes", lambda parts: min(parts, 2))
    basic, fused, said = both(
        *("model=sigmoid_classifier", "model.optimizer.lr=0.05,1e33", "seed=range(0,17)"),
        *("debug=default", "data=moons"),
    )
    assert "jobs 0-33: trained as one, in 2 processes\n" in said.out
    for one, other in zip(jobs(basic), jobs(fused), strict=True):
        assert result(one)["status"] == result(other)["status"]
        assert difference(result(one)["metrics"], result(other)["metrics"]) <= 1e-3


def test_the_size_of_a_part_can_be_given(nnzoo_train, tmp_path):
    said = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "seed=range(0,5)", "debug=default", "figures=none"),
        *("hydra/launcher=fused", "hydra.launcher.members=2", "hydra.sweep.dir=sweep"),
    )
    assert "jobs 0-4: trained as one, in 3 rounds\n" in said.out
    assert [result(job)["members"] for job in jobs(tmp_path / "sweep")] == [1, 2, 2, 2, 2]


def test_pictures_are_drawn_as_ever(nnzoo_train, tmp_path):
    said = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "seed=0,1", "debug=default", "hydra/launcher=fused"),
        "hydra.sweep.dir=sweep",
    )
    assert said.code == 0
    names = {path.name for path in (tmp_path / "sweep" / "1" / "figures").iterdir()}
    assert names == {"boundary.png", "curve.png", "points.png"}
    assert (tmp_path / "sweep" / "curves.png").is_file()


def test_an_older_sweep_is_not_touched(nnzoo_train, tmp_path):
    command = ("-m", "model=perceptron", "seed=1,2", "figures=none", "hydra/launcher=fused")
    assert nnzoo_train(*command, "hydra.sweep.dir=sweep").code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "sweep").rglob("*.csv")}
    said = nnzoo_train(*command, "hydra.sweep.dir=sweep")
    assert said.code == 1
    assert said.err == (
        f"error: {tmp_path}/sweep/0 is not empty; name another folder in hydra.sweep.dir\n"
    )
    assert before == {p: p.read_bytes() for p in (tmp_path / "sweep").rglob("*.csv")}


def test_an_impossible_job_loses_no_other(both):
    basic, fused, said = both(
        "model=sigmoid_classifier", "data=gaussian_clusters,xor", "seed=0,1", "debug=default"
    )
    assert said.code == 1
    assert "4 jobs, 2 failed" in said.out
    for one, other in zip(jobs(basic), jobs(fused), strict=True):
        a, b = (json.loads((job / "result.json").read_text()) for job in (one, other))
        assert (a["status"], a["error"]) == (b["status"], b["error"])


@pytest.mark.parametrize("value", ["0", "many"])
def test_members_must_be_a_number(nnzoo_train, value):
    said = nnzoo_train(
        *("-m", "model=perceptron", "seed=0,1", "hydra/launcher=fused"),
        f"hydra.launcher.members={value}",
    )
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


class Dropped(nnzoo.models.MLP):
    """A network that leaves out inputs at random."""

    def loss(self, batch, noise=None):
        x = torch.nn.functional.dropout(batch.x, 0.5)
        return super().loss(batch._replace(x=x), noise)


def test_what_is_left_out_differs_by_member_and_step():
    data = nnzoo.create_data("wine", scale="standard")
    members = []
    for _ in range(3):
        torch.manual_seed(0)
        members.append(Dropped(13, 3, optimizer={"name": "sgd", "lr": 1e-12}))
    together = stack.Stack(members)
    together.optimizer = StackedOptimizer(
        together.whole, together.rest, together.columns, together.alone, range(3)
    )
    batch = Batch(*(v[:16].expand(3, *v[:16].shape) for v in data.train))
    losses = torch.stack([together.learn(batch) for _ in range(8)])  # the last are recorded
    assert len(together.recordings.operations) == 1
    assert len(losses.unique()) == losses.numel()


class Refusing(nnzoo.models.MLP):
    unstackable = "it is shy"


class Hooked(nnzoo.models.MLP):
    def on_train_epoch_end(self):
        super().on_train_epoch_end()


class Annealed(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        return super().loss(batch, noise) / (1 + self.current_epoch)


class Branching(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        loss = super().loss(batch, noise)
        return loss if loss > 0 else -loss


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Refusing", "it is shy"),
        ("Hooked", "Hooked has a method on_train_epoch_end of its own"),
        ("Annealed", "the model cannot be stacked: "),
        ("Branching", "the model cannot be stacked: "),
    ],
)
def test_a_model_of_ones_own_is_trained_alone_where_it_must(nnzoo_train, name, reason):
    said = short_sweep(nnzoo_train, f"model._target_={__name__}.{name}")
    assert said.code == 0
    assert "jobs 0-1: trained one by one (" in said.out
    assert reason in said.out
    assert "2 jobs, 0 failed" in said.out


@pytest.fixture
def run(composed):
    """A run of a small network, before its training."""
    config = OmegaConf.to_container(composed("model=mlp", "data=iris"), resolve=True)
    return Run(config, [])


def test_numbers_that_members_would_share_are_seen(run):
    assert obstacle(run, {}) is None
    run.model.jitter = torch.randn(3)
    reason = "MLP has numbers that are neither parameters nor buffers"
    assert obstacle(run, {}) == reason


def test_a_weight_that_is_not_learnt_is_seen(run):
    assert fitting(run, 1) > 1
    run.model.unused = torch.nn.Parameter(torch.ones(3))
    with pytest.raises(RuntimeError, match="to not have been used"):  # torch would not let it decay
        fitting(run, 1)


def test_a_data_module_that_serves_points_in_its_own_way_is_left_to_it(run):
    class Reversed(type(run.data)):
        def train_dataloader(self):
            return list(super().train_dataloader())[::-1]

    run.data.__class__ = Reversed
    assert obstacle(run, {}) == "Reversed has a method train_dataloader of its own"


@pytest.mark.parametrize("members", [1, 3, 20])
def test_as_many_are_trained_at_once_as_fit(run, monkeypatch, members):
    monkeypatch.setattr(memory, "free_memory", lambda run: 2**40)
    assert fitting(run, 1) == memory.MOST
    needs = []
    for free in range(10**5, 10**7, 10**4):
        monkeypatch.setattr(memory, "free_memory", lambda run, free=free: free)
        needs.append(fitting(run, 1))
    assert needs == sorted(needs)
    assert members in needs
