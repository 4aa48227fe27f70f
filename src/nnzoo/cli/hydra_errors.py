"""Hydra's errors in one line."""

import re

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf.errors import InterpolationResolutionError

from nnzoo.entries import entries
from nnzoo.errors import unknown
from nnzoo.overrides import for_hydra, in_shell

OPTUNA = "hydra/sweeper=optuna"
"""What the extra 'sweep' installs."""


def explain(error: BaseException) -> str | None:
    """Return a message for an error of Hydra or OmegaConf; None if its own text is clear."""
    if isinstance(error, InterpolationResolutionError):
        return f"{str(error).splitlines()[0]}; ${{...}} must name another key of the config"
    if isinstance(error, OverrideParseException):
        typed = (error.override or "").lstrip("+")
        if (better := with_quotes(typed)) is not None:
            return f"cannot read {typed!r}; write {better}"
        return (
            f"cannot read {typed!r}; write KEY=VALUE, such as model=autoencoder, and quote "
            "brackets, spaces and a further ="
        )
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        if f"{group}={name}" == OPTUNA:
            return f"{OPTUNA} needs: pip install 'nnzoo[sweep]'"
        return str(unknown(group, name, error.options))
    if isinstance(error, ConfigCompositionException):
        text = str(error)
        if text.startswith("Ambiguous value"):
            return (
                "several values for one key: use -m to sweep, [] for a list; decimals need a point"
            )
        if match := re.search(r"Could not override '([^']*)'", text):
            return _unknown_key(match[1], error.__cause__)
        if match := re.search(r"You must specify '([^']+)'", text):
            names = "|".join(entries(match[1]))
            return f"choose a {match[1]}: {match[1]}={names} (--help shows examples)"
    return None


def with_quotes(override: str) -> str | None:
    """Return an override with quotes around the names that need them in Hydra's grammar, such as
    ``[Länge (cm)]``, as it must be typed; None if quotes do not help."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    def needs_quotes(text: str) -> bool:  # Hydra reads a word and a bracket as a function call
        return not text.isascii() or " (" in text or "=" in text

    key, _, value = override.partition("=")
    if not needs_quotes(value):
        return None

    def quoted(match: re.Match[str]) -> str:
        word = match[0].strip()
        return match[0].replace(word, for_hydra(word)) if needs_quotes(word) else match[0]

    words = re.compile(r"""[^][,{}:'"]+""")
    better = f"{key}={words.sub(quoted, value)}"
    try:
        OverridesParser.create().parse_override(better)
    except HydraException:
        return None
    return in_shell(better)


def _unknown_key(key: str, cause: BaseException | None) -> str:
    """Return the message for an unknown key, with the known keys of its node."""
    siblings = getattr(cause, "parent_node", None)  # OmegaConf's: the node that lacks the key
    node, _, name = key.rpartition(".")
    known = [str(sibling) for sibling in siblings or () if sibling != "_target_"]
    text = str(unknown(f"key of {node}" if node else "key", name, known))
    return f"{text}; nnzoo train --help lists the keys"
