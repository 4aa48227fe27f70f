"""Elman's network: steps by hand, torch's RNN, what it learns, and input that fails."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers import train_by_engine
from torch import nn

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.cli.prompt import prompt
from nnzoo.models import Elman
from nnzoo.nn import ElmanLayer, JordanLayer


def test_three_steps_by_hand():
    """One sigmoid unit, whose context starts with 0.5, with the weights 1 and -2 and the bias 1."""
    layer = ElmanLayer(1, 1, "sigmoid")
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0, -2.0]]))
        layer.linear.bias.fill_(1.0)
    first = 1 / (1 + np.exp(-(3 - 2 * 0.5 + 1)))
    second = 1 / (1 + np.exp(-(0 - 2 * first + 1)))
    third = 1 / (1 + np.exp(-(-1 - 2 * second + 1)))
    found = layer(torch.tensor([[3.0], [0.0], [-1.0]]))[:, 0].tolist()
    assert found == pytest.approx([first, second, third], rel=1e-6)


def peer_of(layer):
    """torch's RNN with the weights of a layer."""
    own, recurrent = layer.linear.weight.detach().split([layer.in_features, layer.units], 1)
    peer = nn.RNN(layer.in_features, layer.units, batch_first=True)
    values = (own, recurrent, layer.linear.bias.detach(), torch.zeros(layer.units))
    for parameter, value in zip(peer.parameters(), values, strict=True):
        parameter.data.copy_(value)
    return peer


def test_outputs_and_gradients_equal_those_of_torchs_rnn():
    torch.manual_seed(0)
    layer = ElmanLayer(3, 5)
    peer, x = peer_of(layer), torch.randn(4, 9, 3)
    torch.testing.assert_close(layer(x), peer(x)[0])
    layer(x).square().sum().backward()
    peer(x)[0].square().sum().backward()
    both = torch.cat([peer.weight_ih_l0.grad, peer.weight_hh_l0.grad], 1)
    torch.testing.assert_close(layer.linear.weight.grad, both)


