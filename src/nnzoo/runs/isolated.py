"""Training inside another program without changing its state."""

import logging
import os
import random
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

LOGGERS = ("lightning.pytorch", "lightning.pytorch.profilers", "lightning.fabric")
VARIABLES = (
    *("PL_", "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_ORDER", "OMP_NUM_THREADS"),
    *("MASTER_ADDR", "MASTER_PORT", "RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE"),
)
"""The start of the names of environment variables that Lightning sets."""

_lock = threading.RLock()


def _renew_lock() -> None:
    """Replace the lock in a forked child: the thread that held it does not exist there."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def isolated() -> Iterator[None]:
    """Restore after a block what a training changes in its process, and compute gradients in it.

    Restored are random states, the mode of gradients, the number of torch's threads, deterministic
    algorithms, cuDNN's benchmark, the hook of uncaught errors, filters of warnings, levels of
    Lightning's loggers, and its environment variables. All of them belong to the whole process, so
    other threads wait until the block ends.
    """
    with _lock, torch.inference_mode(False), torch.enable_grad():
        python, array, threads = random.getstate(), np.random.get_state(), torch.get_num_threads()
        levels = [logging.getLogger(name).level for name in LOGGERS]
        environment = _variables()
        hook, benchmark = sys.excepthook, torch.backends.cudnn.benchmark
        deterministic = torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        try:
            with torch.random.fork_rng(), warnings.catch_warnings():
                yield
        finally:
            random.setstate(python)
            np.random.set_state(array)
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.backends.cudnn.benchmark = benchmark
            sys.excepthook = hook
            for name, level in zip(LOGGERS, levels, strict=True):
                logging.getLogger(name).setLevel(level)
            for key in _variables():
                del os.environ[key]
            os.environ.update(environment)


def _variables() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key.startswith(VARIABLES)}
