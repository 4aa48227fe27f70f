"""The layers of a model and its activation functions, as figures draw them."""

from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.figures import Layer
from nnzoo.models.bases.model import Model
from nnzoo.nn import (
    ACTIVATIONS,
    ARTLayer,
    Cascade,
    CompetitiveLayer,
    PrototypeLayer,
    RadialBasis,
    ThresholdUnit,
)

NAMES = {type(make()): name for name, make in ACTIVATIONS.items()}
WINNER = "winner takes all"
OWN = {
    ARTLayer: WINNER,
    ThresholdUnit: "threshold",
    CompetitiveLayer: WINNER,
    PrototypeLayer: WINNER,
    RadialBasis: "Gaussian",
    Cascade: "",
}
"""Activations of layers that contain their own."""

LAYERS = (nn.Linear, *OWN)

INPUTS = torch.linspace(-4, 4, 401)
"""Net inputs for which activation functions are drawn."""


def layers_of(model: Model) -> list[Layer]:
    """Return the layers along ``model.chain``, starting with the input; empty: it has no chain."""
    layers: list[Layer] = []
    for part, title in model.chain.items():
        if not part:
            continue
        number = 0
        for module in model.get_submodule(part).modules():
            if type(module) in NAMES and layers:
                layers[-1] = layers[-1]._replace(activation=NAMES[type(module)])
            if not isinstance(module, LAYERS):
                continue
            own: Any = module
            units, inputs = own.weight.shape
            if not layers:
                layers.append(Layer(model.chain.get("", "input"), inputs))
            elif layers[-1].units != inputs:
                layers.append(Layer("code", inputs))
            number += 1
            name = "hidden layer" if part == "net" else f"{part} layer"
            activation = OWN.get(type(module), "")
            weight = own.weight.detach().cpu().float().numpy()
            layers.append(Layer(f"{name} {number}", units, activation, weight))
        if title:
            layers[-1] = layers[-1]._replace(title=title)
    if layers and "" not in model.chain:
        layers[0] = layers[0]._replace(names=model.feature_names)
    has_outputs = len(layers) > 1 and model.chain_has_outputs
    if has_outputs and layers[-1].activation != WINNER:
        layers[-1] = layers[-1]._replace(names=model.output_names)
    return layers


def activation_curves(model: Model) -> dict[str, tuple[Any, Any, Any]]:
    """Return net inputs, outputs and slopes of the model's activation functions, by name.

    A softmax is drawn for two units, of which one has the net input 0.
    """
    names = {layer.activation or "identity": None for layer in layers_of(model)[1:]}
    curves: dict[str, tuple[Any, Any, Any]] = {}
    for name in names:
        if name == WINNER:
            continue
        x = INPUTS.clone().requires_grad_()
        with torch.enable_grad():
            y = _outputs(name, x)
            slope = torch.autograd.grad(y.sum(), x)[0] if y.requires_grad else torch.zeros_like(x)
        label = "softmax, the other net input 0" if name == "softmax" else name
        curves[label] = x.detach().numpy(), y.detach().numpy(), slope.numpy()
    return curves


def prototypes_of(model: Any) -> tuple[Tensor, list[str]]:
    """Return what a counterpropagation network makes of each competitive unit: the point that its
    decoder makes of the unit's code, (clusters, in_features) in raw units, and its prediction."""
    codes = model.layer.weight.detach().to(model.dtype)
    found = model.scaling.inverse(model.autoencoder[1](codes))
    scores = model.head.weight.detach().T + model.head.bias.detach()
    output = model.output(scores)
    if model.task == "regression":
        numbers = model.target_scaling.inverse(output).tolist()
        return found, [", ".join(f"{value:.3g}" for value in row) for row in numbers]
    decided = model._task.decide(scores if model.natural_output == "softmax" else output)
    return found, model._task.texts(decided, model.class_names)


def _outputs(name: str, x: Tensor) -> Tensor:
    if name == "Gaussian":  # of the distance, in spreads
        return torch.exp2(-x.square())
    if name == "threshold":
        return (x > 0).to(x)
    if name == "softmax":
        return torch.stack([x, torch.zeros_like(x)], dim=-1).softmax(-1)[..., 0]
    return ACTIVATIONS[name]()(x)
