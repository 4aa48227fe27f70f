"""Lightning's searches for a learning rate and a batch size, and its command line, per model."""

import json

import lightning.pytorch as pl
import pytest
from helpers import (
    AT_ONCE,
    EXPECTED,
    MODELS,
    OF_NUMBERS,
    TINY,
    fit,
    mostly_slow,
    same,
    state,
    tiny_data,
    tiny_model,
)
from lightning.pytorch.tuner import Tuner

import nnzoo
from nnzoo import InputError
from nnzoo.data import Bundled
from nnzoo.models import Model

pytestmark = [pytest.mark.filterwarnings(f"ignore:{message}") for message in EXPECTED]

ONE_RATE = [m for m in MODELS if tiny_model(m).automatic_optimization]
QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
QUIET |= {"accelerator": "cpu", "enable_model_summary": False}


def tuner(folder):
    return Tuner(pl.Trainer(max_epochs=99, default_root_dir=folder, **QUIET))


# The loss of rbm hardly changes with the rate.
@pytest.mark.parametrize("name", mostly_slow([m for m in ONE_RATE if m != "rbm"], 2))
def test_the_rate_that_lr_find_suggests_is_used(name, tmp_path):
    data = tiny_data(name)
    model = tiny_model(name, data, scheduler=None)
    before = state(model)
    found = tuner(tmp_path).lr_find(model, datamodule=data, num_training=40)
    rate = found.suggestion()
    assert 1e-8 < rate < 1
    assert same(state(model), before)
    trainer = fit(model, data)
    assert model.learning_rate == trainer.optimizers[0].param_groups[0]["lr"] == rate
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert nnzoo.load_model(tmp_path / "a.ckpt").learning_rate == rate


@pytest.mark.parametrize("name", sorted({*MODELS} - {*ONE_RATE}))
def test_lr_find_needs_one_optimizer(name, tmp_path):
    data = tiny_data(name)
    with pytest.raises(InputError, match="lr_find needs a model with one optimizer"):
        tuner(tmp_path).lr_find(tiny_model(name, data), datamodule=data)


@pytest.mark.parametrize("name", mostly_slow(["autoencoder", "competitive", "gan"], keep=1))
def test_the_batch_size_grows_up_to_the_number_of_points(name, tmp_path):
    data = tiny_data(name)  # 120 points in its training part
    found = tuner(tmp_path).scale_batch_size(
        tiny_model(name, data), datamodule=data, init_val=16, steps_per_trial=1
    )
    assert found == data.batch_size == 128


# LightningCLI


@pytest.fixture(autouse=True)
def quiet_cli(monkeypatch):
    """LightningCLI warns of pytest's arguments, and jsonargparse of LightningCLI's own calls."""
    monkeypatch.setattr("sys.argv", ["cli.py"])
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")


def run_cli(name, folder, *arguments, by_class=False):
    """Run LightningCLI's ``fit`` of a model on iris; sizes come from the data."""
    pytest.importorskip("jsonargparse")
    from lightning.pytorch.cli import LightningCLI

    data = tiny_data(name)
    kind = type(tiny_model(name, data))
    linked = [size for size in kind.sizes(data) if size not in TINY[name]]
    prefix = "model.init_args" if by_class else "model"
    arguments += ("--data.batch_size=null",) * (name in AT_ONCE)

    class CLI(LightningCLI):
        def add_arguments_to_parser(self, parser):
            for size in linked:

                def size_of(data, size=size):
                    return kind.sizes(data)[size]

                parser.link_arguments("data", f"{prefix}.{size}", size_of, apply_on="instantiate")

    classes = {"model_class": Model, "subclass_mode_model": True} if by_class else {}
    return CLI(
        **({"model_class": kind, "datamodule_class": Bundled} | classes),
        trainer_defaults=QUIET | {"max_epochs": 2, "default_root_dir": folder},
        seed_everything_default=0,
        save_config_callback=None,
        args=["fit", "--data.name=iris", "--data.val_fraction=0.2", *arguments],
    )


@pytest.mark.parametrize("name", mostly_slow(OF_NUMBERS, 2))
def test_lightning_cli(name, tmp_path, capsys):
    typed = [f"--model.{key}={json.dumps(value)}" for key, value in TINY[name].items()]
    has_optimizer = tiny_model(name).default_optimizer is not None
    rate = ["--model.optimizer={name: sgd, lr: 0.02}"] if has_optimizer else []
    run = run_cli(name, tmp_path, *typed, *rate, "--trainer.max_epochs=1")
    assert run.trainer.current_epoch == 1
    assert run.datamodule.val_fraction == 0.2
    assert {"loss", "val_loss"} <= run.trainer.callback_metrics.keys()
    assert {key: run.model.hparams[key] for key in TINY[name]} == TINY[name]
    if has_optimizer:
        assert run.model.learning_rate == 0.02
    run.trainer.save_checkpoint(tmp_path / "a.ckpt")
    loaded = nnzoo.load_model(tmp_path / "a.ckpt")
    assert type(loaded) is type(run.model)
    assert same(state(loaded), state(run.model))
    assert loaded.feature_names == run.datamodule.feature_names
    with pytest.raises(SystemExit):
        run_cli(name, tmp_path, "--model.hiden=3")
    assert "hiden" in capsys.readouterr().err


@pytest.mark.parametrize("name", mostly_slow(OF_NUMBERS, 1))
def test_lightning_cli_of_a_class_in_a_file(name, tmp_path):
    kind = type(tiny_model(name))
    content = {"model": {"class_path": f"nnzoo.models.{kind.__name__}", "init_args": TINY[name]}}
    (tmp_path / "config.yaml").write_text(json.dumps(content))  # JSON is YAML
    run = run_cli(name, tmp_path, f"--config={tmp_path / 'config.yaml'}", by_class=True)
    assert type(run.model) is kind
    assert run.trainer.current_epoch == 2
