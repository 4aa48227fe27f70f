"""Hydra's own tests of a launcher, and configs that are composed sooner than Hydra does."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite, LauncherTestSuite
from hydra.types import RunMode
from hydra.version import Version, VersionBase
from omegaconf import OmegaConf

from nnzoo.sweeps.composing import Composer
from nnzoo.zoo import conf_dir


def test_hydra_finds_it():
    assert "FusedLauncher" in {found.__name__ for found in Plugins.instance().discover(Launcher)}


@pytest.fixture
def old_base(monkeypatch):
    """Hydra's tests run apps as of before its version 1.2."""
    monkeypatch.setattr(VersionBase.instance(), "version_base", Version("1.1"))


def of_old(tests):
    ignored = "ignore:Future Hydra versions will no longer change working"
    return pytest.mark.usefixtures("old_base")(pytest.mark.filterwarnings(ignored)(tests))


@of_old
@pytest.mark.parametrize(("launcher_name", "overrides"), [("fused", [])])
class TestFusedLauncher(LauncherTestSuite):
    pass


@of_old
@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("fused", ["hydra.sweeper.max_batch_size=2"])]
)
class TestBatches(BatchedSweeperTestSuite):
    pass


@pytest.fixture
def loader():
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=autoencoder"],
        ["model=autoencoder", "seed=3", "++model.optimizer.lr=0.01"],
        ["model=mlp", "++model.hidden=[3,4]", "data=wine", "figures=none"],
        ["model=mlp", "++model.optimizer={name: sgd, momentum: 0.5}"],
        ["model=mlp", "++model.new={a: {b: 1}}", "++model.new.a.c=${seed}"],
        ["experiment=sparse", "++data.seed=7", "++model.scheduler.name=cosine", "threads=null"],
        ["model=mlp", "+data.new=1", "++data.new=2"],
        ["model=mlp", "~model.optimizer.lr", "seed=1"],
        ["model=mlp", "++data.path='a=b, c'", '++run.note="quoted"'],
    ],
)
def test_a_job_is_composed_as_hydra_composes_it(loader, overrides):
    master = loader.load_configuration("train", overrides[:1], RunMode.MULTIRUN)
    composer = Composer(loader)
    first = composer.load_sweep_config(master, [*overrides[:1], "seed=99", "++model.other=1"])
    again = composer.load_sweep_config(master, overrides)
    wanted = loader.load_sweep_config(master, overrides)
    assert OmegaConf.to_container(again) == OmegaConf.to_container(wanted)
    assert OmegaConf.is_struct(again) == OmegaConf.is_struct(wanted)
    assert first.seed == 99


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
            config = composer.load_sweep_config(master, [f"model={model}", f"seed={seed}"])
            assert config.hydra.runtime.choices.model == model
            assert config.seed == seed
    assert len(calls) == 2
