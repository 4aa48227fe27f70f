"""Overrides as a user types them: other names of options, and quotes for shell and Hydra."""

import os
import re
import shlex
from collections.abc import Container, Mapping

SEEDS = "seed=range(0,{})"

# Other names of options. A suggestion with a = is complete, with the value in place of {}.
NAMES = {
    ("trainer.max_epochs",): "epoch epochs n_epochs num_epochs max_iter n_iter iterations",
    ("trainer",): "device gpu cuda use_gpu",
    ("trainer=gpu",): "gpus",
    ("trainer=cpu",): "cpu no_gpu no_cuda",
    ("data.batch_size",): "batch bs minibatch",
    ("data.val_fraction",): "val_size val_split test_size validation_split",
    ("data",): "dataset data_set",
    ("data=table data.path={}",): "csv npy file filename path",
    ("data=samples data.run={}",): "data.run",
    ("model.lr", "model.optimizer.lr"): "lr learning_rate rate eta",
    ("model.optimizer.name",): "optimizer optim optimiser",
    ("model.optimizer.momentum",): "momentum",
    ("model.optimizer.weight_decay",): "weight_decay l2",
    ("model.scheduler.name",): "scheduler lr_scheduler",
    ("model.initial_weight",): "weight weights w initial_weights",
    ("model.initial_bias",): "bias b biases initial_biases",
    ("model.hidden",): "hidden_size hidden_sizes hidden_units hidden_layers layers n_hidden",
    ("model.latent",): "latent_dim latent_size code_size bottleneck z_dim",
    ("model.radius", "model.spread"): "sigma",
    ("model.radius", "model.optimizer.weight_decay"): "lambda",
    (
        "model.clusters",
        "model.centers",
        "model.prototypes",
        "model.units",
    ): ("clusters n_clusters k n_units neurons outputs"),
    ("model",): "net network arch architecture",
    ("threads",): "workers num_workers n_jobs num_threads",
    ("resume",): "run ckpt ckpt_path checkpoint load",
    ("start_from",): "start init_from warm_start pretrained",
    ("hydra.run.dir",): "out output output_dir save_dir folder",
    ("callbacks=early_stopping",): "early_stopping",
    ("callbacks=early_stopping callbacks.early_stopping.patience={}",): "patience",
    ("logger=tensorboard",): "tensorboard",
    ("figures",): "plot plots pictures",
    ("seed",): "random_state random_seed",
    (SEEDS,): "seeds n_seeds",
}
COMMON = {name: paths for paths, names in NAMES.items() for name in names.split()}
VALUES = {  # other names of values, by the end of the key
    "figures": {"false": "none", "true": "default"},
    "trainer": {
        **dict.fromkeys(("cuda", "cuda:0", "true", "1"), "gpu"),
        **dict.fromkeys(("false", "0", "no", "none"), "cpu"),
    },
    "model": {"gng": "growing_neural_gas", "ng": "neural_gas", "kohonen": "som"},
    "activation": {
        **dict.fromkeys(("linear", "purelin"), "identity"),
        **{"leakyrelu": "leaky_relu", "logsig": "sigmoid", "poslin": "relu", "swish": "silu"},
        "tansig": "tanh",
    },
    "model.loss": {"crossentropy": "cross_entropy", "l1": "mae", "l2": "mse"},
    "optimizer.name": {
        **dict.fromkeys(("br", "trainbr"), "bayesian_regularization"),
        **dict.fromkeys(("lm", "trainlm"), "levenberg_marquardt"),
        **dict.fromkeys(("sgd_momentum", "traingdm"), "momentum"),
        **{"traingd": "sgd", "traingda": "gda", "traingdx": "gdx"},
        **{"trainbfg": "lbfgs", "trainrp": "rprop", "trainscg": "scg"},
    },
    "scale": {"min_max": "minmax", "zscore": "standard"},
}
GIVEN = ("model.initial_weight", "model.initial_bias")
"""Options that are also accepted by their other names in ``model``, such as ``model.weight``."""

PLAIN = re.compile(r"(?!(?:true|false|null|inf|nan)$)(?:[a-z_/]|\.(?!\d))[\w./-]*", re.A | re.I)


def other_names(key: str) -> dict[str, str]:
    """Return other names of the values of a key."""
    return next((words for end, words in VALUES.items() if key.endswith(end)), {})


def options_meant(name: str, known: Mapping[str, Container[str]]) -> list[str]:
    """Return the options that may be meant by another name.

    Args:
        name: such as ``lr`` or ``model.lr``.
        known: the arguments in each group; those of other groups are not checked.
    """
    group, _, last = name.rpartition(".")
    found = []
    for path in COMMON.get(name) or COMMON.get(last, ()):
        first, dot, rest = path.partition(".")
        argument = rest.partition(".")[0]
        is_known = argument in known.get(first, (argument,)) if dot else first in known
        if is_known and "=" not in path and path.startswith(group):
            found.append(path)
    return found


def accepted(key: str, known: Mapping[str, Container[str]]) -> str:
    """Return the option of ``GIVEN`` that a key is another name of, or the key itself."""
    group, _, name = key.partition(".")
    if group != "model" or name in known.get(group, ()):
        return key
    return next((path for path in options_meant(key, known) if path in GIVEN), key)


def quoted(key: str, value: str, windows: bool = os.name == "nt") -> str:
    """Return ``key=value`` for a text without line breaks, quoted for the shell and for Hydra."""
    return in_shell(f"{key}={for_hydra(value, windows)}", windows)


def for_hydra(text: str, windows: bool = os.name == "nt") -> str:
    """Return a text, quoted for Hydra if necessary; ``in_shell`` adds the other kind of quotes."""
    return text if PLAIN.fullmatch(text) else literal(text, "'" if windows else '"')


def in_shell(text: str, windows: bool = os.name == "nt") -> str:
    """Return an argument, quoted for the shell if necessary; Windows needs double quotes."""
    if not windows:
        return shlex.quote(text)
    return text if re.fullmatch(r"[\w@+=:,./\\-]+", text) else f'"{text}"'


def literal(text: str, quote: str = "'") -> str:
    """Return a text in quotes that Hydra's override grammar reads back unchanged."""
    # A backslash is special only before a quote.
    inner = re.sub(rf"(\\*)({quote}|\Z)", lambda m: m[1] * 2 + (m[2] and f"\\{quote}"), text)
    return f"{quote}{inner}{quote}"
