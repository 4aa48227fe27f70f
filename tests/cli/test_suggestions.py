"""A wrong guess gets one line that suggests what to type."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from nnzoo import overrides
from nnzoo.cli import suggestions
from nnzoo.cli.listing import options
from nnzoo.cli.sources import names_in
from nnzoo.cli.suggestions import FLAGS, check_arguments, misread
from nnzoo.entries import entries
from nnzoo.errors import InputError
from nnzoo.overrides import quoted

RATE = "model.optimizer.lr=0.1"
RATES = "model.lr=0.1 or model.optimizer.lr=0.1"
EPOCHS = "epochs=10 epoch=10 max_epochs=10 model.epochs=10 trainer.max_epoch=10"
ROWS = (  # what is chosen, what is typed with it, what should be typed instead
    ("model=mlp", EPOCHS, "trainer.max_epochs=10"),
    ("model=mlp", "lr=0.1 learning_rate=0.1 model.lr=0.1 optimizer.lr=0.1", RATE),
    ("model=mlp", "model.optimizer.learning_rate=0.1 model.optimizr.lr=0.1", RATE),
    ("model=perceptron", "lr=0.1 model.optimizer.lr=0.1", "model.lr=0.1"),
    ("experiment=competitive_tutorial", "lr=0.1", "model.lr=0.1"),
    ("model=counterpropagation", "lr=0.1", RATES),
    ("seed=1", "lr=0.1", RATES),
    ("-m 'model=glob(*)'", "lr=0.1", RATES),
    ("model=mlp", "optimizer=adam optimizer=Adam", "model.optimizer.name=adam"),
    ("model=mlp", "scheduler=cosine", "model.scheduler.name=cosine"),
    ("model=mlp", "momentum=0.9", "model.optimizer.momentum=0.9"),
    ("model=competitive", "units=6 model.unit=6 neurons=6", "model.units=6"),
    ("model=mlp", "hidden=8 hidden=[8] hidden_layers=[8]", "'model.hidden=[8]'"),
    ("model=mlp", "activation=swish activation=silu", "model.activation=silu"),
    ("model=autoencoder", "noise=0.1", "model.noise=0.1"),
    ("model=som", "model.sigma=2", "model.radius=2"),
    ("model=grnn", "model.sigma=2", "model.spread=2"),
    ("model=neural_gas", "model.lambda=2", "model.radius=2"),
    ("model=rbf", "model.k=3", "model.centers=3 or model.units=3"),
    ("model=autoencoder data=moons", "noise=0.1", "model.noise=0.1 or data.noise=0.1"),
    ("model=vae", "latent=2 model.latnt=2 latent_dim=2", "model.latent=2"),
    ("model=mlp", "batch_size=8 batch-size=8 model.batch_size=8 bs=8", "data.batch_size=8"),
    ("model=mlp", "device=cuda gpu=true gpu=1 cuda=true gpus=1", "trainer=gpu"),
    ("model=mlp", "device=cpu gpu=false", "trainer=cpu"),
    ("model=mlp", "device=mps", "trainer.accelerator=mps"),
    ("model=mlp", "devices=2", "trainer.devices=2"),
    ("model=mlp", "workers=4 num_workers=4", "threads=4"),
    ("model=mlp", "dataset=iris dataset=Iris", "data=iris"),
    ("seed=1", "net=MLP network=mlp arch=mlp architecture=mlp modle=mlp", "model=mlp"),
    ("model=mlp", "sed=3 model.seed=3 random_state=3", "seed=3"),
    ("model=mlp", "seeds=5", "-m 'seed=range(0,5)'"),
    ("-m model=mlp", "seeds=5", "'seed=range(0,5)'"),
    ("-m model=mlp", "seeds=1,2", "seed=1,2"),
    ("model=mlp", "run=outputs/old checkpoint=outputs/old", "resume=outputs/old"),
    ("model=mlp", "'ckpt=a b/last.ckpt'", "'resume=\"a b/last.ckpt\"'"),
    ("model=mlp", "patience=5", "callbacks=early_stopping callbacks.early_stopping.patience=5"),
    ("model=mlp", "data.path=a.csv path=a.csv", "data=table data.path=a.csv"),
    ("model=mlp", "data.path=a.npy", "data=npy data.path=a.npy"),
    ("model=mlp", "data.feature=3 data.features=3", "model.in_features=3"),
    ("model=mlp", "data.run=outputs/old", "data=samples data.run=outputs/old"),
)
KEYS = [(row[0], argument, row[2]) for row in ROWS for argument in shlex.split(row[1])]

VALUES = {
    "model=mlp trainer=cuda": "unknown trainer 'cuda'; did you mean trainer=gpu?",
    "model=mlp model.activation=swish": "unknown model.activation 'swish'; did you mean "
    "model.activation=silu?",
    "-m model=mlp model.activation=tanh,relu,swish": "unknown model.activation 'swish'; did you "
    "mean model.activation=tanh,relu,silu?",
    "model=mlp 'model.activation=[swish,relu]'": "did you mean 'model.activation=[silu,relu]'?",
    "model=mlp model.optimizer=adam": "model.optimizer must be a mapping with a name; did you mean "
    "model.optimizer.name=adam?",
    "model=mlp model.loss=MSE": "did you mean model.loss=mse?",
    "model=mlp model.activation=logsig": "did you mean model.activation=sigmoid?",
    "model=mlp model.optimizer.name=trainlm": "model.optimizer.name=levenberg_marquardt?",
    "model=mlp model.optimizer.name=trainscg": "model.optimizer.name=scg?",
    "model=mlp model.optimizer.name=trainbr": "model.optimizer.name=bayesian_regularization?",
    "model=gng": "unknown model 'gng'; did you mean model=growing_neural_gas?",
    "model=ng": "did you mean model=neural_gas?",
    "model=MLP": "unknown model 'MLP'; did you mean model=mlp?",
    "model=mlp figures=false": "did you mean figures=none?",
    "-m model=mlp seed=1..3": "cannot read 'seed=1..3'; did you mean 'seed=range(1,4)'?",
    "-m model=mlp seed=1-3": "did you mean 'seed=range(1,4)'?",
    "model=mlp data=houses.csv": "data must be a name of the catalogue; did you mean data=table "
    "data.path=houses.csv?",
    "model=mlp data=./x/y.npy": "did you mean data=npy data.path=./x/y.npy?",
    r"model=mlp 'data=C:\x.csv'": r"""did you mean data=table 'data.path="C:\x.csv"'?""",
    "model=null": "unknown model 'null'; known: ",
    "debug=true": "unknown debug 'true'; known: default",
    "foo=3": "unknown key 'foo'; known: callbacks, data, debug, ",
    "+foo.bar=3": "unknown key 'foo.bar'; known: ",
    "hydra.run.dir=": "hydra.run.dir= names no folder",
}

WORDS = {
    "autoencoder": "cannot read 'autoencoder'; write KEY=VALUE; did you mean model=autoencoder?",
    "model=mlp epochs 10": "cannot read 'epochs'; did you mean trainer.max_epochs=10?",
    "model=mlp --epochs 10": "unknown flag '--epochs'; did you mean trainer.max_epochs=10?",
    "model=mlp --epochs": "did you mean trainer.max_epochs=VALUE?",
    "model=mlp --gpu": "unknown flag '--gpu'; did you mean trainer=gpu?",
    "model=mlp cuda": "cannot read 'cuda'; did you mean trainer=gpu?",
    "model=mlp --no-gpu": "unknown flag '--no-gpu'; did you mean trainer=cpu?",
    "model=mlp --plot": "did you mean figures=default?",
    "--model mlp": "unknown flag '--model'; did you mean model=mlp?",
    "model=mlp --multi-run": "unknown flag '--multi-run'; did you mean '--multirun'",
    "model=mlp data=csv data.path=my new file.csv": "cannot read 'new'; write "
    "'data.path=\"my new file.csv\"'",
}

FINE = (
    "model=mlp data=csv data.path=houses.csv data.target=price",
    "model=mlp data=npy 'data.path=my file.npy'",
    r"""model=mlp data=csv 'data.path="a,b.csv"' resume=null 'data.path=a\,b.csv'""",
    "-m model=mlp data=csv data.path=a.csv,b.csv",
    "model=mlp 'hydra.run.dir=runs/${now:%Y}'",
    "model=mlp resume=true threads=null model.output_activation=null",
    "model=mlp hydra/launcher=joblib hydra.launcher.n_jobs=2 hydra.sweep.subdir=x",
    "model=mlp model.optimizer.weight_decay=0.1 model.optimizer.alpha=1",
    "model=autoencoder ~callbacks.recorder",
    "model=mlp trainer.callbacks=[] trainer.max_time=00:10",
    # left to the classes, which know their arguments
    "model=mlp model.foobar=3",
    "model=perceptron model.optimizer=adam",
    "model=counterpropagation model.scheduler.name=cosine",
    "model=of_a_user model.unit=3",
    "model=mlp model._target_=mine.Model model.unit=3",
)


@pytest.mark.parametrize(("chosen", "argument", "better"), KEYS)
def test_an_unknown_key_gets_a_suggestion(chosen, argument, better):
    with pytest.raises(InputError) as error:
        check_arguments([*shlex.split(chosen), argument])
    assert str(error.value).startswith("unknown key '")
    assert str(error.value).endswith(f"; did you mean {better}?")
    for one in better.split(" or "):  # what is suggested is accepted, and read by Hydra
        for checked in check_arguments([*shlex.split(chosen), *shlex.split(one)]):
            assert checked == "-m" or OverridesParser.create().parse_override(checked)


@pytest.mark.parametrize(("command", "text"), (VALUES | WORDS).items(), ids=str)
def test_a_wrong_value_or_word_gets_a_suggestion(command, text):
    with pytest.raises(InputError) as error:
        check_arguments(shlex.split(command))
    assert text in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("command", FINE)
def test_valid_arguments_pass(command):
    typed = shlex.split(command)
    assert sorted(a.lstrip("+") for a in check_arguments(typed)) == sorted(typed)


def test_order_and_new_keys():
    typed = ["model=mlp", "debug=null", "model.units=3", "-m", "experiment=null"]
    typed += ["seed=1,2", "+data.low=1", "-m"]
    hydra = ["-m", "model=mlp", "++model.units=3", "seed=1,2", "++data.low=1"]
    assert check_arguments(typed) == hydra
    assert check_arguments(["--multirun", "logger=none", "++logger.a.b=1", "resume_sweep=x"]) == [
        *("--multirun", "logger=none", "++logger.a.b=1", "resume_sweep=x")
    ]
    assert check_arguments([]) == []


def test_flags_with_values_pass():
    typed = ["model=mlp", "--cfg", "job", "--config-dir", "/tmp/a=b", "seed=3", "--info", "-cd=x"]
    assert check_arguments(typed) == [
        *("model=mlp", "seed=3"),  # argparse takes no overrides behind a flag that follows others
        *("--cfg", "job", "--config-dir", "/tmp/a=b", "--info", "-cd=x"),
    ]
    assert check_arguments(["--info", "config", "model=mlp"]) == ["model=mlp", "--info", "config"]


def test_flags_are_hydras():
    from hydra._internal.utils import get_args_parser

    actions = get_args_parser()._actions
    assert {option for action in actions for option in action.option_strings} == {
        *FLAGS,
        "--experimental-rerun",  # it reads a pickle
    }


@pytest.mark.parametrize("path", ["a,b.csv", "a[1].csv", "a=b.csv", "Müller.csv", "(a).csv", "{a}"])
@pytest.mark.parametrize(
    "key", ["data.path", "data.run", "resume", "resume_sweep", "hydra.run.dir", "a.folder"]
)
def test_a_path_that_hydra_misreads_gets_quotes(key, path):
    better = misread(key, path)
    assert better == quoted(key, path)
    data = "data=samples" if key == "data.run" else "data=csv"
    key = key if key != "a.folder" else "callbacks.recorder.folder"
    with pytest.raises(InputError, match=r"^cannot read .*; write '.*'$"):
        check_arguments(["model=mlp", data, f"{key}={path}"])


def test_other_values_get_no_quotes():
    for key in ("hydra.searchpath", "model.hidden", "hydra.job.chdir"):
        assert misread(key, "[8,4]") is None
    assert misread("data.path", "a.csv,b.csv", sweep=True) is None
    assert misread("data.path", "my file.csv") is None
    assert misread("data.path", "C:\\x\\y.csv") is None


def test_a_comma_in_an_existing_path_is_not_a_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a,b.csv").touch()
    assert misread("data.path", "a,b.csv", sweep=True) == quoted("data.path", "a,b.csv")


def test_home_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert misread("data.path", "~/x.csv") == "data.path=/home/me/x.csv"


@pytest.mark.parametrize(
    ("typed", "better"),
    {
        ("'model=mlp'",): "model=mlp",
        ("model=mlp", "'model.hidden=[8,4]'"): '"model.hidden=[8,4]"',
        ("model=mlp", "'model.hidden=[8,", "4]'", "seed=1"): '"model.hidden=[8, 4]"',
        ("model=mlp", "'data.low=[1,", "-2]'"): '"data.low=[1, -2]"',  # -2]' is no flag
        ("model=mlp", "'data.path=a,b.csv'"): "\"data.path='a,b.csv'\"",
        ("model=mlp", "'data.path=\"a", "b.csv\"'"): "\"data.path='a b.csv'\"",
        ("model=mlp", "'data.path=a b.csv'"): "\"data.path='a b.csv'\"",  # as cmd.exe passes it
        ("model=mlp", "data.path='a", "b.csv'", "seed=1"): "\"data.path='a b.csv'\"",
    }.items(),
)
def test_literal_quotes_of_windows(typed, better):
    with pytest.raises(InputError) as error:
        check_arguments(typed)
    assert str(error.value) == (
        f"this shell keeps single quotes as part of the argument; write {better}"
    )


def test_quotes_that_hydra_reads_are_no_literal_quotes():
    typed = ["model=mlp", "data=csv", "data.path='a b.csv'"]
    assert check_arguments(typed) == [*typed[:2], "++data.path='a b.csv'"]


@pytest.mark.parametrize("name", ["weight", "w", "bias"])
def test_weights_by_hand_have_short_names(name):
    own = {"w": "weight"}.get(name, name)
    for typed in (f"model.{name}=[1]", f"++model.{name}=[1]"):
        assert check_arguments(["model=perceptron", typed])[1] == f"++model.initial_{own}=[1]"
    assert check_arguments(["model=mlp", "model.bias=true"])[1] == "++model.bias=true"  # its own


def test_other_names_of_values_lead_to_names_that_exist():
    names = {
        "figures": entries("figures"),
        "trainer": entries("trainer"),
        "model": entries("model"),
        "activation": names_in("ACTIVATIONS"),
        "model.loss": names_in("LOSSES"),
        "optimizer.name": names_in("OPTIMIZERS"),
        "scale": ["bipolar", "frobenius", "minmax", "none", "standard"],
    }
    assert names.keys() == overrides.VALUES.keys()
    for key, words in overrides.VALUES.items():
        assert set(words.values()) <= set(names[key])
        assert not set(words) & set(names[key])


def test_other_names_of_keys_lead_to_keys_that_exist():
    known = options([])
    for paths in overrides.NAMES:
        for path in paths:
            key, equals, value = path.split()[0].partition("=")
            group, _, name = key.partition(".")
            if group in known and name:
                assert name.partition(".")[0] in known[group], path
            else:
                assert group in (*suggestions.KEYS, "hydra")
            if equals and group in suggestions.GROUPS:
                assert value in entries(group)
