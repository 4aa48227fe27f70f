"""What a network computes: plain torch modules and pure functions, without training logic."""

from nnzoo.nn.autoencoder import Autoencoder
from nnzoo.nn.competitive import CompetitiveLayer, batch_rule, online_rule
from nnzoo.nn.initial import INITIALS, initialise, nguyen_widrow_
from nnzoo.nn.mlp import ACTIVATIONS, MLP
from nnzoo.nn.moving_average import MovingAverage
from nnzoo.nn.samples import coverage, energy_distance
from nnzoo.nn.scaling import Scaling
from nnzoo.nn.threshold import ThresholdUnit, perceptron_rule
from nnzoo.nn.vae import VAE, kl_divergence, reparametrise

__all__ = [
    "ACTIVATIONS",
    "INITIALS",
    "MLP",
    "VAE",
    "Autoencoder",
    "CompetitiveLayer",
    "MovingAverage",
    "Scaling",
    "ThresholdUnit",
    "batch_rule",
    "coverage",
    "energy_distance",
    "initialise",
    "kl_divergence",
    "nguyen_widrow_",
    "online_rule",
    "perceptron_rule",
    "reparametrise",
]
