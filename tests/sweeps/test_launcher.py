"""Hydra's own tests of a launcher, an optimizing sweeper, and the fast composition of
configs."""

import json
from pathlib import Path

import pytest
from comparing import read_csv
from helpers import mostly_slow
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite, LauncherTestSuite
from hydra.types import RunMode
from hydra.version import Version, VersionBase
from omegaconf import OmegaConf, open_dict

from nnzoo.catalogue import hydra_base
from nnzoo.cli.train import register_resolvers
from nnzoo.entries import conf_dir
from nnzoo.sweeps.compose import Composer

SWEEP = ("-m", "model=mlp", "data=iris", "trainer.max_epochs=2", "figures=none")


def test_hydra_finds_the_launcher():
    assert "FusedLauncher" in {found.__name__ for found in Plugins.instance().discover(Launcher)}


@pytest.fixture
def old_base(monkeypatch):
    """Hydra's tests run apps as of before its version 1.2."""
    monkeypatch.setattr(VersionBase.instance(), "version_base", Version("1.1"))


def hydras_own(tests):
    ignored = "ignore:Future Hydra versions will no longer change working"
    return pytest.mark.usefixtures("old_base")(pytest.mark.filterwarnings(ignored)(tests))


@hydras_own
@pytest.mark.parametrize(("launcher_name", "overrides"), [("nnzoo_fused", [])])
class TestFusedLauncher(LauncherTestSuite):
    pass


@hydras_own
@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("nnzoo_fused", ["hydra.sweeper.max_batch_size=2"])]
)
class TestBatches(BatchedSweeperTestSuite):
    pass