@pytest.mark.parametrize("truncate", [1, 2])
@pytest.mark.parametrize("kind", [ElmanLayer, partial(JordanLayer, units=1)])
def test_a_truncated_gradient_stops_at_the_context(kind, truncate):
    torch.manual_seed(0)
    layer, x = kind(2, 3, truncate=truncate), torch.randn(1, 6, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(layer(x)[0, 4].sum(), x)
    first = 4 // truncate * truncate  # step of the last cut up to step 4
    reached = slope[0].abs().sum(1) > 0
    assert reached.tolist() == [first <= step <= 4 for step in range(6)]


def test_the_first_steps_do_not_count():
    torch.manual_seed(0)
    model, counted = Elman(1, washout=2), torch.randn(3, 5, 1)
    target = counted.roll(1, 1)
    other = target.clone()
    other[:, :2] += 100
    model.requires_grad_(False)
    found = model.metrics(Batch(counted, target))
    assert found == model.metrics(Batch(counted, other))
    errors = (model(counted) - target)[:, 2:]
    assert float(found["rmse"]) == pytest.approx(float(errors.square().mean().sqrt()), rel=1e-6)


def trained(data, epochs, **options):
    torch.manual_seed(0)
    model = nnzoo.create_model("elman", data, **options)
    train_by_engine(model, data, epochs, every=epochs)
    return model


def test_every_third_bit_is_predicted():
    """Temporal exclusive or: only the third bit of each three follows from the bits before."""
    data = nnzoo.create_data("sequence", kind="xor", length=12, n_sequences=100)
    model = trained(data, 100, hidden=8, optimizer={"lr": 0.03})
    assert model.task == "multilabel"
    x, y = data.raw[1]
    errors = (model.predict(x) - y).square().mean((0, 2)).sqrt()
    by_bit = [float(errors[k::3].mean()) for k in range(3)]
    assert by_bit[1] < 0.5 * min(by_bit[0], by_bit[2])
    assert min(by_bit[0], by_bit[2]) > 0.45  # chance


def test_the_amplitude_of_neurolabs_example_is_learned():
    """neurolab's own data: one sequence of 80 steps; the reference is a constant prediction."""
    data = nnzoo.create_data("sequence", n_sequences=1, val_fraction=0)
    amplitude = [1.0] * 20 + [2.0] * 20
    expected = np.sin(np.arange(20)).tolist(), (2 * np.sin(np.arange(20))).tolist()
    assert data.points.y.flatten().tolist() == amplitude * 2
    both = data.points.x.flatten().tolist()
    assert both == pytest.approx([*expected[0], *expected[1]] * 2, abs=1e-6)
    model = trained(data, 250, optimizer={"lr": 0.02})
    found = float((model.predict(data.points.x) - data.points.y).square().mean().sqrt())
    assert found < 0.4 * 0.5  # the standard deviation of 1 and 2


def test_predictions_are_for_one_sequence_or_several():
    data = nnzoo.create_data("sequence", n_sequences=12, length=10)
    run = nnzoo.train("elman", data, epochs=2, hidden=3)
    x = data.points.x
    several = run.predict(x.numpy())
    assert several.shape == (12, 10)
    np.testing.assert_allclose(run.predict(x[0].numpy()), several[0], rtol=1e-5)
    np.testing.assert_allclose(run.predict(x[0, :4].tolist()), several[0, :4], rtol=1e-5)
    for no_sequence in ([1.0], np.zeros((5, 0, 1))):
        with pytest.raises(InputError, match=r"must be a sequence \(time, in_features\)"):
            run.model.predict(no_sequence)
    assert run.plot("series", data=x.numpy()) is not None


def test_a_prompt_continues_the_sequence(monkeypatch, capsys):
    torch.manual_seed(0)
    model, typed = Elman(1, hidden=3).eval(), iter(["0.5", "-1", "2", ""])
    monkeypatch.setattr("builtins.input", lambda text: next(typed))
    prompt(model)
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == "each point is the next step of one sequence"
    found = [float(line.split()[-1]) for line in printed[2:]]
    expected = model.predict([[0.5], [-1.0], [2.0]]).flatten().tolist()
    assert found == pytest.approx(expected, abs=1e-6)


def test_labels_are_of_each_step():
    data = nnzoo.create_data("sequence", kind="xor", length=4, n_sequences=20)
    model = nnzoo.create_model("elman", data, hidden=2)
    x = data.points.x
    labels = model.predict_labels(x)
    assert labels == [str(int(p > 0.5)) for p in model.predict(x).flatten()]
    assert model.predict_labels(x[0]) == labels[:4]


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        ("iris", {}, "this model learns sequences, and the data are points"),
        ("sequence", {"hidden": 0}, r"model\.hidden must be a whole number"),
        ("sequence", {"washout": 80}, r"model\.washout=80 leaves none of the 80 steps"),
        ("sequence", {"truncate": 0}, "model.truncate must be a whole number"),
        ("sequence", {"activation": "softmax"}, r"unknown model\.activation 'softmax'"),
        ("sequence", {"output_activation": "tan"}, r"unknown model\.output_activation 'tan'"),
    ],
)
def test_input_that_fails(data, options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("elman", data, epochs=1, **options)


def test_models_of_points_refuse_sequences():
    with pytest.raises(InputError, match="model=elman, model=jordan and model=echo_state do"):
        nnzoo.train("mlp", "sequence", epochs=1)


@pytest.mark.parametrize(
    ("x", "y"), [((4, 5), (4, 5)), ((4, 5, 1), (4, 5)), ((4, 5, 1), (4, 3, 1))]
)
def test_batches_of_other_shapes(x, y):
    model = Elman(x[-1])
    with pytest.raises(InputError, match="a batch must be x"):
        model.as_batch((torch.zeros(x), torch.zeros(y)))
