"""Suggestions for the command line: what is wrong with an argument, and what to type instead."""

import os
import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches

from nnzoo.catalogue import entries
from nnzoo.cli.listing import GROUPS, options
from nnzoo.cli.sources import Argument
from nnzoo.errors import InputError, unknown

KEYS, OTHER_KEYS = (*GROUPS, "resume", "resume_sweep", "seed", "threads"), ("hydra", "run")
# Keys of class arguments, which may be missing in the config.
OPEN = re.compile(r"\+*(?:callbacks|data|logger|model|trainer)\.[^=]*=")
SWEEP = ("-m", "--multirun")
VALUE_FLAGS = (
    *("--cfg", "-c", "--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"),
    *("--experimental-rerun", "--package", "-p"),
)
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")  # values of --info
OTHER_FLAGS = "--help -h --hydra-help --info -i --resolve --run -r --shell-completion -sc --version"
FLAGS = (*SWEEP, *VALUE_FLAGS, *OTHER_FLAGS.split())  # Hydra's
DEFAULTS = ("debug=null", "experiment=null")  # Hydra's grammar does not allow these
NO_NAMES = ("", "0", "1", "false", "null", "true")  # Hydra reports only that these are no strings

# Other names of options. A suggestion with a = is complete, with the value in place of {}.
NAMES = {
    ("trainer.max_epochs",): "epoch epochs n_epochs num_epochs max_iter n_iter iterations",
    ("trainer",): "device",
    ("trainer=gpu",): "gpu gpus cuda use_gpu",
    ("data.batch_size",): "batch bs minibatch",
    ("data.val_fraction",): "val_size val_split test_size validation_split",
    ("data",): "dataset data_set",
    ("data=csv data.path={}",): "csv npy file filename path",
    ("data=samples data.run={}",): "data.run",
    ("model.optimizer.lr", "model.lr"): "lr learning_rate rate eta",
    ("model.optimizer.name",): "optimizer optim optimiser",
    ("model.optimizer.momentum",): "momentum",
    ("model.optimizer.weight_decay",): "weight_decay l2",
    ("model.scheduler.name",): "scheduler lr_scheduler",
    ("model.hidden",): "hidden_size hidden_sizes hidden_units hidden_layers layers n_hidden",
    ("model.latent",): "latent_dim latent_size code_size bottleneck z_dim",
    ("model.clusters", "model.units"): "clusters n_clusters k n_units neurons outputs",
    ("model",): "net network arch architecture",
    ("threads",): "workers num_workers n_jobs num_threads",
    ("resume",): "run ckpt ckpt_path checkpoint load",
    ("hydra.run.dir",): "out output output_dir save_dir folder",
    ("callbacks=early_stopping",): "early_stopping",
    ("callbacks=early_stopping callbacks.early_stopping.patience={}",): "patience",
    ("logger=tensorboard",): "tensorboard",
    ("figures",): "plot plots pictures",
    ("seed",): "random_state random_seed",
    ("seed=range(0,{})",): "seeds n_seeds",
}
COMMON = {name: paths for paths, names in NAMES.items() for name in names.split()}
VALUES = {  # other names of values, by the end of the key
    "figures": {"false": "none", "true": "default"},
    "trainer": {"cuda": "gpu", "cuda:0": "gpu"},
    "activation": {"linear": "identity", "leakyrelu": "leaky_relu", "swish": "silu"},
    "model.loss": {"crossentropy": "cross_entropy", "l1": "mae", "l2": "mse"},
    "optimizer.name": {"sgd_momentum": "momentum"},
    "scale": {"min_max": "minmax", "zscore": "standard"},
}
KEY = re.compile(r"\+{0,2}([\w-]+(?:\.[\w-]+)*)=(.*)", re.DOTALL)
PLACE = re.compile(r"(?:^|[._])(?:path|folder|dir|run|resume|resume_sweep)$")
PLAIN = re.compile(r"(?!(?:true|false|null|inf|nan)$)(?:[a-z_/]|\.(?!\d))[\w./-]*", re.A | re.I)
FILE = re.compile(r".*[/\\].*|.*\.(?:csv|npy|tsv|txt)", re.IGNORECASE)
RANGE = re.compile(r"(-?\d+)(\.{2,3}|(?<=\d)[:-])(-?\d+)")

Known = dict[str, dict[str, Argument]]


def check_arguments(typed: Sequence[str]) -> list[str]:
    """Return the arguments of ``nnzoo train`` as Hydra takes them: ``-m`` first, ``++`` added.

    Args:
        typed: flags and overrides.

    Raises:
        InputError: if an argument is certainly wrong; the message suggests a correct one. Hydra and
            the classes check the rest.
    """
    known = options(typed)
    sweep = [argument for argument in typed if argument in SWEEP][:1]
    flags: list[str] = []
    overrides: list[str] = []
    for index, argument in enumerate(typed):
        before = typed[index - 1] if index else ""
        if before in VALUE_FLAGS or (before in ("--info", "-i") and argument in INFO):
            flags.append(argument)
        elif not argument.startswith("-"):
            overrides.append(argument)
        elif argument.partition("=")[0] not in FLAGS:
            raise _unknown_flag(argument, typed[index + 1 :], known, bool(sweep))
        elif argument not in SWEEP:
            flags.append(argument)
    overrides = [argument for argument in overrides if argument not in DEFAULTS]
    for index in range(len(overrides)):
        if (text := _problem(overrides, index, known, bool(sweep))) is not None:
            raise InputError(text)
    return [*sweep, *map(_opened, overrides), *flags]


