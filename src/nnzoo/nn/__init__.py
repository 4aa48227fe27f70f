"""Layers and learning rules: plain torch modules and pure functions, without training logic."""

from nnzoo.nn.art import ARTLayer, art_rule, artmap_rule
from nnzoo.nn.cascade_correlation import Cascade
from nnzoo.nn.competitive import CompetitiveLayer, batch_rule, batch_step, online_rule
from nnzoo.nn.decay import rates
from nnzoo.nn.echo_state import Reservoir, ridge_regression
from nnzoo.nn.glvq import PrototypeLayer, relative_differences
from nnzoo.nn.levenberg_marquardt import LevenbergMarquardt
from nnzoo.nn.lms import lms_batch_rule, lms_rule
from nnzoo.nn.lvq import lvq_rule
from nnzoo.nn.mlp import ACTIVATIONS, INITIALS, MLP, initialize, nguyen_widrow_
from nnzoo.nn.moving_average import MovingAverage
from nnzoo.nn.rbf import RadialBasis
from nnzoo.nn.rbm import RBM
from nnzoo.nn.recurrent import ElmanLayer, JordanLayer
from nnzoo.nn.samples import coverage, energy_distance, kl_divergence, reparameterize
from nnzoo.nn.sanger import sanger_batch_rule, sanger_rule
from nnzoo.nn.scaling import Scaling
from nnzoo.nn.threshold import ThresholdUnit, perceptron_rule

__all__ = [
    "ACTIVATIONS",
    "INITIALS",
    "MLP",
    "RBM",
    "ARTLayer",
    "Cascade",
    "CompetitiveLayer",
    "ElmanLayer",
    "JordanLayer",
    "LevenbergMarquardt",
    "MovingAverage",
    "PrototypeLayer",
    "RadialBasis",
    "Reservoir",
    "Scaling",
    "ThresholdUnit",
    "art_rule",
    "artmap_rule",
    "batch_rule",
    "batch_step",
    "coverage",
    "energy_distance",
    "initialize",
    "kl_divergence",
    "lms_batch_rule",
    "lms_rule",
    "lvq_rule",
    "nguyen_widrow_",
    "online_rule",
    "perceptron_rule",
    "rates",
    "relative_differences",
    "reparameterize",
    "ridge_regression",
    "sanger_batch_rule",
    "sanger_rule",
]
