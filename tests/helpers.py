"""What several test files use: a quiet Lightning Trainer, and data in the form a test wants."""

import warnings

import lightning.pytorch as pl

import nnzoo

# What Lightning says of a run as these tests want it, each with its reason.
EXPECTED = (
    "You defined a `validation_step` but have no `val_dataloader`",  # most need no validation
    ".*does not have many workers",  # points in memory need none
    ".*LeafSpec.*is deprecated",  # Lightning 2.6 on torch 2.13, within Lightning
    ".*smaller than the logging interval",  # there is no logger
    "GPU available but not used",  # the CPU is what the test is about
)


def trainer(**options) -> pl.Trainer:
    """A plain Trainer on the CPU that writes nothing."""
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
        _expect()
        return pl.Trainer(**(defaults | options))


def fit(model, *data, ckpt_path=None, **options) -> pl.Trainer:
    """Train with a plain Trainer; ``data`` is a data module, or loaders; options: see Trainer."""
    fitted = trainer(**options)
    with warnings.catch_warnings():
        _expect()
        fitted.fit(model, *data, ckpt_path=ckpt_path)
    return fitted


def _expect() -> None:
    for message in EXPECTED:
        warnings.filterwarnings("ignore", message=message)


# The data options that a model's YAML brings.
BRINGS = {
    "perceptron": ("tutorial_points", {"batch_size": None, "shuffle": False}),
    "sigmoid_classifier": ("xor", {}),
    "competitive": ("gaussian_clusters", {"batch_size": None}),
    "autoencoder": ("blobs", {"scale": "minmax"}),
}


def own_data(name: str, **options):
    """The data module that a model brings, with the options of its YAML."""
    data, brought = BRINGS[name]
    return nnzoo.create_data(data, **(brought | options))
