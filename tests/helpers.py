"""What several test files use: a quiet Lightning Trainer, tiny models and data, comparisons."""

import warnings
from functools import cache

import lightning.pytorch as pl
import pytest
import torch
from omegaconf import OmegaConf

import nnzoo
import nnzoo.data
from nnzoo.catalogue import build, composed, imported
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.entries import read_entry
from nnzoo.models.bases.memory import Memory
from nnzoo.models.bases.resonance import Resonance

# Warnings of Lightning that tests expect, each with its reason.
EXPECTED = (
    ".*You defined a `validation_step` but have no `val_dataloader`",  # most tests need none
    ".*Total length of `list` across ranks is zero",  # the same, from a data module
    ".*does not have many workers",  # points in memory need none
    ".*LeafSpec.*is deprecated",  # Lightning 2.6 on torch 2.13, within Lightning
    ".*configure_optimizers` returned `None`",  # rules need no optimizer
    "GPU available but not used",  # tests run on the CPU
)

# Small arguments for the tests of all models. A new model needs only a line here.
TINY = {
    "adaline": {},
    "art": {"categories": 6, "beta": 0.5},
    "artmap": {"categories": 20, "beta": 0.5},
    "autoencoder": {"hidden": [4], "latent": 2},
    "cascade_correlation": {"max_units": 3, "candidates": 2, "patience": 2},
    "competitive": {"units": 4},
    "counterpropagation": {"clusters": 6, "hidden": [4], "latent": 2},
    "dbn": {"hidden": [4, 3]},
    "echo_state": {"hidden": 4},
    "elman": {"hidden": 4},
    "gan": {"hidden": [6], "latent": 2},
    "glvq": {"prototypes": 2},
    "growing_neural_gas": {"units": 4, "insert_every": 20},
    "jordan": {"hidden": 4},
    "lvq": {"prototypes": 2},
    "grnn": {},
    "hamming": {"patterns": 400},
    "hopfield": {"recall": "synchronous", "max_steps": 6},
    "mlp": {"hidden": [4]},
    "modern_hopfield": {"patterns": 400},
    "neural_gas": {"units": 4},
    "perceptron": {},
    "pnn": {},
    "rbf": {"centers": 4},
    "rbm": {"hidden": 4},
    "sanger": {"latent": 2},
    "sigmoid_classifier": {"hidden": [3]},
    "sigmoid_neuron": {},
    "som": {"rows": 2, "columns": 2},
    "vae": {"hidden": [4], "latent": 2},
}
MODELS = nnzoo.list_models()
# The first model of each kind: rules, gradients, noise, several optimizers, stages. Tests of all
# models are slow for the others.
FIRST = {"autoencoder", "competitive", "counterpropagation", "gan", "mlp", "perceptron", "vae"}


@cache
def kind_of(name):
    """The class of a model of the catalogue."""
    return imported(read_entry("model", name)["_target_"], "model")


AT_ONCE = {name for name in MODELS if kind_of(name).learns_at_once}
"""Models whose steps are of all points."""

IN_ONE_EPOCH = {
    name for name in MODELS if read_entry("model", name, "trainer").get("max_epochs") == 1
}
"""Models that have learned all in their first epoch."""


def batch_of(name, points):
    """A size of the batches of a loader: all points for models that learn them in one step."""
    return 10**6 if name in AT_ONCE else points


