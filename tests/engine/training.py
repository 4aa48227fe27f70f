"""Trainings by the engine and by a plain Trainer, to be compared."""

import itertools

import torch
from helpers import MODELS, StopAfter, fit, state, tiny_data, tiny_model

from nnzoo.engine.interrupts import Interrupts
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.nn.competitive import RULES

EPOCHS = 10
AFTER_ONE, AT_END, IN_DOUBLE = 1e-5, 1e-4, 1e-9  # relative; at the end of so few epochs

# Options of models that lead to other code than the defaults.
VARIANTS = {
    "autoencoder noisy": {"noise": 0.2},
    "autoencoder dropout": {"noise": 0.2, "dropout": 0.3},
    "autoencoder sparse": {"sparsity": 0.01, "latent": 6},
    **{
        f"competitive {rule} {update}": {"rule": rule, "update": update, "lr": 0.1, "lr_end": 0.01}
        for rule, update in itertools.product(RULES, ("online", "batch"))
    },
    "competitive auto": {"lr_end": "auto", "update": "batch"},
    "counterpropagation head": {"stages": [0.0, 0.5, 0.5], "head_lr": None},
    "gan momentum": {"optimizer": {"name": "adam", "betas": [0.5, 0.9]}},
    "hopfield storkey": {"rule": "storkey", "recall": "asynchronous"},
    "hopfield pseudo_inverse": {"rule": "pseudo_inverse"},
    "mlp dropout": {"hidden": [6, 5], "dropout": 0.3},
    "mlp sse": {"loss": "sse", "output_activation": "sigmoid", "optimizer": {"name": "sgd"}},
    "mlp mae": {"loss": "mae", "init": "nguyen_widrow"},
    "mlp bce": {"loss": "bce", "output_activation": "sigmoid", "activation": "relu"},
    "grnn spread": {"spread": 0.7, "class_weight": "balanced"},
    "rbf all": {"selection": "all", "centers": None, "bias": False},
    "rbf kmeans": {"selection": "kmeans", "class_weight": "balanced"},
    "neural_gas batch": {"update": "batch"},
    "rbm persistent": {"chains": 5, "gibbs_steps": 2},
    "rbm gaussian": {"visible": "gaussian", "chains": 5},
    "vae dropout": {"dropout": 0.3},
    "vae beta": {"beta": 0.5, "scheduler": None},
}
CASES = {name: {} for name in MODELS} | VARIANTS

# Options of optimizers and schedules, which members share or which differ between them.
OPTIMIZERS = {
    "adagrad": {"lr": 0.05, "lr_decay": 0.01, "weight_decay": 0.01},
    "adam": {"lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.01},
    "adam amsgrad": {"lr": 0.01, "amsgrad": True},
    "adamw": {"lr": 0.01, "betas": [0.8, 0.99], "weight_decay": 0.1},
    "momentum": {"lr": 0.05},
    "rmsprop": {"lr": 0.005, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.01},
    "rmsprop centered": {"lr": 0.002, "centered": True},
    "rprop": {"lr": 0.001},
    "sgd": {"lr": 0.1, "momentum": 0.8, "dampening": 0.1, "weight_decay": 0.01},
    "sgd nesterov": {"lr": 0.1, "momentum": 0.8, "nesterov": True},
}
SCHEDULERS = [
    {"name": "cosine"},
    {"name": "exponential", "gamma": 0.9},
    {"name": "linear", "start_factor": 0.1},
    {"name": "multistep", "milestones": [2, 5], "gamma": 0.5},
    {"name": "step", "step_size": 3},
]


def optimizer(case, **changes):
    return {"name": case.split()[0], **OPTIMIZERS[case], **changes}


def new(case, data, *, seed=0, double=False, **options):
    """A model with the initial weights of its seed."""
    model = tiny_model(case.split()[0], data, seed, **(CASES[case] | options))
    if double:
        model.double()
    torch.manual_seed(seed)
    return model


def member(case, data, *, seed=0, epochs=EPOCHS, **options):
    model = new(case, data, seed=seed, **options)
    model.initialize_from(data.start_batch())
    return Member(model, data, seed, Progress(epochs), write=lambda progress: None)


class StopAt(Interrupts):
    """Asks the training to stop at a step: within the epoch of this step, or at its end."""

    def __init__(self, engine, step, within):
        super().__init__()
        self.engine, self.at, self.within = engine, step, within

    @property
    def asked(self):
        return self.engine.step >= self.at

    @property
    def urgent(self):
        return self.within and self.asked

    def start(self):
        pass


def train(*members, stop=None, epochs=EPOCHS, **plan):
    """Train by the engine; ``stop`` is a step and whether to stop within its epoch."""
    engine = Engine(members, Plan(epochs, **plan))
    if stop is not None:
        engine.interrupts = StopAt(engine, *stop)
    fit(engine)
    for one in members:
        assert one.progress.error is None
    return members


def by_engine(*args, epochs=EPOCHS, plan=None, **options):
    (one,) = train(member(*args, epochs=epochs, **options), epochs=epochs, **(plan or {}))
    return one.progress.weights


def by_lightning(case, data, *, epochs=EPOCHS, trainer=None, length=EPOCHS, **options):
    """Train the textbook model for the first epochs of a training of ``length`` epochs."""
    model = new(case, data, **options)
    model.calibrate = lambda data: None  # the engine does not calibrate; a run does
    if epochs < length:  # schedules follow the length: stop within it
        trainer = {"limit_val_batches": 0, "callbacks": [StopAfter(epochs)]} | (trainer or {})
    fit(model, data, max_epochs=length, **(trainer or {}))
    return state(model)


def data_of(case, **options):
    return tiny_data(case.split()[0], **options)
