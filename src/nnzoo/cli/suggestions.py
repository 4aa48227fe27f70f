"""Suggestions for the command line: what is wrong with an argument, and what to type instead."""

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from nnzoo.cli.hydra_app import quoted_words
from nnzoo.cli.listing import GROUPS, options
from nnzoo.cli.sources import Argument
from nnzoo.entries import entries
from nnzoo.errors import InputError, unknown
from nnzoo.overrides import COMMON, PLAIN, SEEDS, accepted, in_shell, other_names, quoted

KEYS = (*GROUPS, "resume", "resume_sweep", "seed", "show", "start_from", "threads")
# Keys of the arguments of classes, which need not be in the config.
OPEN = re.compile(r"\+*(?:callbacks|data|logger|model|trainer)\.[^=]*=")
SWEEP = ("-m", "--multirun")
VALUE_FLAGS = (
    *("--cfg", "-c", "--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"),
    *("--package", "-p"),
)
INFO = ("--info", "-i")  # these may have a value
OTHER_FLAGS = "--help -h --hydra-help --resolve --run -r --shell-completion -sc --version"
FLAGS = (*SWEEP, *VALUE_FLAGS, *INFO, *OTHER_FLAGS.split())  # Hydra's
NO_NAMES = ("", "0", "1", "false", "null", "true")  # Hydra only reports that these are not strings
DEFAULTS = ("debug=null", "experiment=null")  # these change nothing, and Hydra rejects them

NO_VALUE = "VALUE"
"""Stands for the value of a key that was typed without one."""

KEY = re.compile(r"\+{0,2}([\w-]+(?:\.[\w-]+)*)=(.*)", re.DOTALL)
PLACE = re.compile(r"(?:^|[._])(?:path|folder|dir|run|resume|resume_sweep|start_from)$")
WORD = re.compile(r"[\w:+-]+")
FILE = re.compile(
    r".*[/\\].*|.*\.(?:csv|npy|tsv|txt|gz|parquet|feather|xlsx?|ods|jsonl|ndjson|npz)",
    re.IGNORECASE,
)
RANGE = re.compile(r"(-?\d+)(\.{2,3}|(?<=\d)[:-])(-?\d+)")
# A single quote that a shell has kept: before a word, or before a value that it split at a space.
KEPT_QUOTE = re.compile(r"'|[^'=]+='[^']*$")


def check_arguments(typed: Sequence[str]) -> list[str]:
    """Return the arguments of ``nnzoo train`` as Hydra takes them: ``-m`` first, ``++`` added.

    Args:
        typed: flags and overrides.

    Raises:
        InputError: if an argument is certainly wrong; the message suggests a correct one. Hydra and
            the classes check the rest.
    """
    for index, argument in enumerate(typed):
        if KEPT_QUOTE.match(argument):
            raise _literal_quotes(typed[index:])
    sweep = [argument for argument in typed if argument in SWEEP][:1]
    line = Line(options(typed), bool(sweep))
    flags: list[str] = []
    overrides: list[str] = []
    for index, argument in enumerate(typed):
        before = typed[index - 1] if index else ""
        is_override = not argument.startswith("-")
        if before in VALUE_FLAGS or (before in INFO and is_override and "=" not in argument):
            flags.append(argument)
        elif is_override and argument.lstrip("+~").startswith("="):
            raise InputError(f"cannot read {argument!r}; write KEY=VALUE, such as seed=1")
        elif is_override:
            overrides.append(argument)
        elif argument.partition("=")[0] not in FLAGS:
            raise line.unknown_flag(argument, typed[index + 1 :])
        elif argument not in SWEEP:
            flags.append(argument)
    overrides = [line.accepted(argument) for argument in overrides if argument not in DEFAULTS]
    for index in range(len(overrides)):
        if (text := line.problem(overrides, index)) is not None:
            raise InputError(text)
    overrides = list(map(quoted_words, overrides))
    opened = [f"++{item.lstrip('+')}" if OPEN.match(item) else item for item in overrides]
    return [*sweep, *opened, *flags]