def quoted(key: str, value: str, windows: bool = os.name == "nt") -> str:
    """Return ``key=value`` for a text, quoted for the shell and for Hydra.

    Args:
        key: such as ``data.path``.
        value: any text without line breaks.
        windows: quote for a Windows shell, which needs double quotes outside.
    """
    if PLAIN.fullmatch(value):
        return f"{key}={value}"
    quote = "'" if windows else '"'
    inner = re.sub(rf"(\\*)({quote}|\Z)", lambda m: m[1] * 2 + (m[2] and f"\\{m[2]}"), value)
    return _shell(f"{key}={quote}{inner}{quote}", windows)


def misread(key: str, value: str, sweep: bool = False) -> str | None:
    """Return how to type a path that Hydra would reject or change; None: it reads it unchanged.

    The result is None for keys that are not of a path. In a sweep commas separate values.
    """
    if not PLACE.search(key) or PLAIN.fullmatch(value):
        return None
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(f"{key}={value}")
    except HydraException:
        return quoted(key, os.path.expanduser(value.strip("\"'")))
    read = override.value()
    swept = sweep and override.is_sweep_override() and not os.path.exists(value)
    escaped = "\\" in value and re.match(r"[A-Za-z]:\\|\\\\", value) is None
    if read is None or isinstance(read, bool) or swept or escaped or value[:1] in ("'", '"'):
        return None
    return None if str(read) == value else quoted(key, value)


def _problem(overrides: Sequence[str], index: int, known: Known, sweep: bool) -> str | None:
    """Return what is wrong with an override and what to type instead; None: nothing."""
    argument = overrides[index]
    if argument.startswith("'"):
        return _literal_quotes(overrides[index:])
    if argument in ("hydra.run.dir=", "hydra.sweep.dir="):
        return f"{argument} names no folder"
    if (match := KEY.fullmatch(argument)) is None:
        word = "=" not in argument and not argument.startswith(("~", "+"))
        return _word(overrides, index, known, sweep) if word else None
    key, value = match.groups()
    if key in GROUPS and value in NO_NAMES and _renamed(key, value) == value:
        return str(unknown(key, value, entries(key)))
    if key == "data" and FILE.fullmatch(value):
        return f"data takes a name of the catalogue; did you mean {_file(value)}?"
    if (span := RANGE.fullmatch(value)) and (span[2].startswith(".") or key == "seed"):
        better = _shell(f"{key}=range({span[1]},{int(span[3]) + 1})")
        return f"cannot read {argument!r}; did you mean {'' if sweep else '-m '}{better}?"
    mapping = key in ("model.optimizer", "model.scheduler") and key[6:] in known["model"]
    if mapping and value.isidentifier() and value != "null":
        better = f"{key}.name={value.lower()}"
        return f"{key} must be a mapping with a name; did you mean {better}?"
    if not _is_known(key, known):
        if guesses := _guesses(key, value, known, sweep):
            return f"unknown key {key!r}; did you mean {guesses}?"
        return None if key.partition(".")[0] in KEYS else str(unknown("key", key, KEYS))
    if (better := _renamed(key, value)) != value:
        return f"unknown {key} {value!r}; did you mean {_assignment(key, value, known)}?"
    if (text := misread(key, value, sweep)) is not None:
        return f"cannot read {argument}; write {text}"
    return None


def _word(overrides: Sequence[str], index: int, known: Known, sweep: bool) -> str | None:
    """Return the message for an argument without a ``=``."""
    word, following = overrides[index], overrides[index + 1 :]
    before = KEY.fullmatch(overrides[index - 1]) if index else None
    if before and PLACE.search(before[1]):  # a path with spaces that the shell has split
        path = " ".join([before[2], word, *(item for item in following if "=" not in item)])
        return f"cannot read {word!r}; write {quoted(before[1], path)}"
    for group in ("model", "data", "experiment"):
        if word.lower() in entries(group):
            return f"cannot read {word!r}; write KEY=VALUE; did you mean {group}={word.lower()}?"
    guesses = _guesses(word, _value(following), known, sweep, near=False)
    return f"cannot read {word!r}; did you mean {guesses}?" if guesses else None


def _literal_quotes(words: Sequence[str]) -> str:
    """Return the message for single quotes that a shell has not removed."""
    last = next((i for i, word in enumerate(words) if word.endswith("'")), len(words))
    text = " ".join(words[: last + 1]).strip("'")
    key, _, value = text.partition("=")
    better = quoted(key, value.strip("\"'"), True) if PLACE.search(key) else _shell(text, True)
    return f"this shell keeps single quotes as part of the argument; write {better}"