def test_the_default_launcher_trains_batches(nnzoo_train, tmp_path):
    printed = nnzoo_train(
        *(*SWEEP, "seed=range(0,5)", "hydra.sweeper.max_batch_size=2", "hydra.sweep.dir=sweep")
    )
    assert printed.code == 0
    assert "jobs 0-1: trained together\njob 0: " in printed.out
    assert "jobs 2-3: trained together\njob 2: " in printed.out
    assert "job 4: trained" not in printed.out
    assert [row["seed"] for row in read_csv(tmp_path / "sweep" / "results.csv")] == list("01234")


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")  # Optuna 2.10 uses what SQLAlchemy 2 deprecates
@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_an_optimizing_sweeper_gets_the_monitored_value(launcher, nnzoo_train, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", exc_type=ImportError)
    printed = nnzoo_train(
        *(*SWEEP, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=4"),
        *("hydra.sweeper.sampler.seed=1", "model.optimizer.lr=interval(0.001,0.1)"),
        *("hydra.sweep.dir=sweep", f"hydra/launcher={launcher}"),
    )
    assert printed.code == 0, printed
    assert "8 jobs, 0 failed" in printed.out
    found = OmegaConf.load(tmp_path / "sweep" / "optimization_results.yaml")
    table = read_csv(tmp_path / "sweep" / "results.csv")
    best = min(table, key=lambda row: float(row["val_loss"]))
    assert found.best_value == pytest.approx(float(best["val_loss"]))
    assert found.best_params["++model.optimizer.lr"] == float(best["model.optimizer.lr"])
    assert len({row["model.optimizer.lr"] for row in table}) == 8


# Composing


@pytest.fixture
def loader():
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **hydra_base()):
        yield GlobalHydra.instance().config_loader()


COMPOSED = [
    ["model=autoencoder"],
    ["model=autoencoder", "seed=3", "++model.optimizer.lr=0.01"],
    ["model=mlp", "++model.hidden=[3,4]", "data=wine", "figures=none"],
    ["model=mlp", "++model.optimizer={name: sgd, momentum: 0.5}"],
    ["model=mlp", "++model.new={a: {b: 1}}", "++model.new.a.c=${seed}"],
    ["experiment=sparse", "++data.seed=7", "++model.scheduler.name=cosine", "threads=null"],
    ["model=mlp", "+data.new=1", "++data.new=2"],
    ["model=mlp", "++model.new.a=1", "++model.new={a: 2, b: 3}"],
    ["model=mlp", "++model.new={a: 2, b: 3}", "++model.new.a=1"],
    ["model=mlp", "seed=1", "~seed", "+seed=2"],
    ["model=mlp", "++model.hidden=[3,4]", "++model.hidden.0=5"],
    ["model=mlp", "++model.hidden=[{a: 1}]", "++run.note=${hydra:job.num}"],
    ["model=mlp", "~model.optimizer.lr", "seed=1"],
    ["model=mlp", "++data.path='a=b, c'", '++run.note="quoted"'],
    ["model=mlp", "logger=tensorboard", "callbacks=early_stopping", "seed=2"],
    ["model=mlp", "++run.note='${seed} of ${run.model}'", "++run.twice=${run.every_seconds}"],
]


@pytest.mark.parametrize("overrides", mostly_slow(COMPOSED, keep=6))
def test_a_job_is_composed_as_hydra_composes_it(loader, overrides):
    master = loader.load_configuration("train", overrides[:1], RunMode.MULTIRUN)
    composer = Composer(loader)
    checked = composer.load_sweep_config(master, overrides)
    wanted = loader.load_sweep_config(master, overrides)
    assert checked.hydra.runtime.choices == wanted.hydra.runtime.choices
    with open_dict(wanted):
        wanted.hydra.runtime.output_dir = "/some/folder/7"
        wanted.hydra.job.num = 7
    for _ in range(2):  # the first and another job of one kind
        plain = composer.plain(master, overrides, 7, Path("/some/folder"))
        HydraConfig.instance().cfg = wanted  # for interpolations
        assert list(plain) == [key for key in wanted if key != "hydra"]
        for key, found in plain.items():
            node = wanted[key]
            is_node = OmegaConf.is_config(node)
            assert found == (OmegaConf.to_container(node, resolve=True) if is_node else node)
        json.dumps(plain)  # plain containers alone


def test_values_of_one_job_are_not_those_of_another(loader):
    master = loader.load_configuration("train", ["model=mlp"], RunMode.MULTIRUN)
    composer = Composer(loader)
    values = ["[3,4]", "[5]", "null", "{a: 1}", "{b: 1}", "[6]", "${seed}"]
    jobs = []
    for number, value in enumerate(values):
        overrides = ["model=mlp", f"seed={number}", f"++model.hidden={value}"]
        jobs.append(composer.plain(master, overrides, number, Path("/sweep")))
    assert [job["model"]["hidden"] for job in jobs] == [
        *([3, 4], [5], None, {"a": 1}, {"b": 1}, [6], 6)
    ]
    assert [job["data"]["seed"] for job in jobs] == list(range(7))


@pytest.mark.parametrize("override", ["nothing=1", "model.optimizer.rate=1", "model=nothing"])
def test_what_hydra_refuses_is_refused_in_its_words(loader, override):
    master = loader.load_configuration("train", ["model=mlp"], RunMode.MULTIRUN)
    words = []
    for composer in (loader, Composer(loader)):
        with pytest.raises(Exception) as error:  # noqa: PT011  # its kind is what is compared
            composer.load_sweep_config(master, ["model=mlp", override])
        words.append((type(error.value), str(error.value)))
    assert words[0] == words[1]


def test_configs_that_differ_in_values_are_composed_once(loader, monkeypatch):
    calls = []
    load = type(loader).load_sweep_config
    monkeypatch.setattr(
        type(loader), "load_sweep_config", lambda *args: calls.append(args) or load(*args)
    )
    master = loader.load_configuration("train", ["model=mlp"], RunMode.MULTIRUN)
    composer = Composer(loader)
    for model in ("mlp", "vae"):
        for seed in range(5):
            overrides = [f"model={model}", f"seed={seed}"]
            composer.load_sweep_config(master, overrides)
            plain = composer.plain(master, overrides, seed, Path("/sweep"))
            assert (plain["run"]["model"], plain["seed"]) == (model, seed)
            assert plain["run"]["folder"] == f"/sweep/{seed}"
    assert len(calls) == 2