def misread(key: str, value: str, sweep: bool = False) -> str | None:
    """Return how to type a path that Hydra would reject or change; None if it would do neither.

    None too if the key does not name a path. In a sweep, commas separate values.
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
    if read is None or isinstance(read, bool) or swept or "\\" in value or value[:1] in ("'", '"'):
        return None
    return None if str(read) == value else quoted(key, value)


class Line(NamedTuple):
    """A command line: the known arguments by group and name, and whether it is a sweep."""

    known: dict[str, dict[str, Argument]]
    sweep: bool

    def accepted(self, override: str) -> str:
        """Return an override with the option's own name in place of another that is accepted."""
        key, equals, value = override.partition("=")
        name = key.lstrip("+")
        return key.removesuffix(name) + accepted(name, self.known) + equals + value

    def problem(self, overrides: Sequence[str], index: int) -> str | None:
        """Return what is wrong with an override and what to type instead; None if nothing is."""
        argument = overrides[index]
        if (match := KEY.fullmatch(argument)) is None:
            is_word = "=" not in argument and not argument.startswith(("~", "+"))
            return self.word(overrides, index) if is_word else None
        key, value = match.groups()
        if key in ("hydra.run.dir", "hydra.sweep.dir") and not value:
            return f"{argument} names no folder"
        if key == "data" and FILE.fullmatch(value):
            return f"data must be a name of the catalogue; did you mean {_file(value)}?"
        if (span := RANGE.fullmatch(value)) and (span[2].startswith(".") or key == "seed"):
            better = self.swept(f"{key}=range({span[1]},{int(span[3]) + 1})")
            return f"cannot read {argument!r}; did you mean {better}?"
        mapping = key in ("model.optimizer", "model.scheduler") and key[6:] in self.known["model"]
        if mapping and value.isidentifier() and value != "null":
            better = f"{key}.name={value.lower()}"
            return f"{key} must be a mapping with a name; did you mean {better}?"
        if not self.is_known(key):
            if guesses := self.guesses(key, value):
                return f"unknown key {key!r}; did you mean {guesses}?"
            return None if key.partition(".")[0] in KEYS else str(unknown("key", key, KEYS))
        if (renamed := _renamed(key, value)) != value:
            pairs = zip(WORD.findall(value), WORD.findall(renamed), strict=True)
            wrong = ", ".join(repr(old) for old, new in pairs if old != new)
            return f"unknown {key} {wrong}; did you mean {self.assignment(key, value)}?"
        if key in GROUPS and value in NO_NAMES:
            return str(unknown(key, value, entries(key)))
        if (text := misread(key, value, self.sweep)) is not None:
            return f"cannot read {argument}; write {text}"
        return None

    def word(self, overrides: Sequence[str], index: int) -> str | None:
        """Return the message for an argument without a ``=``."""
        word, following = overrides[index], overrides[index + 1 :]
        before = KEY.fullmatch(overrides[index - 1]) if index else None
        if before and PLACE.search(before[1]):  # a path with spaces that the shell has split
            path = " ".join([before[2], word, *(item for item in following if "=" not in item)])
            return f"cannot read {word!r}; write {quoted(before[1], path)}"
        for group in ("model", "data", "experiment"):
            if word.lower() in entries(group):
                better = f"{group}={word.lower()}"
                return f"cannot read {word!r}; write KEY=VALUE; did you mean {better}?"
        guesses = self.guesses(word, _value(following), near=False)
        return f"cannot read {word!r}; did you mean {guesses}?" if guesses else None

    def unknown_flag(self, typed: str, following: Sequence[str]) -> InputError:
        """Return the error for a flag that Hydra does not have."""
        flag, equals, value = typed.partition("=")
        value = value if equals else _value(following)
        if guesses := self.guesses(flag.lstrip("-"), value, near=False):
            return InputError(f"unknown flag {flag!r}; did you mean {guesses}?")
        return unknown("flag", flag, FLAGS)

    def is_known(self, key: str) -> bool:
        """Return whether a key may exist."""
        group, _, rest = key.partition(".")
        part = rest.partition(".")[0]
        if not rest or not self.known.get(group):
            return group in (*KEYS, "hydra") or key.startswith("run.")
        if rest == part or part not in self.known[group]:
            return part in self.known[group] or part == "_target_"
        names = COMMON.get(key.rpartition(".")[2], ())
        return key in names or not any(name.startswith(f"{group}.{part}.") for name in names)

    def kind(self, key: str) -> str:
        """Return the type of an argument; empty if it is unknown."""
        group, _, name = key.partition(".")
        return self.known.get(group, {}).get(name, Argument(None, "")).type

    def guesses(self, key: str, value: str, near: bool = True) -> str:
        """Return what to type in place of an unknown key; empty if nothing resembles it."""
        paths = self.paths(key, near)
        if value.startswith("["):  # a list is not a number
            paths = [path for path in paths if not self.kind(path).startswith("int")]
        return " or ".join(self.assignment(path, value) for path in paths)

    def paths(self, key: str, near: bool) -> list[str]:
        """Return the keys that an unknown key may mean; ``near`` allows similar names."""
        group = key.rpartition(".")[0].partition(".")[0]
        name = key.rpartition(".")[2].lower().replace("-", "_")
        if name in KEYS:
            return [name]
        common = COMMON.get(key) or COMMON.get(name, ())
        found = [path for path in common if "=" in path or self.is_known(path)]
        if key.count(".") > 1:
            return found
        if not found:
            words = dict.fromkeys((key, name))
            places = [f"{owner}.{word}" for owner in self.known for word in words]
            found = [path for path in places if self.is_known(path)]
        if not found and near:
            everything = [*KEYS, *COMMON, *(item for own in self.known.values() for item in own)]
            close = get_close_matches(name, everything, 3, 0.75)
            similar = (self.paths(f"{group}.{word}".lstrip("."), near=False) for word in close)
            return next(filter(None, similar), [])
        return [path for path in found if path.startswith(f"{group}.")] or found

    def assignment(self, path: str, value: str) -> str:
        """Return ``path=value`` as it must be typed, with nnzoo's name for the value."""
        if value == NO_VALUE:  # a switch, such as --gpu
            value = other_names(path).get("true", value)
        if path == SEEDS:
            return self.swept(path.format(value) if value.isdigit() else f"seed={value}")
        if "=" in path:
            return _file(value) if "data.path" in path else path.format(value)
        value = _renamed(path, value)
        if path == "trainer" and value not in entries("trainer"):
            path = "trainer.accelerator"
        if re.fullmatch(r"list of \w+(?: or null)?", self.kind(path)) and not value.startswith("["):
            value = f"[{value}]"
        return quoted(path, value) if PLACE.search(path) else in_shell(f"{path}={value}")

    def swept(self, override: str) -> str:
        """Return an override of a sweep as it must be typed."""
        return f"{'' if self.sweep else '-m '}{in_shell(override)}"


