"""How the networks learn: LightningModules over the layers and rules of ``nnzoo.nn``."""

from nnzoo.models.adaline import Adaline
from nnzoo.models.art import FuzzyART
from nnzoo.models.artmap import FuzzyARTMAP
from nnzoo.models.autoencoder import Autoencoder
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.reconstructor import Reconstructor
from nnzoo.models.bases.recurrent import Recurrent
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.cascade_correlation import CascadeCorrelation
from nnzoo.models.competitive import Competitive
from nnzoo.models.counterpropagation import Counterpropagation
from nnzoo.models.dbn import DBN
from nnzoo.models.echo_state import EchoState
from nnzoo.models.elman import Elman
from nnzoo.models.gan import GAN
from nnzoo.models.glvq import GLVQ
from nnzoo.models.grnn import GRNN
from nnzoo.models.growing_neural_gas import GrowingNeuralGas
from nnzoo.models.hamming import Hamming
from nnzoo.models.hopfield import Hopfield
from nnzoo.models.jordan import Jordan
from nnzoo.models.lvq import LVQ
from nnzoo.models.mlp import MLP
from nnzoo.models.modern_hopfield import ModernHopfield
from nnzoo.models.neural_gas import NeuralGas
from nnzoo.models.perceptron import Perceptron
from nnzoo.models.pnn import PNN
from nnzoo.models.rbf import RBF
from nnzoo.models.rbm import RBM
from nnzoo.models.sanger import Sanger
from nnzoo.models.som import SOM
from nnzoo.models.training.steps import Clock, Descend, Rule
from nnzoo.models.vae import VAE

__all__ = [
    "DBN",
    "GAN",
    "GLVQ",
    "GRNN",
    "LVQ",
    "MLP",
    "PNN",
    "RBF",
    "RBM",
    "SOM",
    "VAE",
    "Adaline",
    "Autoencoder",
    "CascadeCorrelation",
    "Clock",
    "Competitive",
    "Counterpropagation",
    "Descend",
    "EchoState",
    "Elman",
    "FuzzyART",
    "FuzzyARTMAP",
    "GrowingNeuralGas",
    "Hamming",
    "Hopfield",
    "Jordan",
    "Model",
    "ModernHopfield",
    "NeuralGas",
    "Perceptron",
    "Reconstructor",
    "Recurrent",
    "Rule",
    "Sanger",
    "Supervised",
]
