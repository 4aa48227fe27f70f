"""How the networks learn: LightningModules over the modules of ``nnzoo.nn``."""

from nnzoo.models.autoencoder import Autoencoder
from nnzoo.models.base import Model
from nnzoo.models.classifier import Classifier
from nnzoo.models.competitive import Competitive
from nnzoo.models.perceptron import Perceptron
from nnzoo.models.sigmoid_classifier import SigmoidClassifier

__all__ = [
    "Autoencoder",
    "Classifier",
    "Competitive",
    "Model",
    "Perceptron",
    "SigmoidClassifier",
]