def _value(following: Sequence[str]) -> str:
    """Return the value of a key without a ``=``: the next argument."""
    usable = following and not following[0].startswith("-") and "=" not in following[0]
    return following[0] if usable else NO_VALUE


def _renamed(key: str, value: str) -> str:
    """Return a value with other names and capitals replaced by nnzoo's names."""
    names = other_names(key)
    known = entries(key) if key in GROUPS else []

    def better(match: re.Match[str]) -> str:
        word = names.get(match[0].lower(), match[0].lower())
        return word if word in known or (names and not known) else match[0]

    return value if value == NO_VALUE else WORD.sub(better, value)


def _file(value: str) -> str:
    """Return the overrides that learn from a file, as they must be typed."""
    kind = "npy" if value.lower().endswith(".npy") else "table"
    return f"data={kind} {quoted('data.path', os.path.expanduser(value))}"


def _literal_quotes(words: Sequence[str]) -> InputError:
    """Return the error for single quotes that a Windows shell has kept, and split at spaces."""
    last = next((index for index, word in enumerate(words) if word.endswith("'")), len(words))
    text = " ".join(words[: last + 1])
    text = text.strip("'") if text.startswith("'") else text
    key, _, value = text.partition("=")
    is_path = PLACE.search(key) is not None
    better = quoted(key, value.strip("\"'"), True) if is_path else in_shell(text, True)
    return InputError(f"this shell keeps single quotes as part of the argument; write {better}")
