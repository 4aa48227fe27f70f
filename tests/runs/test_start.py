"""Runs that start from the weights of another one."""

import pytest
import torch
from helpers import FIRST, MODELS, TINY, data_for, same, state

import nnzoo
from nnzoo import InputError
from nnzoo.cli.suggestions import check_arguments

QUICK = [n if n in FIRST else pytest.param(n, marks=pytest.mark.slow) for n in MODELS]


@pytest.mark.parametrize("name", QUICK)
def test_a_run_of_0_epochs_has_the_weights_it_starts_from(name, trained):
    given = {f"model.{key}": value for key, value in TINY[name].items()}
    typed = [f"model={name}", *data_for(name, "iris"), "trainer.max_epochs=2"]
    typed += [f"{key}={value}" for key, value in given.items()]
    first = trained(*check_arguments(typed), "figures=none")
    model, data = nnzoo.load_model(first), nnzoo.load_run(first).data
    own = given if name == "sigmoid_classifier" else {}  # its entry sets the units
    again = nnzoo.train(name, data, start_from=str(first), epochs=0, seed=5, options=own)
    assert same(state(again.model), state(model))


@pytest.mark.parametrize("by", ["engine", "Lightning's loop"])
def test_a_model_that_starts_from_its_data_keeps_the_given_weights(by):
    options = {} if by == "engine" else {"accumulate_grad_batches": 2}
    first = nnzoo.train("rbm", "bars", epochs=20, hidden=5)
    still = {"lr": 1e-12, "epochs": 1, "start_from": first.folder}
    again = nnzoo.train("rbm", "bars", **still, **options)
    for name, value in state(first.model).items():
        torch.testing.assert_close(state(again.model)[name], value)


def test_a_cascade_that_has_finished_learns_again():
    x, options = (
        [[0.0], [1.0]] * 5,
        {"val_fraction": 0, "check_val_every_n_epoch": 1, "epochs": 60, "max_units": 1},
    )
    first = nnzoo.train("cascade_correlation", x, ["a", "b"] * 5, **options)
    assert first.model.finished == 1
    other = nnzoo.train(
        "cascade_correlation", x, ["b", "a"] * 5, start_from=first.folder, **options
    )
    assert other.metrics["accuracy"] == 1


def test_an_autoencoder_starts_from_a_deep_belief_net():
    net = nnzoo.train("dbn", "iris", epochs=2, hidden=[5, 2], scale="minmax")
    options = {"scale": "minmax", "start_from": net}
    start = nnzoo.train("autoencoder", "iris", epochs=0, **options)
    x = net.data.points.x.numpy()
    torch.testing.assert_close(*(torch.as_tensor(run.predict(x)) for run in (start, net)))
    assert start.config["model"]["hidden"] == [5]
    tuned = nnzoo.train("autoencoder", "iris", epochs=30, lr=0.01, **options)
    assert tuned.metrics["val_mse"] < start.metrics["val_mse"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"start_from": "nowhere"}, "start_from=.*nowhere: there is no run or checkpoint"),
        ({"hidden": [3]}, r"other sizes, those of model\.hidden=\[5\], not \[3\]"),
        ({"model": "vae"}, "its class is DBN, from whose weights no VAE can start"),
        ({"data": "wine"}, r"other sizes, those of model\.in_features=4, not 13"),
    ],
)
def test_a_start_that_does_not_fit(options, text, tmp_path):
    folder = tmp_path / "net"
    nnzoo.train("dbn", "iris", epochs=1, hidden=[5, 2], scale="minmax", folder=folder)
    given = {"model": "autoencoder", "data": "iris", "start_from": folder} | options
    model, data = given.pop("model"), given.pop("data")
    with pytest.raises(InputError, match=text):
        nnzoo.train(model, data, scale="minmax", epochs=1, **given)
