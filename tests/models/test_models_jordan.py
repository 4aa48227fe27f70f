"""Jordan's network: steps by hand, a loop in NumPy, forcing, the cycle it learns, wrong input."""

import numpy as np
import pytest
import torch
from helpers import train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import Jordan
from nnzoo.nn import JordanLayer


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_three_steps_by_hand():
    """One hidden unit with the weights 1 and -2 and the bias 1, and an output 3 h - 1."""
    layer = JordanLayer(1, 1, 1, "sigmoid", decay=0.5)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0, -2.0]]))
        layer.linear.bias.fill_(1.0)
        layer.head.weight.fill_(3.0)
        layer.head.bias.fill_(-1.0)
    first = 3 * sigmoid(3 + 1) - 1
    second = 3 * sigmoid(0 - 2 * first + 1) - 1
    third = 3 * sigmoid(-1 - 2 * (0.5 * first + second) + 1) - 1
    found = layer(torch.tensor([[3.0], [0.0], [-1.0]]))[:, 0].tolist()
    assert found == pytest.approx([first, second, third], rel=1e-6)


def by_loop(layer, x, state):
    """The outputs of a layer, one step of one sequence after the other."""
    w, b, v, c = (p.detach().numpy() for p in layer.parameters())
    outputs = []
    for sequence in x.numpy():
        s = state.numpy()
        for values in sequence:
            output = sigmoid(v @ np.tanh(w @ np.concatenate([values, s]) + b) + c)
            outputs.append(output)
            s = float(layer.decay) * s + output
    return torch.from_numpy(np.stack(outputs)).reshape(*x.shape[:2], layer.units)


def test_outputs_equal_those_of_a_loop_and_gradients_those_of_differences():
    torch.manual_seed(0)
    layer = JordanLayer(3, 5, 2, "tanh", "sigmoid", decay=0.8).double()
    x, state = torch.randn(2, 6, 3).double(), torch.randn(2).double()
    torch.testing.assert_close(layer(x, state), by_loop(layer, x, state))
    torch.testing.assert_close(layer(x), by_loop(layer, x, 0 * state))
    names, values = zip(*layer.named_parameters(), strict=True)

    def outputs(*values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x, state))

    assert torch.autograd.gradcheck(outputs, values)


def test_forced_states_are_decaying_sums_of_targets():
    torch.manual_seed(0)
    model = Jordan(1, 2, hidden=3, decay=0.5, forcing=0.6, washout=1)
    batch, noise = Batch(torch.randn(4, 5, 1), torch.randn(4, 5, 2)), torch.full((4, 5), 0.5)
    states = torch.zeros(4, 6, 2)
    for t in range(5):
        states[:, t + 1] = 0.5 * states[:, t] + batch.y[:, t]
    layer = model.layer
    hidden = torch.tanh(layer.linear(torch.cat([batch.x, states[:, :5]], 2)))
    expected = (layer.head(hidden) - batch.y)[:, 1:].square().mean()
    torch.testing.assert_close(model.loss(batch, noise), expected)
    free = (model(batch.x) - batch.y)[:, 1:].square().mean()
    torch.testing.assert_close(model.loss(batch, noise + 0.2), free)
    torch.testing.assert_close(model.loss(batch), free)
    assert not torch.isclose(free, expected)
    drawn = model.sample_noise(batch, torch.Generator().manual_seed(0))
    assert drawn.shape == (4, 5)
    assert Jordan(1).sample_noise(batch, torch.Generator()) is None


def test_the_cycle_is_learned_and_attracts():
    """Jordan's square: outputs after other starts approach it, at any corner."""
    data = nnzoo.create_data("sequence", kind="square", n_sequences=1, length=12, val_fraction=0)
    torch.manual_seed(0)
    options = {"activation": "sigmoid", "output_activation": "sigmoid", "forcing": 1}
    model = nnzoo.create_model("jordan", data, optimizer={"lr": 0.05}, **options)
    train_by_engine(model, data, 300, every=300)
    x, corners = torch.zeros(3, 40, 1), data.points.y[0, :4]
    found = model.predict_from(x, [[0.4, 0.4], [0.05, 0.05], [1, 1]])[:, -4:]
    turned = torch.stack([corners.roll(k, 0) for k in range(4)])
    errors = (found[:, None] - turned).abs().amax((2, 3)).amin(1)
    assert errors.max() < 0.1
    assert (model.predict(x[:1])[0, -4:] - corners).abs().max() < 0.1


def test_the_outputs_before_are_in_raw_units():
    x = torch.arange(24.0).reshape(2, 6, 2)
    data = nnzoo.data.Sequences(x, target_scale="standard")
    torch.manual_seed(0)
    model = nnzoo.create_model("jordan", data, decay=0.5)
    mean = data.target_scaling.offset
    torch.testing.assert_close(
        model.predict_from(data.points.x, mean), model.predict(data.points.x)
    )
    ahead = mean + data.target_scaling.divisor
    state = torch.full((2,), 2.0)  # 1 + .5 + .25 + ...
    expected = model.output_scaling.inverse(model.layer(data.train.x, state))
    found = model.predict_from(data.points.x, [ahead.tolist()] * 2)
    torch.testing.assert_close(found, expected.to(found))
    with pytest.raises(InputError, match=r"must be \(2,\) or \(2, 2\), got the shape \(3,\)"):
        model.predict_from(data.points.x, [0, 0, 0])
    for before, text in (([0, float("nan")], "must be finite"), ("loud", "must be numbers")):
        with pytest.raises(InputError, match=text):
            model.predict_from(data.points.x, before)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"hidden": 0}, "hidden must be a whole number"),
        ({"decay": 1}, r"model\.decay must be a number >= 0 and < 1, got 1"),
        ({"forcing": 1.5}, r"model\.forcing must be a number >= 0 and <= 1, got 1\.5"),
        ({"truncate": 0}, "model.truncate must be a whole number"),
        ({"activation": "softmax"}, r"unknown model\.activation 'softmax'"),
        ({"output_activation": "tan"}, r"unknown model\.output_activation 'tan'"),
    ],
)
def test_input_that_fails(options, text):
    with pytest.raises(InputError, match=text):
        nnzoo.create_model("jordan", "sequence", **options)