def mostly_slow(cases, keep):
    """Return the cases with the mark ``slow`` on all but ``keep`` of them, evenly spread."""
    cases = list(cases)
    quick = {k * len(cases) // keep for k in range(keep)}
    return [
        case
        if k in quick
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for k, case in enumerate(cases)
    ]


class Losses(pl.Callback):
    """Collects the training loss of each epoch."""

    def __init__(self):
        self.losses = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.losses.append(float(trainer.callback_metrics["loss"]))


class Batches(pl.Callback):
    """Counts training batches."""

    def __init__(self):
        self.count = 0

    def on_train_batch_end(self, *args):
        self.count += 1


class StopAfter(pl.Callback):
    """Stops a training after some epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = trainer.current_epoch + 1 == self.epochs


def fit(model, *data, ckpt_path=None, **options) -> pl.Trainer:
    """Train with a plain Trainer on the CPU that writes no files.

    ``data`` is a data module, or loaders; ``options`` are those of the Trainer.
    """
    defaults = {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    with warnings.catch_warnings():
        for message in EXPECTED:
            warnings.filterwarnings("ignore", message=message)
        trainer = pl.Trainer(**(defaults | options))
        trainer.fit(model, *data, ckpt_path=ckpt_path)
    return trainer


def train_by_engine(model, data, epochs, *, seed=0, weights="best", **plan) -> Progress:
    """Train one model as a run does, and load its ``best`` or ``last`` weights into it.

    ``plan`` are the arguments of ``Plan`` besides the epochs. An error of the training is raised.
    """
    torch.manual_seed(seed)
    model.check(data)
    model.initialize_from(data.start_batch())
    progress = Progress(epochs)
    engine = Engine(
        [Member(model, data, seed, progress, write=lambda _: None)], Plan(epochs, **plan)
    )
    fit(engine, num_sanity_val_steps=0)
    if progress.error is not None:
        raise progress.error
    model.load_state_dict(progress.weights if weights == "last" else progress.best.weights)
    model.calibrate(data)
    model.eval()
    return progress


@cache
def _brought(name):
    """The config of ``model=NAME`` alone, with the model's default data and trainer options."""
    names = [f"run.{key}=test" for key in ("folder", "model", "data")]
    return OmegaConf.to_container(composed([f"model={name}", *names]), resolve=True)


def own_data(name, **options):
    """The default data module of a model, with the options of the model's YAML."""
    return build(_brought(name)["data"] | options, "data")


def own_model(name, data=None, seed=0, **options):
    """A model of the catalogue with the initial weights of a seed, by default for its own data."""
    torch.manual_seed(seed)
    return nnzoo.create_model(name, own_data(name) if data is None else data, **options)


def own_epochs(name):
    """The epochs of ``nnzoo train model=NAME``."""
    return _brought(name)["trainer"]["max_epochs"]


PATTERNS = tuple(name for name in MODELS if issubclass(kind_of(name), Memory))
"""Models that store patterns."""

BIPOLAR = tuple(name for name in PATTERNS if kind_of(name).bipolar)
"""Models that learn nothing but -1 and 1."""

FROM_0_TO_1 = tuple(name for name in MODELS if issubclass(kind_of(name), Resonance))
"""Models that learn nothing but values from 0 to 1."""


def suited(name, x):
    """Return points, or for a model of patterns their signs about the mean."""
    return (x > x.mean()) * 2.0 - 1 if name in PATTERNS else x


def data_for(name, points):
    """Options for data of the catalogue that a model can learn: ``points``, letters of -1 and 1, or
    150 sequences."""
    sequences = ["data=sequence", "data.n_sequences=150", "data.length=6"]
    points = "few_letters" if name in BIPOLAR else points
    return sequences if kind_of(name).learns_sequences else [f"data={points}"]


OF_POINTS = [name for name in MODELS if not kind_of(name).learns_sequences]
OF_NUMBERS = [name for name in OF_POINTS if name not in (*BIPOLAR, *FROM_0_TO_1)]


def tiny_data(name, **options):
    """Small labeled data for a model, in a scale that suits it; of iris, or sequences of irises."""
    if name in PATTERNS:
        iris = nnzoo.create_data("iris").points
        x = (iris.x > iris.x.median(0).values).float()
        options = {"scale": "bipolar", "val_fraction": 0.2} | options
        return nnzoo.data.Inline(x.tolist(), iris.y.tolist(), iris.feature_names, **options)
    options = {"scale": read_entry("model", name, "data").get("scale", "standard")} | options
    if name in AT_ONCE:
        options |= {"batch_size": None, "shuffle": False}
    if kind_of(name).learns_sequences:
        iris = nnzoo.create_data("iris")
        steps = torch.stack([iris.points.x.roll(k, 0) for k in range(4)], 1)
        defaults = {"target_scale": "standard", "val_fraction": 0.2}
        defaults["feature_names"] = iris.feature_names
        return nnzoo.data.Sequences(steps, **(defaults | options))
    return nnzoo.create_data("iris", **options)


def tiny_options(name):
    """The arguments of ``tiny_model`` as options of a command."""
    return [f"++model.{key}={value}".replace(" ", "") for key, value in TINY[name].items()]


def tiny_model(name, data=None, seed=0, **options):
    """A small model of the catalogue with the initial weights of a seed."""
    torch.manual_seed(seed)
    data = tiny_data(name) if data is None else data
    return nnzoo.create_model(name, data, **(TINY[name] | options))


def state(model):
    """A copy of all parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    """Whether two states are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def difference(one, other):
    """The largest difference between two states, relative to the largest number of each tensor."""
    assert one.keys() == other.keys()
    worst = 0.0
    for name, value in one.items():
        if value.numel():
            scale = max(float(value.double().abs().max()), 1e-30)
            found = float((value.double() - other[name].double()).abs().max()) / scale
            worst = max(worst, found)
    return worst