def _unknown_flag(typed: str, following: Sequence[str], known: Known, sweep: bool) -> InputError:
    flag, equals, value = typed.partition("=")
    value = value if equals else _value(following)
    if guesses := _guesses(flag.lstrip("-"), value, known, sweep, near=False):
        return InputError(f"unknown flag {flag!r}; did you mean {guesses}?")
    return unknown("flag", flag, FLAGS)


def _value(following: Sequence[str]) -> str:
    """Return the value of a key without a ``=``: the next argument."""
    usable = following and not following[0].startswith("-") and "=" not in following[0]
    return following[0] if usable else "VALUE"


def _is_known(key: str, known: Known) -> bool:
    """Return whether a key may exist."""
    group, _, rest = key.partition(".")
    part = rest.partition(".")[0]
    if not rest or not known.get(group):
        return group in KEYS or (group in OTHER_KEYS and key != "run")
    if rest == part or part not in known[group]:
        return part in known[group] or part == "_target_"
    names = COMMON.get(key.rpartition(".")[2], ())
    return key in names or not any(name.startswith(f"{group}.{part}.") for name in names)


def _guesses(key: str, value: str, known: Known, sweep: bool, near: bool = True) -> str:
    """Return what to type in place of an unknown key; empty if nothing resembles it."""
    paths = _paths(key, known, near)
    return " or ".join(_assignment(path, value, known, sweep) for path in paths)


def _paths(key: str, known: Known, near: bool) -> list[str]:
    """Return the keys that an unknown key may mean; ``near`` allows similar names."""
    group, _, rest = key.partition(".")
    part, _, deeper = rest.partition(".")
    name = key.rpartition(".")[2].lower().replace("-", "_")
    common = COMMON.get(key) or COMMON.get(name, ())
    common = tuple(path for path in common if "=" in path or _is_known(path, known))
    if "model.optimizer.lr" not in COMMON.get(name, ()) and rest:
        if deeper and group in known and part not in known[group]:
            return [f"{group}.{p}.{deeper}" for p in get_close_matches(part, known[group], 1, 0.7)]
        if owners := [owner for owner, names in known.items() if group in names]:
            return [f"{owners[0]}.{key}"]
    if name in KEYS:
        return [name]
    exact = [f"{owner}.{name}" for owner, names in known.items() if name in names]
    exact = [path for path in exact if f"{path}.name" not in common]  # a mapping
    if exact or common or not near:
        return list(dict.fromkeys([*exact, *common]))
    if close := get_close_matches(name, known.get(group, ()), 1, 0.7):
        return [f"{group}.{close[0]}"]
    everything = [*KEYS, *COMMON, *(item for names in known.values() for item in names)]
    close = get_close_matches(name, everything, 3, 0.75)
    return next(filter(None, (_paths(item, known, near=False) for item in close)), [])


def _assignment(path: str, value: str, known: Known, sweep: bool = False) -> str:
    """Return ``path=value`` as it must be typed, with nnzoo's name for the value."""
    if "=" in path:
        if path == "trainer=gpu" and value.lower() in ("0", "false", "no", "none"):
            return "trainer=cpu"
        if path.startswith("seed="):
            text = path.replace("{}", value) if value.isdigit() else f"seed={value}"
            return f"{'' if sweep else '-m '}{_shell(text)}"
        return _file(value) if "data.path" in path else path.replace("{}", value)
    value, (group, _, name) = _renamed(path, value), path.partition(".")
    if path == "trainer" and value not in entries("trainer"):
        path = "trainer.accelerator"
    kind = known.get(group, {}).get(name, Argument(None, "")).type
    if re.fullmatch(r"list of \w+(?: or null)?", kind) and not value.startswith("["):
        value = f"[{value}]"
    return quoted(path, value) if PLACE.search(path) else _shell(f"{path}={value}")


def _renamed(key: str, value: str) -> str:
    """Return a value with other names and capitals replaced by nnzoo's names."""
    names = next((words for end, words in VALUES.items() if key.endswith(end)), {})
    known = entries(key) if key in GROUPS else []

    def better(match: re.Match[str]) -> str:
        word = names.get(match[0].lower(), match[0].lower())
        return word if word in known or (names and match[0] not in known) else match[0]

    return re.sub(r"[\w:+-]+", better, value)


def _file(value: str) -> str:
    kind = "npy" if value.lower().endswith(".npy") else "csv"
    return f"data={kind} {quoted('data.path', os.path.expanduser(value))}"


def _opened(argument: str) -> str:
    """Return the argument, with ``++`` if its key may be missing in the config."""
    return f"++{argument.lstrip('+')}" if OPEN.match(argument) else argument


def _shell(text: str, windows: bool = os.name == "nt") -> str:
    """Return a text as a shell argument, quoted if necessary."""
    if not windows:
        return shlex.quote(text)
    return text if re.fullmatch(r"[\w@+=:,./\\-]+", text) else f'"{text}"'
