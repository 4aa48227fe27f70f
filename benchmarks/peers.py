"""Other libraries: which are installed, and how they start."""

import argparse
import os
from importlib.util import find_spec

BACKENDS = ("jax", "tensorflow", "torch")
"""Backends of Keras that can train."""


def add_backends(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--backends``."""
    default = list(BACKENDS)
    parser.add_argument("--backends", nargs="*", default=default, help="of Keras; none: no Keras")


def installed(backends: list[str]) -> list[str]:
    """Return the backends of Keras that are installed; print the ones that are not."""
    if backends and find_spec("keras") is None:
        print("Keras is not installed: pip install -e '.[bench]'")
        return []
    found = [backend for backend in backends if find_spec(backend) is not None]
    if missing := set(backends) - set(found):
        print(f"backends of Keras that are not installed: {', '.join(sorted(missing))}")
    return found


def backend_environment(backend: str) -> dict[str, str]:
    """Return an environment in which Keras uses a backend and TensorFlow is quiet."""
    return os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
