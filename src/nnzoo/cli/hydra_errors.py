"""Hydra's errors in one line."""

import re

from hydra.errors import (
    ConfigCompositionException,
    MissingConfigException,
    OverrideParseException,
)

from nnzoo.catalogue import entries
from nnzoo.errors import unknown


def explain(error: BaseException) -> str | None:
    """Return a message for an error of Hydra; None: its own text is as good."""
    if isinstance(error, OverrideParseException):
        typed = (error.override or "").lstrip("+")
        return (
            f"cannot read {typed!r}; write KEY=VALUE, such as model=autoencoder, and quote "
            "brackets, spaces and a further ="
        )
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        return str(unknown(group, name, error.options))
    if isinstance(error, ConfigCompositionException):
        text = str(error)
        if text.startswith("Ambiguous value"):
            return "several values for one key: use -m to sweep over them; decimals take a point"
        if match := re.search(r"Could not override '([^']+)'", text):
            return _unknown_key(match[1], error.__cause__)
        if match := re.search(r"You must specify '([^']+)'", text):
            names = "|".join(entries(match[1]))
            return f"choose a {match[1]}: {match[1]}={names} (--help shows examples)"
    return None


def _unknown_key(key: str, cause: BaseException | None) -> str:
    """Return the message for an unknown key, with the known keys of its node."""
    siblings = getattr(cause, "parent_node", None)  # OmegaConf's, of the node without the key
    node, _, name = key.rpartition(".")
    known = [str(sibling) for sibling in siblings or () if sibling != "_target_"]
    text = str(unknown(f"key of {node}" if node else "key", name, known))
    return f"{text}; nnzoo train --help lists the keys"
