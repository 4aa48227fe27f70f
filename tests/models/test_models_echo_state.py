"""Echo state networks: a slow loop, forgetting, scikit-learn's ridge, free runs, wrong input."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

import nnzoo
from nnzoo import InputError
from nnzoo.models import EchoState
from nnzoo.nn import Reservoir, ridge_regression


def slow_states(layer, x, state):
    """The states after each step of a sequence (time, features), unit by unit."""
    weight, bias = layer.linear.weight.double().numpy(), layer.linear.bias.double().numpy()
    leak, states = float(layer.leak_rate), []
    for values in x.numpy().astype(float):
        before = np.concatenate([values, state])
        net = [sum(w * v for w, v in zip(row, before, strict=True)) for row in weight]
        state = (1 - leak) * state + leak * np.tanh(net + bias)
        states.append(state)
    return np.array(states)


@pytest.mark.parametrize("leak_rate", [1.0, 0.3])
def test_states_equal_those_of_a_slow_loop(leak_rate):
    torch.manual_seed(0)
    layer = Reservoir(2, 5, 0.8, leak_rate, input_scale=0.7, bias_scale=0.4, density=0.5)
    x = torch.randn(3, 6, 2)
    found = layer.states(x)
    expected = np.stack([slow_states(layer, part, np.zeros(5)) for part in x])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-14)
    stepped = layer.step(x[:, 5], found[:, 4])
    torch.testing.assert_close(stepped, found[:, 5], rtol=1e-12, atol=1e-14)
    own, recurrent = layer.linear.weight.double().split([2, 5], 1)
    assert own.abs().max() <= 0.7
    assert 0 < layer.linear.bias.abs().max() <= 0.4
    assert 0 < (recurrent == 0).sum() < 25
    assert float(torch.linalg.eigvals(recurrent).abs().max()) == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize(("radius", "forgets"), [(0.8, True), (1.6, False)])
def test_two_start_states_converge_below_a_radius_of_1(radius, forgets):
    """The echo state property, with inputs of 0, which keep no unit from its linear range."""
    torch.manual_seed(0)
    layer = Reservoir(1, 50, radius, bias_scale=0)
    states = torch.rand(2, 50, dtype=torch.float64) * 2 - 1
    start = (states[0] - states[1]).norm()
    for _ in range(200):
        states = layer.step(torch.zeros(2, 1), states)
    assert bool((states[0] - states[1]).norm() < 1e-9 * start) is forgets


def test_outputs_equal_those_of_scikit_learns_ridge():
    data = nnzoo.create_data("mackey_glass", length=401, horizon=1, batch_size=None)
    run = nnzoo.train("echo_state", data, hidden=20, ridge=0.01, washout=30)
    model = run.model
    states = model.layer.states(data.train.x)[:, 30:].flatten(0, 1).numpy()
    y = data.train.y[:, 30:].flatten(0, 1).double().numpy()
    peer = Ridge(alpha=0.01, solver="svd").fit(states, y)
    np.testing.assert_allclose(model.head.weight.numpy()[0], np.ravel(peer.coef_), rtol=1e-7)
    np.testing.assert_allclose(model.head.bias.numpy(), peer.intercept_, rtol=1e-7)
    error = float(((peer.predict(states).reshape(-1, 1) - y) ** 2).mean())
    assert run.metrics["loss"] == pytest.approx(error, rel=1e-5)


def test_a_small_ridge_survives_equal_columns():
    """Where normal equations would lose all digits: the weights of equal columns are equal."""
    x = torch.randn(30, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    both = torch.cat([x, x], 1)
    weight, bias = ridge_regression(both, 3 * x + 1, torch.tensor(1e-13))
    assert weight[0].tolist() == pytest.approx([1.5, 1.5], rel=1e-6)
    assert float(bias) == pytest.approx(1, rel=1e-6)


def trained(**options):
    data = nnzoo.create_data("mackey_glass", length=1201, window=400, horizon=1, val_fraction=0.34)
    options = {"hidden": 60, "washout": 50} | options
    return nnzoo.train("echo_state", data, seed=0, **options), data


def test_a_free_run_gets_its_own_outputs_back():
    run, data = trained()
    model, given = run.model, data.raw[1].x[0, :250]
    found = model.free_run(given, 5)
    for step in range(5):
        expected = model.predict(given)[-1]
        torch.testing.assert_close(found[step].float(), expected, rtol=1e-4, atol=1e-4)
        given = torch.cat([given, expected[None]])
    both = model.free_run(data.raw[1].x[:, :250].expand(2, -1, -1), 5)
    torch.testing.assert_close(both[1], found, rtol=1e-9, atol=1e-9)


def test_the_error_after_84_steps_by_free_runs_one_by_one(monkeypatch):
    monkeypatch.setattr("nnzoo.models.echo_state.STARTS", 10)
    run, data = trained()
    x, y = data.raw[1]
    errors = []
    for start in torch.linspace(200, 400 - 84, 10).long():
        found = run.model.free_run(x[0, : start + 1], 84)[-1]
        errors.append(float(found - y[0, start + 83]))
    expected = np.sqrt(np.mean(np.square(errors))) / float(y.std(correction=0))
    assert run.metrics["nrmse_84"] == pytest.approx(expected, rel=1e-3)
    assert expected < 0.6  # a constant output gets 1


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        ("iris", {}, "this model learns sequences, and the data are points"),
        ("mackey_glass", {"hidden": 6000}, r"model\.hidden must be a whole number .*5000"),
        ("mackey_glass", {"spectral_radius": -1}, r"model\.spectral_radius must be a number >= 0"),
        ("mackey_glass", {"spectral_radius": 1e300}, r"radius must .* <= 1e.06, got 1e.300"),
        ("mackey_glass", {"input_scale": 1e39}, r"model\.input_scale must be a number >= 0 and"),
        ("mackey_glass", {"leak_rate": 0}, r"model\.leak_rate must be a number > 0 and <= 1"),
        ("mackey_glass", {"density": 1.5}, r"model\.density must be a number > 0 and <= 1"),
        ("mackey_glass", {"density": 1e-9}, r"have no cycle at model\.density=1e-09"),
        ("mackey_glass", {"ridge": 0}, r"model\.ridge must be a number > 0"),
        ("mackey_glass", {"washout": 100}, r"model\.washout=100 leaves none of the 100 steps"),
    ],
)
def test_input_that_fails(data, options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.train("echo_state", data, **options)


def test_a_free_run_needs_the_next_step_as_target():
    for name, options in (("sequence", {}), ("mackey_glass", {"horizon": 6})):
        model = nnzoo.create_model("echo_state", nnzoo.create_data(name, **options), hidden=3)
        with pytest.raises(InputError, match="whose targets are the features one step later"):
            model.free_run([[0.5], [0.6]], 3)
    with pytest.raises(InputError, match="steps must be a whole number"):
        EchoState(1, hidden=3).free_run([[0.5], [0.6]], 0)
