"""Training inside another program without changing its state."""

import logging
import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

LOGGERS = ("lightning.pytorch", "lightning.fabric")


@contextmanager
def isolated() -> Iterator[None]:
    """Restore after a block what a training changes in its process: random states, the number of
    torch's threads, filters of warnings, levels of Lightning's loggers, and its environment
    variables."""
    python, array, threads = random.getstate(), np.random.get_state(), torch.get_num_threads()
    levels = [logging.getLogger(name).level for name in LOGGERS]
    environment = {key: value for key, value in os.environ.items() if key.startswith("PL_")}
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(array)
        torch.set_num_threads(threads)
        for name, level in zip(LOGGERS, levels, strict=True):
            logging.getLogger(name).setLevel(level)
        for key in [key for key in os.environ if key.startswith("PL_")]:
            del os.environ[key]
        os.environ.update(environment)
