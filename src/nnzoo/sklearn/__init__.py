"""Estimators for scikit-learn, which wrap the models of the zoo and the same engine."""

from nnzoo.sklearn.at_once import GRNNRegressor, PNNClassifier, RBFClassifier, RBFRegressor
from nnzoo.sklearn.autoencoders import AutoencoderDetector, AutoencoderTransformer, VAETransformer
from nnzoo.sklearn.clustering import (
    CompetitiveClustering,
    NeuralGasClustering,
    SOMClustering,
)
from nnzoo.sklearn.own import ModelClassifier, ModelRegressor, ModelTransformer
from nnzoo.sklearn.prototypes import GLVQClassifier, LVQClassifier
from nnzoo.sklearn.resonance import FuzzyARTClustering, FuzzyARTMAPClassifier
from nnzoo.sklearn.search import FusedSearchCV
from nnzoo.sklearn.supervised import MLPClassifier, MLPRegressor, PerceptronClassifier

__all__ = [
    "AutoencoderDetector",
    "AutoencoderTransformer",
    "CompetitiveClustering",
    "FusedSearchCV",
    "FuzzyARTClustering",
    "FuzzyARTMAPClassifier",
    "GLVQClassifier",
    "GRNNRegressor",
    "LVQClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "ModelClassifier",
    "ModelRegressor",
    "ModelTransformer",
    "NeuralGasClustering",
    "PNNClassifier",
    "PerceptronClassifier",
    "RBFClassifier",
    "RBFRegressor",
    "SOMClustering",
    "VAETransformer",
]
