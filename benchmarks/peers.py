"""Which peers are installed."""

import argparse
import os
from importlib.util import find_spec

BACKENDS = ("jax", "tensorflow", "torch")
"""Keras's that can train."""


def add_backends(parser: argparse.ArgumentParser) -> None:
    """Let the command line choose among Keras's backends."""
    chosen = list(BACKENDS)
    parser.add_argument("--backends", nargs="*", default=chosen, help="Keras's; none leaves it out")


def installed(backends: list[str]) -> list[str]:
    """Of Keras's backends those that can be used; what is left out is said."""
    if backends and find_spec("keras") is None:
        print("Keras is not installed and left out: pip install -e '.[bench]'")
        return []
    found = [backend for backend in backends if find_spec(backend) is not None]
    if missing := set(backends) - set(found):
        print(f"of Keras's backends not installed and left out: {', '.join(sorted(missing))}")
    return found


def backend_environment(backend: str) -> dict[str, str]:
    """The environment of a process in which Keras takes a backend, and TensorFlow is quiet."""
    return os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
