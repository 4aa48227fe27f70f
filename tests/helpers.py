"""What several test files use: a quiet Lightning Trainer, and data in the form a test wants."""

import warnings

import lightning.pytorch as pl
import torch

import nnzoo

# What Lightning says of a run as these tests want it, each with its reason.
EXPECTED = (
    ".*You defined a `validation_step` but have no `val_dataloader`",  # most need no validation
    ".*does not have many workers",  # points in memory need none
    ".*LeafSpec.*is deprecated",  # Lightning 2.6 on torch 2.13, within Lightning
    "GPU available but not used",  # the CPU is what the test is about
)


class Rows(pl.Callback):
    """Collects the rows of ``model.passes()``, of all epochs."""

    def __init__(self):
        self.rows = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.rows += pl_module.passes()

    @property
    def losses(self):
        return [row["loss"] for row in self.rows]

    @property
    def steps(self):
        return [row["step"] for row in self.rows]


def fit(model, *data, ckpt_path=None, **options) -> pl.Trainer:
    """Train with a plain Trainer on the CPU that writes nothing.

    ``data`` is a data module, or loaders; the options are the Trainer's.
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


# The data, and the options of data, that a model's YAML brings.
BRINGS = {
    "mlp": ("parabola", {}),
    "perceptron": ("tutorial_points", {"batch_size": None, "shuffle": False}),
    "sigmoid_classifier": ("xor", {}),
    "sigmoid_neuron": ("synaptic", {"batch_size": None, "shuffle": False}),
    "competitive": ("gaussian_clusters", {}),
    "counterpropagation": ("digits", {}),
    "autoencoder": ("blobs", {"scale": "minmax"}),
    "vae": ("blobs", {"scale": "minmax"}),
    "gan": ("blobs", {"scale": "standard", "batch_size": 128, "repeat": 8}),
}


def own_data(name, **options):
    """The data module that a model brings, with the options of its YAML."""
    data, brought = BRINGS[name]
    return nnzoo.create_data(data, **(brought | options))


def own_model(name, data=None, seed=0, **options):
    """A model of the catalogue with the weights of a seed, fit for the data that it brings."""
    torch.manual_seed(seed)
    return nnzoo.create_model(name, own_data(name) if data is None else data, **options)


def state(model):
    """A copy of all parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    """Whether two states hold the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
