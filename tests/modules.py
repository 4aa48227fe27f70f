"""Every layer and every trained model, with points, for the tests of uses.

A line in ``TINY`` includes a new model, a line in ``LAYERS`` a new layer.
"""

import copy
from functools import cache, partial

import torch
from helpers import MODELS, fit, tiny_data, tiny_model

import nnzoo.nn as layers
from nnzoo.models.bases.winner_take_all import WinnerTakeAll

FAR = 1e4  # in float32, products of such numbers lose a difference of 1
POINTS = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))


def near(layer, x):
    """Set the weights of a layer of points to the first points."""
    layer.weight.data.copy_(x[: len(layer.weight)])
    return layer


def grown(layer, x):
    """Add the first points to a layer of categories."""
    layer.weight.data[:7] = layer.code(x[:7])
    layer.used[:7] = 1
    return layer


# Modules. Each with points (points, features) for which its outputs differ.

LAYERS = {
    "ARTLayer": lambda: (grown(layers.ARTLayer(3, 40), POINTS.sigmoid()), POINTS.sigmoid()),
    "Cascade": lambda: (layers.Cascade(3, 2, 4), POINTS),
    "MLP": lambda: (layers.MLP([3, 5, 2], "tanh", "softmax"), POINTS),
    "MovingAverage": lambda: (layers.MovingAverage(layers.MLP([3, 2]), 0.9), POINTS),
    "PrototypeLayer": lambda: (near(layers.PrototypeLayer(3, 7, "matrix"), POINTS), POINTS),
    "RadialBasis": lambda: (near(layers.RadialBasis(3, 7), POINTS), POINTS),
    "RBM": lambda: (layers.RBM(3, 5), POINTS),
    "Scaling": lambda: (layers.Scaling.fit(5 * POINTS + 2, "standard"), POINTS),
    "ThresholdUnit": lambda: (layers.ThresholdUnit(3, 4), POINTS),
    "CompetitiveLayer": lambda: (near(layers.CompetitiveLayer(3, 7), POINTS), POINTS),
    "Reservoir": lambda: (layers.Reservoir(3, 4), POINTS.reshape(30, 3, 3)),
    "ElmanLayer": lambda: (layers.ElmanLayer(3, 4), POINTS.reshape(30, 3, 3)),
    "JordanLayer": lambda: (layers.JordanLayer(3, 4, 2), POINTS.reshape(30, 3, 3)),
    # From 128 weights on, the search uses matrix products.
    "CompetitiveLayer, large": lambda: (near(layers.CompetitiveLayer(3, 60), POINTS), POINTS),
    "CompetitiveLayer, far": lambda: (
        near(layers.CompetitiveLayer(3, 60), POINTS + FAR),
        POINTS + FAR,
    ),
}


@cache
def trained(name, large=False, **options):
    """Return a trained model and its data; ``large``: with 70 competitive units."""
    data = tiny_data(name)
    if large:
        tiny = tiny_model(name)
        option = tiny.units_option.removeprefix("model.")
        options[option] = 70 * tiny.hparams[option] // len(tiny.layer.weight)
    model = tiny_model(name, data, **options)
    fit(model, data)
    return model.eval(), data


WINNERS = [name for name in MODELS if isinstance(tiny_model(name), WinnerTakeAll)]
TRAINED = {name: partial(trained, name) for name in MODELS}
TRAINED |= {f"{name}, large": partial(trained, name, True) for name in WINNERS}


def module_and_points(name):
    """Return a module that a test may change, and points for its ``forward``."""
    if name in LAYERS:
        torch.manual_seed(0)
        module, x = LAYERS[name]()
        if name == "ThresholdUnit":
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape))
        return module, x
    model, data = TRAINED[name]()
    return copy.deepcopy(model), data.train.x


def close(found, expected):
    # A matrix product of all points adds up in another order than several of some points.
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
