"""Scaling of features, compared with scikit-learn."""

import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from nnzoo.errors import InputError
from nnzoo.nn import Scaling
from nnzoo.nn.scaling import SCALES


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(50, 3, generator=generator) * torch.tensor([1.0, 20.0, 0.1]) + 5


@pytest.mark.parametrize(
    ("scale", "reference"), [("minmax", MinMaxScaler()), ("standard", StandardScaler())]
)
def test_equals_scikit_learn(x, scale, reference):
    scaling = Scaling.fit(x[:40], scale)
    reference.fit(x[:40].double().numpy())
    expected = torch.from_numpy(reference.transform(x.double().numpy()))
    torch.testing.assert_close(scaling(x).double(), expected, rtol=0, atol=1e-4)


def test_frobenius_divides_everything_by_one_number():
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0]])  # the norm is (1 + 4 + 4 + 16)^.5 = 5
    scaled = Scaling.fit(x, "frobenius")(x)
    torch.testing.assert_close(scaled, torch.tensor([[0.2, 0.4], [0.4, 0.8]]))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([[0, 1, 1], [0, 0, 1]], [[-1, 1, 1], [-1, -1, 1]]),  # a constant feature too
        ([[-1, 1, 1], [-1, -1, 1]], [[-1, 1, 1], [-1, -1, 1]]),
        ([[0, 255], [255, 0]], [[-1, 1], [1, -1]]),
        ([[1, 1]], [[1, 1]]),
        ([[0, 0]], [[-1, -1]]),
        ([[-1, -1]], [[-1, -1]]),
    ],
)
def test_bipolar_maps_two_values_to_minus_one_and_one(x, expected):
    x = torch.tensor(x).float()
    assert Scaling.fit(x, "bipolar")(x).tolist() == expected


def test_none_changes_nothing(x):
    assert torch.equal(Scaling.fit(x, "none")(x), x)


@pytest.mark.parametrize("scale", SCALES)
def test_the_inverse_undoes_it(x, scale):
    scaling = Scaling.fit(x, scale)
    torch.testing.assert_close(scaling.inverse(scaling(x)), x)
    torch.testing.assert_close(scaling(scaling.inverse(x)), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1])
@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_the_divisor_of_a_constant_feature_is_one(scale, value):
    x = torch.stack([torch.full((150,), value), torch.arange(150.0)], dim=1)
    scaling = Scaling.fit(x, scale)
    assert scaling.divisor[0] == 1
    assert scaling(x)[:, 0].abs().max() <= 1e-6
    assert scaling.divisor[1] > 40


# The float32 mean of most of these values is inexact, so the computed deviation is not 0.
@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7, 1.1, 2.3, 123.4, 12345.678])
def test_the_rounding_error_of_a_constant_feature_is_not_a_divisor(value):
    x = torch.full((150, 1), value)
    scaling = Scaling.fit(x, "standard")
    assert scaling.divisor.tolist() == [1.0]
    assert scaling(x + 1)[0].item() == pytest.approx(1, abs=2e-3)


def test_all_zeros_survive_frobenius():
    assert torch.equal(
        Scaling.fit(torch.zeros(4, 2), "frobenius")(torch.ones(1, 2)), torch.ones(1, 2)
    )


@pytest.mark.parametrize("scale", SCALES)
def test_the_state_dict_restores_the_scaling(x, scale):
    scaling, restored = Scaling.fit(x, scale), Scaling(3)
    restored.load_state_dict(scaling.state_dict())
    assert torch.equal(restored(x), scaling(x))


def test_an_unknown_scale_is_an_input_error(x):
    with pytest.raises(InputError, match=r"unknown data\.scale 'min_max'; did you mean 'minmax'"):
        Scaling.fit(x, "min_max")
